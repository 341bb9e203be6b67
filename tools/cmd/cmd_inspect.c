/* SPDX-License-Identifier: Apache-2.0
 * mnquant inspect: layers, shapes, costs of any file we read, and of whole families without one. */
#include "command.h"
#include "commands.h"
#include "cost_table.h"
#include "figures.h"
#include "graph/cost.h"
#include "pack/weights.h"
#include "share.h"
#include "util/json.h"

#include <math.h>
#include <string.h>

struct inspect_opts {
    struct mnq_model_opts model;
    int family;
};

static const struct mnq_option options[] = {
    {"family", 0, MNQ_OPT_CHOICE, offsetof(struct inspect_opts, family), "NAME",
     "no file: costs of a family at every width and input size: v1, v2, v3-small, v3-large, v3-small-minimalistic, "
     "v3-large-minimalistic, nasnet-mobile, xception, efficientnet-b0, efficientnet-lite0",
     0, 0, mnq_cost_families},
    MNQ_MODEL_OPTIONS(struct inspect_opts),
};

static void init(void *opts)
{
    *(struct inspect_opts *)opts = (struct inspect_opts){.family = -1};
}

/* ---- what both kinds of file show ---- */

/* One line of the listing. Negative numbers are left out. */
struct row {
    const char *name, *op, *act;
    struct mnq_shape out;
    int kh, kw, sh, sw;
    int64_t macs, params, weight_bytes, activation_bytes;
    int weight_bits, acc_bits;
    char format[MNQ_FORMAT_TEXT]; /* of the weights, packed models only */
    double zeros;
    double saving;
    const char *pair;
};

static void json_shape(struct mnq_json *w, const char *key, struct mnq_shape s)
{
    mnq_json_row(w, key);
    mnq_json_int(w, NULL, s.h);
    mnq_json_int(w, NULL, s.w);
    mnq_json_int(w, NULL, s.c);
    mnq_json_end(w);
}

static void json_row(struct mnq_json *w, const struct row *r)
{
    mnq_json_object(w, NULL);
    mnq_json_string(w, "name", r->name);
    mnq_json_string(w, "op", r->op);
    json_shape(w, "output_shape", r->out);
    mnq_json_int(w, "macs", r->macs);
    mnq_json_int(w, "params", r->params);
    mnq_json_int(w, "weight_bytes", r->weight_bytes);
    mnq_json_int(w, "activation_bytes", r->activation_bytes);
    mnq_json_row(w, "kernel");
    mnq_json_int(w, NULL, r->kh);
    mnq_json_int(w, NULL, r->kw);
    mnq_json_end(w);
    mnq_json_row(w, "stride");
    mnq_json_int(w, NULL, r->sh);
    mnq_json_int(w, NULL, r->sw);
    mnq_json_end(w);
    mnq_json_string(w, "activation", r->act);
    if (r->weight_bits > 0) {
        mnq_json_string(w, "weights", r->format);
        mnq_json_int(w, "weight_bits", r->weight_bits);
        mnq_json_double(w, "zeros", r->zeros);
    }
    if (r->acc_bits > 0) mnq_json_int(w, "acc_bits", r->acc_bits);
    if (r->pair != NULL) {
        mnq_json_string(w, "separable_with", r->pair);
        mnq_json_double(w, "separable_cost", r->saving);
    }
    mnq_json_end(w);
}

static void json_preprocess(struct mnq_json *w, const struct mnq_preprocess *p)
{
    mnq_json_object(w, "preprocess");
    mnq_json_string(w, "name", p->name);
    mnq_json_row(w, "scale");
    for (int c = 0; c < p->channels; c++) mnq_json_float(w, NULL, p->scale[c]);
    mnq_json_end(w);
    mnq_json_row(w, "offset");
    for (int c = 0; c < p->channels; c++) mnq_json_float(w, NULL, p->offset[c]);
    mnq_json_end(w);
    mnq_json_row(w, "source");
    for (int c = 0; c < p->channels; c++) mnq_json_int(w, NULL, p->source[c]);
    mnq_json_end(w);
    mnq_json_string(w, "resize", mnq_resize_words[p->resize]);
    mnq_json_string(w, "filter", mnq_filter_words[p->filter]);
    mnq_json_end(w);
}

static void labelled(const char *label, const char *text)
{
    fputs(label, stdout);
    mnq_text_put(stdout, text, false);
    fputc('\n', stdout);
}

static void cell_number(struct mnq_table *t, int64_t n)
{
    char text[32];
    mnq_table_cell(t, "%s", n <= 0 ? "-" : mnq_text_count(text, n));
}

static void text_row(struct mnq_table *t, const struct row *r, bool packed)
{
    const char *act = strcmp(r->act, "none") == 0 ? "" : r->act;
    mnq_table_cell(t, "%s", r->name);
    mnq_table_cell(t, "%s", r->op);
    mnq_table_cell(t, "%dx%dx%d", r->out.h, r->out.w, r->out.c);
    cell_number(t, r->macs);
    cell_number(t, r->params);
    cell_number(t, r->weight_bytes);
    if (packed) {
        mnq_table_cell(t, "%s", r->format);
        if (r->weight_bits > 0) mnq_table_cell(t, "%.1f", 100 * r->zeros);
        else mnq_table_cell(t, "-");
        cell_number(t, r->acc_bits);
    } else if (r->pair != NULL) {
        mnq_table_cell(t, "%.4f", r->saving);
    } else {
        mnq_table_cell(t, "-");
    }
    mnq_table_cell(t, "%s", act);
}

/* ---- float ---- */

static struct row float_row(const struct mnq_graph *g, int i)
{
    const struct mnq_node *nd = &g->node[i];
    struct mnq_cost c = mnq_cost_node(g, i);
    struct row r = {.name = nd->name,
                    .op = mnq_op_name(nd->op),
                    .act = mnq_act_name(nd->act),
                    .out = nd->out,
                    .kh = nd->kh,
                    .kw = nd->kw,
                    .sh = nd->sh,
                    .sw = nd->sw,
                    .macs = c.macs,
                    .params = c.params,
                    .weight_bytes = 4 * c.params,
                    .activation_bytes = 4 * c.activation,
                    .saving = c.saving};
    if (c.pair >= 0) r.pair = g->node[c.pair].name;
    return r;
}

/* MACs of all separable pairs, and of the standard convolutions they replace. */
static void separable(const struct mnq_graph *g, double *pairs, double *standard)
{
    *pairs = *standard = 0;
    for (int i = 0; i < g->n; i++) {
        struct mnq_cost c = mnq_cost_node(g, i);
        if (c.pair < 0 || !(c.saving > 0)) continue;
        double both = (double)(c.macs + mnq_cost_node(g, c.pair).macs);
        *pairs += both;
        *standard += both / c.saving;
    }
}

/* Costs of a file as it was opened, behind those at its own input size if that is another. */
struct costs {
    struct mnq_cost_table table;
    struct mnq_cost_point point[2];
    struct mnq_err unknown; /* why integer costs are missing, if not for s->illegal */
};

static void one_cost(const struct mnq_subject *s, struct costs *c)
{
    struct mnq_cost_point *p = &c->point[c->table.n++];
    if (mnq_cost_point(&s->raw, s->legal.n > 0 ? &s->legal : NULL, p, &c->unknown) != 0)
        (void)mnq_cost_point(&s->raw, NULL, p, &c->unknown); /* more than the format holds: only the float costs */
}

static void find_costs(const struct mnq_subject *s, const struct mnq_subject_opts *o, struct costs *c)
{
    *c = (struct costs){.table = {.point = c->point}};
    if (o->import.resolution > 0) {
        struct mnq_subject_opts own = *o;
        struct mnq_arena scratch = {0};
        struct mnq_subject base;
        struct mnq_err e = {0}; /* a file may fit no other size than the one asked for */
        own.import.resolution = 0;
        if (mnq_subject_open(s->file, &own, &base, &scratch, &e) == 0 &&
            (base.input.h != s->input.h || base.input.w != s->input.w))
            one_cost(&base, c);
        mnq_arena_free(&scratch);
    }
    one_cost(s, c);
}

static int float_json(const struct mnq_subject *s, const struct costs *c, struct mnq_err *e)
{
    const struct mnq_graph *g = &s->raw;
    double pairs, standard;
    separable(g, &pairs, &standard);
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.inspect/1");
    mnq_json_string(&w, "file", s->file);
    mnq_json_string(&w, "kind", "float");
    mnq_json_string(&w, "origin", g->origin);
    json_shape(&w, "input_shape", s->input);
    mnq_json_object(&w, "totals");
    mnq_json_int(&w, "macs", s->macs);
    mnq_json_int(&w, "params", s->params);
    mnq_json_int(&w, "weight_bytes", s->weight_bytes);
    if (s->arena_bytes >= 0) mnq_json_int(&w, "arena_bytes", s->arena_bytes);
    else mnq_json_null(&w, "arena_bytes");
    mnq_json_int(&w, "file_bytes", (int64_t)s->file_bytes);
    mnq_json_double(&w, "separable_cost", standard > 0 ? pairs / standard : (double)NAN);
    mnq_json_end(&w);
    if (s->preprocess_from == MNQ_FROM_NOWHERE) mnq_json_null(&w, "preprocess");
    else json_preprocess(&w, &s->preprocess);
    mnq_json_array(&w, "notes");
    for (int i = 0; i < g->n_note; i++) mnq_json_string(&w, NULL, g->note[i]);
    if (s->illegal.code != 0) mnq_json_string(&w, NULL, s->illegal.msg);
    if (c->unknown.code != 0) mnq_json_string(&w, NULL, c->unknown.msg);
    mnq_json_end(&w);
    mnq_cost_json(&c->table, &w, "costs");
    mnq_json_array(&w, "layers");
    for (int i = 0; i < g->n; i++) {
        struct row r = float_row(g, i);
        json_row(&w, &r);
    }
    mnq_json_end(&w);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}

static void float_text(const struct mnq_subject *s, const struct costs *x, struct mnq_cli *cli)
{
    const struct mnq_graph *g = &s->raw;
    struct mnq_table t;
    char a[32], b[32], c[32];
    double pairs, standard;
    separable(g, &pairs, &standard);
    mnq_text_put(stdout, s->file, false);
    printf(": ");
    mnq_text_put(stdout, g->origin == NULL ? "float model" : g->origin, false);
    printf(", input %dx%dx%d\n\n", s->input.h, s->input.w, s->input.c);
    mnq_table_init(&t, &cli->arena, "llrrrrrl");
    mnq_table_row(&t, "layer", "op", "output", "MACs", "params", "bytes", "pair x", "activation");
    for (int i = 0; i < g->n; i++) {
        struct row r = float_row(g, i);
        text_row(&t, &r, false);
    }
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
    printf("\ntotal      %s MACs, %s parameters, %s of weights\n", mnq_text_count(a, s->macs), mnq_text_count(b, s->params),
           mnq_text_bytes(c, s->weight_bytes));
    if (standard > 0)
        printf("separable  pairs take %.4f of the standard convolutions they replace (pair x = 1/N + 1/D^2)\n",
               pairs / standard);
    if (s->arena_bytes >= 0) printf("RAM        %s of living float tensors at most\n", mnq_text_bytes(a, s->arena_bytes));
    for (int i = 0; i < g->n_note; i++) labelled("note       ", g->note[i]);
    if (s->illegal.code != 0) labelled("cannot be quantized: ", s->illegal.msg);
    if (x->unknown.code != 0) labelled("note       ", x->unknown.msg);
    printf("\nas int8, before choices that depend on data%s\n", x->table.n > 1 ? "; x: relative to the first line" : "");
    mnq_cost_print(&x->table, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out), &cli->arena);
}

/* ---- packed ---- */

static struct row packed_row(const struct mnq_qmodel *q, int i)
{
    static const char *const act[] = {"none", "hswish", "hsigmoid"};
    const struct mnq_qlayer *l = &q->layer[i];
    const struct mnq_qtensor *t = &q->tensor[l->out];
    int64_t values = (int64_t)t->shape.h * t->shape.w * t->shape.c;
    bool has_weights = l->w_count > 0;
    struct row r = {.name = l->name,
                    .op = mnq_layer_op_name(l->op),
                    .act = act[l->act < 3 ? l->act : 0],
                    .out = t->shape,
                    .kh = l->kh,
                    .kw = l->kw,
                    .sh = l->sh,
                    .sw = l->sw,
                    .macs = l->macs,
                    .params = (int64_t)l->w_count + (has_weights && l->bias != NULL ? t->shape.c : 0),
                    .weight_bytes = (int64_t)mnq_qlayer_weight_bytes(l, q->tensor[l->in0].shape.c, t->shape.c),
                    .activation_bytes = t->dtype == MNQ_S16 ? 2 * values : values,
                    .weight_bits = mnq_weights_bits(l),
                    .zeros = mnq_weights_zeros(l),
                    .acc_bits = l->acc_bits};
    mnq_weights_format(l, r.format);
    if (l->act == 0 && l->lo == t->zp && has_weights) r.act = "relu";
    return r;
}

static int packed_json(const struct mnq_subject *s, struct mnq_err *e)
{
    const struct mnq_qmodel *q = &s->package.q;
    struct mnq_json w = {.indent = 2};
    char crc[16];
    snprintf(crc, sizeof crc, "%08x", q->source_crc);
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.inspect/1");
    mnq_json_string(&w, "file", s->file);
    mnq_json_string(&w, "kind", "int8");
    json_shape(&w, "input_shape", s->input);
    mnq_json_object(&w, "totals");
    mnq_json_int(&w, "macs", s->macs);
    mnq_json_int(&w, "params", s->params);
    mnq_json_int(&w, "weight_bytes", s->weight_bytes);
    mnq_json_int(&w, "arena_bytes", s->arena_bytes);
    mnq_json_int(&w, "file_bytes", (int64_t)s->file_bytes);
    mnq_json_end(&w);
    json_preprocess(&w, &s->preprocess);
    mnq_json_object(&w, "provenance");
    mnq_json_string(&w, "tool", q->tool);
    mnq_json_string(&w, "source", q->source_name);
    mnq_json_string(&w, "source_crc32", crc);
    mnq_json_string(&w, "recipe", q->recipe);
    mnq_json_end(&w);
    mnq_json_array(&w, "classes");
    for (int i = 0; q->classes != NULL && i < q->n_classes; i++) mnq_json_string(&w, NULL, q->classes[i]);
    mnq_json_end(&w);
    mnq_json_array(&w, "layers");
    for (int i = 0; i < q->n_layers; i++) {
        struct row r = packed_row(q, i);
        json_row(&w, &r);
    }
    mnq_json_end(&w);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}

static void packed_text(const struct mnq_subject *s, struct mnq_cli *cli)
{
    const struct mnq_qmodel *q = &s->package.q;
    struct mnq_table t;
    char a[32], b[32], c[32];
    mnq_text_put(stdout, s->file, false);
    printf(": integer model, input %dx%dx%d\n\n", s->input.h, s->input.w, s->input.c);
    mnq_table_init(&t, &cli->arena, "llrrrrlrrl");
    mnq_table_row(&t, "layer", "op", "output", "MACs", "params", "bytes", "weights", "zeros %", "acc bits", "activation");
    for (int i = 0; i < q->n_layers; i++) {
        struct row r = packed_row(q, i);
        text_row(&t, &r, true);
    }
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
    printf("\ntotal       %s MACs, %s parameters, %s of weights with biases and multipliers\n", mnq_text_count(a, s->macs),
           mnq_text_count(b, s->params), mnq_text_bytes(c, s->weight_bytes));
    printf("file        %s\n", mnq_text_bytes(a, (int64_t)s->file_bytes));
    printf("RAM         %s arena\n", mnq_text_bytes(a, s->arena_bytes));
    printf("preprocess  ");
    mnq_text_put(stdout, s->preprocess.name, false);
    printf(", %s, %s\n", mnq_resize_words[s->preprocess.resize], mnq_filter_words[s->preprocess.filter]);
    if (q->source_name != NULL) {
        labelled("source      ", q->source_name);
        printf("            CRC-32 %08x\n", q->source_crc);
    }
    if (q->tool != NULL) labelled("made by     ", q->tool);
    if (q->recipe != NULL && cli->global.verbose > 0) {
        printf("recipe\n");
        mnq_text_put(stdout, q->recipe, true);
    }
}

/* ---- families ---- */

static int run_family(int family, struct mnq_cli *cli)
{
    struct mnq_cost_table t;
    const char *name = mnq_cost_families[family];
    if (mnq_cost_family(family, cli->global.threads, &t, &cli->arena, &cli->err) != 0) return -1;
    const struct mnq_cost_point *base = &t.point[t.base];
    if (cli->global.json) {
        struct mnq_json w = {.indent = 2};
        mnq_json_object(&w, NULL);
        mnq_json_string(&w, "schema", "mnquant.inspect/1");
        mnq_json_string(&w, "family", name);
        mnq_json_object(&w, "base");
        mnq_json_double(&w, "width", base->width);
        json_shape(&w, "input_shape", base->input);
        mnq_json_end(&w);
        mnq_cost_json(&t, &w, "grid");
        mnq_json_end(&w);
        return mnq_cli_print_json(&w, &cli->err);
    }
    printf("%s, 1000 classes, as int8 before choices that depend on data; x: relative to %.2f at %dx%d\n\n", name,
           base->width, base->input.h, base->input.w);
    mnq_cost_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out), &cli->arena);
    return 0;
}

/* ---- the command ---- */

/* Either a file, or a family and nothing that concerns files. */
static int check_use(const struct mnq_cli *cli, struct mnq_err *e)
{
    const struct inspect_opts *o = cli->opts;
    if (o->family < 0) {
        if (cli->n_inputs > 0) return 0;
        return mnq_fail(e, MNQ_EXIT_USAGE, "an input is missing; usage: mnquant %s [options] %s", cli->command->name,
                        cli->command->usage);
    }
    if (cli->n_inputs > 0)
        return mnq_fail(e, MNQ_EXIT_USAGE, "unexpected input '%s': --family takes no file", cli->input[0]);
    for (int i = 0; i < cli->command->n_options; i++) {
        const struct mnq_option *x = &cli->command->option[i];
        if ((cli->given >> i & 1) != 0 && x->offset != offsetof(struct inspect_opts, family))
            return mnq_fail(e, MNQ_EXIT_USAGE, "--%s concerns files, --family takes none", x->name);
    }
    return 0;
}

static int run(struct mnq_cli *cli)
{
    const struct inspect_opts *o = cli->opts;
    if (check_use(cli, &cli->err) != 0) return -1;
    if (o->family >= 0) return run_family(o->family, cli);
    struct mnq_subject *s = mnq_arena_alloc(&cli->arena, sizeof *s);
    struct mnq_subject_opts so = {.preprocess = o->model.preprocess,
                                  .resize = (enum mnq_resize)o->model.resize,
                                  .filter = (enum mnq_filter)o->model.filter,
                                  .import = {.arch = o->model.arch, .resolution = o->model.resolution}};
    if (s == NULL) return mnq_fail_nomem(&cli->err);
    if (mnq_subject_open(cli->input[0], &so, s, &cli->arena, &cli->err) != 0) return -1;
    if (s->kind == MNQ_SUBJECT_FLOAT) {
        struct costs c;
        find_costs(s, &so, &c);
        if (cli->global.json) return float_json(s, &c, &cli->err);
        float_text(s, &c, cli);
    } else {
        if (cli->global.json) return packed_json(s, &cli->err);
        packed_text(s, cli);
    }
    return 0;
}

const struct mnq_command mnq_cmd_inspect = {
    .name = "inspect",
    .summary = "layers, shapes, multiply-accumulates, parameters and bytes of a model",
    .usage = "FILE | --family NAME",
    .about = "Lists the layers of FILE, a float model (Keras HDF5) or an integer one (.mnq), with\n"
             "output shape, multiply-accumulates, parameters and bytes, then the totals. For a\n"
             "float model, `pair x` is the cost of a depthwise layer and its 1x1 layer over the\n"
             "standard convolution they replace, and the last table what int8 will cost; with\n"
             "--resolution beside the file's own input size. For an .mnq, how the weights are\n"
             "stored (int8, int16, int4, sparse, binary xM, xnor), zeros and accumulator bits. With\n"
             "--family, costs at every width and input size, without any file.",
    .examples = "  mnquant inspect model.h5\n"
                "  mnquant inspect model.h5 --resolution 160\n"
                "  mnquant inspect --family v2\n"
                "  mnquant inspect model.mnq --json\n",
    .option = options,
    .n_options = sizeof options / sizeof *options,
    .opts_size = sizeof(struct inspect_opts),
    .init = init,
    .min_inputs = 0,
    .max_inputs = 1,
    .run = run,
};
