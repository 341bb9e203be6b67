/* SPDX-License-Identifier: Apache-2.0
 * `mnquant inspect` of a float model: its layers, and what they would cost in integers. */
#include "inspect.h"

#include "cost_table.h"
#include "graph/cost.h"
#include "inspect_row.h"
#include "share.h"
#include "task_text.h"

#include <math.h>

static struct mnq_inspect_row float_row(const struct mnq_graph *g, int i)
{
    const struct mnq_node *nd = &g->node[i];
    struct mnq_cost c = mnq_cost_node(g, i);
    struct mnq_inspect_row r = {.name = nd->name,
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

static int one_cost(const struct mnq_subject *s, struct costs *c, struct mnq_err *e)
{
    struct mnq_cost_point *p = &c->point[c->table.n++];
    if (mnq_cost_point(&s->raw, s->legal.n > 0 ? &s->legal : NULL, p, &c->unknown) == 0) return 0;
    if (mnq_err_nomem(&c->unknown)) return mnq_fail_nomem(e);
    return mnq_cost_point(&s->raw, NULL, p, &c->unknown); /* more than the format holds: only the float costs */
}

static int find_costs(const struct mnq_subject *s, const struct mnq_subject_opts *o, struct costs *c, struct mnq_err *e)
{
    int rc = 0;
    *c = (struct costs){.table = {.point = c->point}};
    if (o->import.resolution > 0) {
        struct mnq_subject_opts own = *o;
        struct mnq_arena scratch = {0};
        struct mnq_subject base;
        struct mnq_err other = {0}; /* a file may fit no other size than the one asked for */
        own.import.resolution = 0;
        if (mnq_subject_open(s->file, &own, &base, &scratch, &other) == 0) {
            if (base.input.h != s->input.h || base.input.w != s->input.w) rc = one_cost(&base, c, e);
        } else if (mnq_err_nomem(&other)) {
            rc = mnq_fail_nomem(e);
        }
        mnq_arena_free(&scratch);
    }
    return rc == 0 ? one_cost(s, c, e) : rc;
}

static int print_json(const struct mnq_subject *s, const struct costs *c, struct mnq_err *e)
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
    mnq_inspect_json_shape(&w, "input_shape", s->input);
    mnq_json_object(&w, "totals");
    mnq_json_int(&w, "macs", s->macs);
    mnq_json_int(&w, "params", s->params);
    mnq_json_int(&w, "weight_bytes", s->weight_bytes);
    if (s->arena_bytes >= 0) mnq_json_int(&w, "arena_bytes", s->arena_bytes);
    else mnq_json_null(&w, "arena_bytes");
    mnq_json_int(&w, "file_bytes", (int64_t)s->file_bytes);
    mnq_json_double(&w, "separable_cost", standard > 0 ? pairs / standard : (double)NAN);
    mnq_json_end(&w);
    if (s->illegal.code == 0) mnq_tasks_json(&w, s);
    if (s->preprocess_from == MNQ_FROM_NOWHERE) mnq_json_null(&w, "preprocess");
    else mnq_inspect_json_preprocess(&w, &s->preprocess);
    mnq_json_array(&w, "notes");
    for (int i = 0; i < g->n_note; i++) mnq_json_string(&w, NULL, g->note[i]);
    if (s->illegal.code != 0) mnq_json_string(&w, NULL, s->illegal.msg);
    if (c->unknown.code != 0) mnq_json_string(&w, NULL, c->unknown.msg);
    mnq_json_end(&w);
    mnq_cost_json(&c->table, &w, "costs");
    mnq_json_array(&w, "layers");
    for (int i = 0; i < g->n; i++) {
        struct mnq_inspect_row r = float_row(g, i);
        mnq_inspect_json_row(&w, &r);
    }
    mnq_json_end(&w);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}

static void print_text(const struct mnq_subject *s, const struct costs *x, struct mnq_cli *cli)
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
        struct mnq_inspect_row r = float_row(g, i);
        mnq_inspect_cells(&t, &r, false);
    }
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
    printf("\ntotal      %s MACs, %s parameters, %s of weights\n", mnq_text_count(a, s->macs), mnq_text_count(b, s->params),
           mnq_text_bytes(c, s->weight_bytes));
    if (standard > 0)
        printf("separable  pairs take %.4f of the standard convolutions they replace (pair x = 1/N + 1/D^2)\n",
               pairs / standard);
    if (s->arena_bytes >= 0) printf("RAM        %s of living float tensors at most\n", mnq_text_bytes(a, s->arena_bytes));
    for (int k = 0; k < s->n_outputs && s->n_outputs > 1; k++) mnq_inspect_line("output     ", s->output_name[k]);
    for (int i = 0; i < g->n_note; i++) mnq_inspect_line("note       ", g->note[i]);
    if (s->illegal.code != 0) mnq_inspect_line("cannot be quantized: ", s->illegal.msg);
    if (x->unknown.code != 0) mnq_inspect_line("note       ", x->unknown.msg);
    printf("\nas int8, before choices that depend on data%s\n", x->table.n > 1 ? "; x: relative to the first line" : "");
    mnq_cost_print(&x->table, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out), &cli->arena);
}

int mnq_inspect_float(const struct mnq_subject *s, const struct mnq_subject_opts *o, struct mnq_cli *cli)
{
    struct costs c;
    if (find_costs(s, o, &c, &cli->err) != 0) return -1;
    if (cli->global.json) return print_json(s, &c, &cli->err);
    print_text(s, &c, cli);
    return 0;
}
