/* SPDX-License-Identifier: Apache-2.0
 * Cost tables: what a network costs at other widths and input sizes, without quantizing it. */
#include "cost_table.h"

#include "graph/cost.h"
#include "import/arch.h"
#include "kernels.h"
#include "pack/stage.h"
#include "passes/passes.h"
#include "quantize/act_table.h"
#include "quantize/lower.h"
#include "table.h"
#include "util/json.h"
#include "util/pool.h"

#include <math.h>

/* ---- the integer network's sizes ---- */

/* One array behind what the DATA section already holds. */
static void put(int64_t *data, size_t n, size_t size)
{
    *data = (*data + MNQ_ALIGN - 1) / MNQ_ALIGN * MNQ_ALIGN + (int64_t)(n * size);
}

/* The arrays of the layer that node i becomes, in the order of the writer. */
static void put_layer(const struct mnq_graph *g, int i, int64_t *data)
{
    const struct mnq_node *nd = &g->node[i];
    bool exponential = nd->op == MNQ_OP_SOFTMAX || nd->op == MNQ_OP_ACT;
    size_t channels = exponential ? 1 : (size_t)nd->out.c;
    if (mnq_lower_has_weights(g, i)) put(data, mnq_node_weights(g, nd), 1);
    if (nd->map != NULL) put(data, channels, 2);          /* which channels */
    if (nd->op == MNQ_OP_ADD) put(data, 2 * channels, 2); /* the factors of both inputs */
    if (!exponential) put(data, channels, 4);             /* biases */
    put(data, channels, 4);                               /* multipliers and shifts */
    put(data, channels, 1);
    bool bent = nd->act != MNQ_ACT_NONE && nd->act != MNQ_ACT_RELU && nd->act != MNQ_ACT_RELU_MAX;
    if (!exponential && bent) { /* those behind the activation */
        put(data, channels, 4);
        put(data, channels, 1);
    }
    if (mnq_lower_has_weights(g, i) && !mnq_lower_is_pointwise(g, i))
        put(data, (size_t)g->node[nd->in[0]].out.c, 1); /* what padding is filled with */
    if (!exponential && mnq_act_by_table(nd)) put(data, MNQ_TABLE_KNOTS, 2);
}

static enum mnq_dtype dtype(const struct mnq_graph *g, int i)
{
    if (g->node[i].op == MNQ_OP_INPUT || g->node[i].op == MNQ_OP_AFFINE) return MNQ_U8;
    return mnq_node_is_settled(g, i) ? MNQ_S16 : MNQ_S8;
}

static uint8_t layer_op(const struct mnq_graph *g, int i)
{
    switch (g->node[i].op) {
    case MNQ_OP_CONV:
        return mnq_lower_is_pointwise(g, i) ? MNQ_L_PW : MNQ_L_CONV;
    case MNQ_OP_DWCONV:
        return MNQ_L_DWCONV;
    case MNQ_OP_AVGPOOL:
        return MNQ_L_AVGPOOL;
    case MNQ_OP_ADD:
        return MNQ_L_ADD;
    case MNQ_OP_MUL:
        return MNQ_L_MUL;
    case MNQ_OP_SOFTMAX:
        return MNQ_L_SOFTMAX;
    default:
        return MNQ_L_LOGISTIC;
    }
}

/* The integer model as far as the planner looks at it: tensors, and which layer reads and writes which. */
static int plan(const struct mnq_graph *g, struct mnq_cost_point *p, struct mnq_arena *scratch, struct mnq_err *e)
{
    struct mnq_preprocess pre;
    struct mnq_qmodel q;
    struct mnq_qparams *qp = mnq_arena_array(scratch, (size_t)g->n, sizeof *qp);
    int widest = 0;
    for (int i = 0; i < g->n; i++)
        if (g->node[i].out.c > widest) widest = g->node[i].out.c;
    double *scale = mnq_arena_array(scratch, (size_t)widest, sizeof *scale);
    if (qp == NULL || scale == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) qp[i] = (struct mnq_qparams){.dtype = dtype(g, i), .scale = scale};
    struct mnq_lowering l = {.g = g, .qp = qp, .p = &pre, .arena = scratch};
    if (mnq_preprocess_parse(&pre, "none", g->node[0].out.c, e) != 0 || mnq_lower_frame(&l, &q, e) != 0) return -1;
    int64_t data = 0;
    for (int i = 0; i < g->n; i++) {
        if (!mnq_lower_is_layer(g, i)) continue;
        const struct mnq_node *nd = &g->node[i];
        struct mnq_qlayer *y = &q.layer[q.n_layers++];
        y->in0 = mnq_lower_tensor_index(g, nd->in[0]);
        y->in1 = nd->n_in > 1 ? mnq_lower_tensor_index(g, nd->in[1]) : -1;
        y->out = mnq_lower_tensor_index(g, i);
        y->op = layer_op(g, i);
        y->kh = nd->kh, y->kw = nd->kw, y->sh = nd->sh, y->sw = nd->sw, y->pt = nd->pt;
        put_layer(g, i, &data);
    }
    if (mnq_qmodel_plan(&q, e) != 0 || mnq_qmodel_stages(&q, &(struct mnq_stage_options){0}, e) != 0) return -1;
    p->int8_bytes = data;
    p->layer_bytes = (int64_t)q.arena_bytes;
    p->arena_bytes = q.plan == NULL ? p->layer_bytes : (int64_t)q.plan->bytes;
    p->stream_bytes = q.push == NULL ? p->layer_bytes : (int64_t)q.push->bytes;
    return 0;
}

int mnq_cost_point(const struct mnq_graph *raw, const struct mnq_graph *legal, struct mnq_cost_point *p, struct mnq_err *e)
{
    struct mnq_cost total = mnq_cost_total(raw);
    *p = (struct mnq_cost_point){.macs = total.macs,
                                 .params = total.params,
                                 .int8_bytes = -1,
                                 .arena_bytes = -1,
                                 .stream_bytes = -1,
                                 .layer_bytes = -1};
    for (int i = 0; i < raw->n; i++)
        if (raw->node[i].op == MNQ_OP_INPUT) p->input = raw->node[i].out;
    if (legal == NULL) return 0;
    struct mnq_arena scratch = {0};
    int rc = plan(legal, p, &scratch, e);
    mnq_arena_free(&scratch);
    return rc;
}

/* ---- families ---- */

const char *const mnq_cost_families[] = {"v1",
                                         "v2",
                                         "v3-small",
                                         "v3-large",
                                         "v3-small-minimalistic",
                                         "v3-large-minimalistic",
                                         "nasnet-mobile",
                                         "xception",
                                         "efficientnet-b0",
                                         "efficientnet-lite0",
                                         NULL};

enum { WIDTHS = 6 };
static const double widths[MNQ_FAMILIES][WIDTHS] = {
    [MNQ_FAMILY_V1] = {1.0, 0.75, 0.5, 0.25},             /* arXiv:1704.04861, table 6 */
    [MNQ_FAMILY_V2] = {1.4, 1.3, 1.0, 0.75, 0.5, 0.35},   /* arXiv:1801.04381, section 6.1; 1.3 and 0.5: Keras */
    [MNQ_FAMILY_V3_SMALL] = {1.25, 1.0, 0.75, 0.5, 0.35}, /* arXiv:1905.02244, figure 2 */
    [MNQ_FAMILY_V3_LARGE] = {1.25, 1.0, 0.75, 0.5, 0.35},
    [MNQ_FAMILY_NASNET] = {1.0},
    [MNQ_FAMILY_XCEPTION] = {1.0},
    [MNQ_FAMILY_EFFICIENTNET_B0] = {1.0},
    [MNQ_FAMILY_EFFICIENTNET_LITE0] = {1.0},
};
static const int resolutions[] = {224, 192, 160, 128, 96};
enum { RESOLUTIONS = sizeof resolutions / sizeof *resolutions };

struct grid {
    struct mnq_arch arch;
    struct mnq_cost_point *point;
};

static int one_point(void *ctx, int i, int w, struct mnq_err *e)
{
    struct grid *t = ctx;
    struct mnq_arch a = t->arch;
    struct mnq_arena scratch = {0};
    struct mnq_graph raw, legal;
    (void)w;
    a.width = widths[a.family][i / RESOLUTIONS];
    /* the network's own input size first, where the list begins with another */
    int first = a.resolution > resolutions[0] ? 1 : 0, at = i % RESOLUTIONS - first;
    if (at >= 0) a.resolution = resolutions[at];
    int rc = mnq_arch_graph(&a, &raw, &scratch, e);
    if (rc == 0) rc = mnq_graph_legalize(&raw, &legal, &scratch, e);
    if (rc == 0) rc = mnq_cost_point(&raw, &legal, &t->point[i], e);
    if (rc == 0) t->point[i].width = a.width;
    mnq_arena_free(&scratch);
    return rc;
}

int mnq_cost_family(int family, int threads, struct mnq_cost_table *t, struct mnq_arena *arena, struct mnq_err *e)
{
    struct grid grid;
    if (mnq_arch_named(mnq_cost_families[family], &grid.arch, e) != 0) return -1;
    const double *width = widths[grid.arch.family];
    *t = (struct mnq_cost_table){0};
    for (int i = 0; i < WIDTHS && width[i] > 0; i++) {
        if (width[i] == 1) t->base = t->n;
        t->n += RESOLUTIONS;
    }
    t->point = grid.point = mnq_arena_array(arena, (size_t)t->n, sizeof *t->point);
    if (t->point == NULL) return mnq_fail_nomem(e);
    return mnq_pool_for(t->n, threads, one_point, &grid, e);
}

/* ---- output ---- */

static const struct mnq_cost_point *base_of(const struct mnq_cost_table *t)
{
    return &t->point[t->base];
}

static double ratio(int64_t n, int64_t base)
{
    return n < 0 || base <= 0 ? (double)NAN : (double)n / (double)base;
}

static void cell_ratio(struct mnq_table *t, int64_t n, int64_t base)
{
    double r = ratio(n, base);
    if (isnan(r)) mnq_table_cell(t, "-");
    else mnq_table_cell(t, "%.3f", r);
}

static void cell_bytes(struct mnq_table *t, int64_t n)
{
    char text[32];
    mnq_table_cell(t, "%s", n < 0 ? "-" : mnq_text_bytes(text, n));
}

void mnq_cost_print(const struct mnq_cost_table *t, FILE *f, const char *head, const char *plain, struct mnq_arena *arena)
{
    const struct mnq_cost_point *b = base_of(t);
    struct mnq_table out;
    char text[32];
    bool width = b->width > 0;
    mnq_table_init(&out, arena, width ? "rlrrrrrrrrrr" : "lrrrrrrrrrr");
    if (width) mnq_table_cell(&out, "width");
    static const char *const heading[] = {"input", "MMACs",  "x",     "params", "x",     "int8 bytes",
                                          "x",     "layers", "bands", "x",      "pushed"};
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++) mnq_table_cell(&out, "%s", heading[i]);
    for (int i = 0; i < t->n; i++) {
        const struct mnq_cost_point *p = &t->point[i];
        if (width) mnq_table_cell(&out, "%.2f", p->width);
        mnq_table_cell(&out, "%dx%dx%d", p->input.h, p->input.w, p->input.c);
        mnq_table_cell(&out, "%.*f", p->macs < 1000000 ? 4 : 1, (double)p->macs / 1e6);
        cell_ratio(&out, p->macs, b->macs);
        mnq_table_cell(&out, "%s", mnq_text_count(text, p->params));
        cell_ratio(&out, p->params, b->params);
        cell_bytes(&out, p->int8_bytes);
        cell_ratio(&out, p->int8_bytes, b->int8_bytes);
        cell_bytes(&out, p->layer_bytes);
        cell_bytes(&out, p->arena_bytes);
        cell_ratio(&out, p->arena_bytes, b->arena_bytes);
        cell_bytes(&out, p->stream_bytes);
    }
    mnq_table_print(&out, f, head, plain);
}

static void json_count(struct mnq_json *w, const char *key, int64_t n)
{
    if (n < 0) mnq_json_null(w, key);
    else mnq_json_int(w, key, n);
}

void mnq_cost_json(const struct mnq_cost_table *t, struct mnq_json *w, const char *key)
{
    const struct mnq_cost_point *b = base_of(t);
    mnq_json_array(w, key);
    for (int i = 0; i < t->n; i++) {
        const struct mnq_cost_point *p = &t->point[i];
        mnq_json_object(w, NULL);
        if (b->width > 0) mnq_json_double(w, "width", p->width);
        mnq_json_row(w, "input_shape");
        mnq_json_int(w, NULL, p->input.h);
        mnq_json_int(w, NULL, p->input.w);
        mnq_json_int(w, NULL, p->input.c);
        mnq_json_end(w);
        mnq_json_int(w, "macs", p->macs);
        mnq_json_int(w, "params", p->params);
        json_count(w, "int8_bytes", p->int8_bytes);
        json_count(w, "arena_bytes", p->arena_bytes);
        json_count(w, "stream_bytes", p->stream_bytes);
        json_count(w, "layer_bytes", p->layer_bytes);
        mnq_json_object(w, "relative");
        mnq_json_double(w, "macs", ratio(p->macs, b->macs));
        mnq_json_double(w, "params", ratio(p->params, b->params));
        mnq_json_double(w, "int8_bytes", ratio(p->int8_bytes, b->int8_bytes));
        mnq_json_double(w, "arena_bytes", ratio(p->arena_bytes, b->arena_bytes));
        mnq_json_end(w);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}
