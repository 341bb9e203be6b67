/* SPDX-License-Identifier: Apache-2.0
 * Layer-by-layer comparison of an integer model with its float model. */
#include "compare.h"

#include "dataset.h"
#include "graph/exec.h"
#include "util/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32 }; /* samples between two reductions: memory does not grow with the data */

/* Sums over one tensor of one sample, or of all. */
struct sums {
    double ff, qq, fq, err, err2, max;
    int64_t n, clipped;
};

struct worker {
    struct mnq_exec *exec;
    uint8_t *pixels_float, *pixels_int;
    float *input, *value;
    unsigned char *arena;
};

struct run {
    const struct mnq_subject *flt, *packed;
    struct mnq_dataset *data;
    struct mnq_comparison *c;
    struct worker *worker;
    struct sums *sums; /* [BLOCK][n_layers] */
    struct mnq_model model;
    size_t arena_size;
    int first; /* sample of this block */
    mnq_progress *progress;
    void *progress_ctx;
};

static bool same_shape(struct mnq_shape a, struct mnq_shape b)
{
    return a.h == b.h && a.w == b.w && a.c == b.c;
}

/* f has `channels` channels; q those of t, which are the same or, after a lossless shrink, some of them. */
static struct sums measure(const float *f, int channels, const float *q, const struct mnq_qtensor *t,
                           const struct mnq_qlayer *l)
{
    struct sums s = {.n = (int64_t)mnq_elements(t->shape)};
    int pixels = t->shape.h * t->shape.w;
    for (int p = 0; p < pixels; p++, f += channels, q += t->shape.c) {
        for (int c = 0; c < t->shape.c; c++) {
            double x = (double)f[t->origin == NULL ? c : t->origin[c]], y = (double)q[c], d = y - x,
                   step = (double)t->scale[c];
            s.ff += x * x;
            s.qq += y * y;
            s.fq += x * y;
            s.err += d;
            s.err2 += d * d;
            if (fabs(d) > s.max) s.max = fabs(d);
            s.clipped += x > step * (l->hi - t->zp + 1) || x < step * (l->lo - t->zp - 1);
        }
    }
    return s;
}

static int one_sample(void *ctx, int k, int w, struct mnq_err *e)
{
    struct run *r = ctx;
    struct worker *me = &r->worker[w];
    const struct mnq_model *m = &r->model;
    const struct mnq_qmodel *q = &r->packed->package.q;
    const struct mnq_preprocess *pf = &r->flt->preprocess, *pi = &r->packed->preprocess;
    int i = r->first + k;
    if (mnq_dataset_load(r->data, i, pf, me->pixels_float, e) != 0) return -1;
    if (pf->resize == pi->resize && pf->filter == pi->filter)
        memcpy(me->pixels_int, me->pixels_float, mnq_elements(r->packed->input));
    else if (mnq_dataset_load(r->data, i, pi, me->pixels_int, e) != 0) return -1;

    mnq_preprocess_apply(pf, me->pixels_float, r->flt->input.h * r->flt->input.w, me->input);
    mnq_exec_run(me->exec, me->input, NULL, NULL);
    memcpy(mnq_input(m, me->arena), me->pixels_int, mnq_elements(r->packed->input));
    for (int l = 0, at = 0; l < q->n_layers; l++) {
        enum mnq_status st = mnq_run_layer(m, me->arena, r->arena_size, (unsigned)l);
        if (st != MNQ_OK) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", r->packed->file, mnq_status_str(st));
        if (at == r->c->n_layers || r->c->layer[at].layer != l) continue;
        const struct mnq_qtensor *t = &q->tensor[q->layer[l].out];
        mnq_dequantize(t, me->arena + t->offset, me->value);
        const float *f = mnq_exec_tensor(me->exec, r->c->layer[at].node);
        r->sums[k * r->c->n_layers + at] = measure(f, r->c->layer[at].out.c, me->value, t, &q->layer[l]);
        at++;
    }
    return 0;
}

/* Whether every channel of an integer tensor is one of the float tensor's. */
static bool fits(struct mnq_shape node, const struct mnq_qtensor *t)
{
    if (t->origin == NULL) return same_shape(node, t->shape);
    for (int c = 0; c < t->shape.c; c++)
        if (t->origin[c] < 0 || t->origin[c] >= node.c) return false;
    return node.h == t->shape.h && node.w == t->shape.w;
}

static int find_node(const struct mnq_graph *g, const char *name)
{
    for (int i = 0; i < g->n; i++)
        if (strcmp(g->node[i].name, name) == 0) return i;
    return -1;
}

/* The float node whose output layer l computes, -1 if there is none. */
static int match(const struct mnq_graph *g, const struct mnq_qmodel *q, int l)
{
    const struct mnq_qlayer *ql = &q->layer[l];
    int node = ql->name == NULL ? -1 : find_node(g, ql->name);
    return node >= 0 && fits(g->node[node].out, &q->tensor[ql->out]) ? node : -1;
}

int mnq_compare_matches(const struct mnq_subject *flt, const struct mnq_subject *packed)
{
    int n = 0;
    if (!same_shape(flt->input, packed->input)) return 0;
    for (int l = 0; l < packed->package.q.n_layers; l++) n += match(&flt->legal, &packed->package.q, l) >= 0;
    return n;
}

static int match_layers(struct run *r, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_qmodel *q = &r->packed->package.q;
    const struct mnq_graph *g = &r->flt->legal;
    struct mnq_comparison *c = r->c;
    c->layer = mnq_arena_array(arena, (size_t)q->n_layers, sizeof *c->layer);
    if (c->layer == NULL) return mnq_fail_nomem(e);
    for (int l = 0; l < q->n_layers; l++) {
        const struct mnq_qlayer *ql = &q->layer[l];
        int node = match(g, q, l);
        if (node < 0) {
            c->unmatched++;
            continue;
        }
        c->layer[c->n_layers++] = (struct mnq_compare_layer){.name = ql->name,
                                                             .layer = l,
                                                             .node = node,
                                                             .out = g->node[node].out,
                                                             .channels = q->tensor[ql->out].shape.c,
                                                             .weights_alone = (double)NAN,
                                                             .output_alone = (double)NAN};
    }
    if (c->n_layers > 0) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no layer has the name and shape of one in %s; was it made from that model?",
                    r->packed->file, r->flt->file);
}

static int start_worker(struct run *r, struct worker *me, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_qmodel *q = &r->packed->package.q;
    size_t most = 1, pixels = mnq_elements(r->flt->input);
    for (int t = 0; t < q->n_tensors; t++)
        if (mnq_elements(q->tensor[t].shape) > most) most = mnq_elements(q->tensor[t].shape);
    me->pixels_float = mnq_arena_alloc(arena, pixels);
    me->pixels_int = mnq_arena_alloc(arena, pixels);
    me->input = mnq_arena_array(arena, pixels, sizeof *me->input);
    me->value = mnq_arena_array(arena, most, sizeof *me->value);
    me->arena = mnq_arena_alloc(arena, r->arena_size); /* 64-byte aligned */
    if (me->pixels_float == NULL || me->pixels_int == NULL || me->input == NULL || me->value == NULL || me->arena == NULL)
        return mnq_fail_nomem(e);
    me->exec = mnq_exec_new(&r->flt->legal, true, e);
    if (me->exec == NULL) return mnq_fail_nomem(e);
    mnq_exec_keep_weights(me->exec);
    return 0;
}

static void add(struct sums *to, const struct sums *s)
{
    to->ff += s->ff;
    to->qq += s->qq;
    to->fq += s->fq;
    to->err += s->err;
    to->err2 += s->err2;
    to->n += s->n;
    to->clipped += s->clipped;
    if (s->max > to->max) to->max = s->max;
}

static void finish(struct mnq_compare_layer *l, const struct sums *s)
{
    double n = (double)s->n;
    l->values = s->n;
    l->sqnr_db = s->err2 > 0 ? 10 * log10(s->ff / s->err2) : (double)INFINITY;
    l->bias = s->err / n;
    l->rms_error = sqrt(s->err2 / n);
    l->max_error = s->max;
    l->rms_float = sqrt(s->ff / n);
    l->clipped = (double)s->clipped / n;
    l->cosine = s->ff > 0 && s->qq > 0 ? s->fq / sqrt(s->ff * s->qq) : s->ff == s->qq ? 1 : 0;
}

static int run_all(struct run *r, int threads, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_comparison *c = r->c;
    struct sums *total = mnq_arena_array(arena, (size_t)c->n_layers, sizeof *total);
    if (total == NULL) return mnq_fail_nomem(e);
    for (r->first = 0; r->first < c->samples; r->first += BLOCK) {
        int n = c->samples - r->first < BLOCK ? c->samples - r->first : BLOCK;
        const struct mnq_spread_part part = {r->sums, (size_t)c->n_layers * sizeof *r->sums};
        struct mnq_spread_job job = {.n = n, .threads = threads, .work = one_sample, .ctx = r, .part = &part, .n_parts = 1};
        if (mnq_spread_for(&job, e) != 0) return -1;
        for (int k = 0; k < n; k++)
            for (int l = 0; l < c->n_layers; l++) add(&total[l], &r->sums[k * c->n_layers + l]);
        if (r->progress != NULL) r->progress(r->progress_ctx, "compare", r->first + n, c->samples);
    }
    for (int l = 0; l < c->n_layers; l++) finish(&c->layer[l], &total[l]);
    return 0;
}

int mnq_compare(const struct mnq_subject *flt, const struct mnq_subject *packed, const struct mnq_data *data, int threads,
                struct mnq_comparison *c, struct mnq_arena *arena, mnq_progress *progress, void *progress_ctx,
                struct mnq_err *e)
{
    struct run r = {.flt = flt, .packed = packed, .c = c, .progress = progress, .progress_ctx = progress_ctx};
    memset(c, 0, sizeof *c);
    if (flt->illegal.code != 0) return mnq_fail(e, flt->illegal.code, "%s", flt->illegal.msg);
    if (!same_shape(flt->input, packed->input))
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: input %dx%dx%d, but %s takes %dx%dx%d", packed->file, packed->input.h,
                        packed->input.w, packed->input.c, flt->file, flt->input.h, flt->input.w, flt->input.c);
    if (mnq_package_layers_arena(&packed->package, &r.arena_size, e) != 0 || match_layers(&r, arena, e) != 0) return -1;
    r.data = mnq_dataset_open_as(data, &flt->task, flt->input.h, flt->input.w, flt->input.c, e);
    if (r.data == NULL) return -1;
    c->samples = mnq_dataset_count(r.data);
    if (threads > c->samples) threads = c->samples;
    if (threads > BLOCK) threads = BLOCK;
    if (threads < 1) threads = 1;
    r.model = packed->package.model;
    mnq_layer_by_layer(&r.model); /* every tensor is looked at */
    r.sums = mnq_arena_array(arena, (size_t)BLOCK * (size_t)c->n_layers, sizeof *r.sums);
    r.worker = mnq_arena_array(arena, (size_t)threads, sizeof *r.worker);
    int rc = r.sums == NULL || r.worker == NULL ? mnq_fail_nomem(e) : 0;
    for (int w = 0; w < threads && rc == 0; w++) rc = start_worker(&r, &r.worker[w], arena, e);
    if (rc == 0) rc = run_all(&r, threads, arena, e);
    for (int w = 0; r.worker != NULL && w < threads; w++)
        if (r.worker[w].exec != NULL) mnq_exec_free(r.worker[w].exec);
    mnq_dataset_close(r.data);
    return rc;
}
