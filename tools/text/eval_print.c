/* SPDX-License-Identifier: Apache-2.0
 * The tables of `mnquant eval`. */
#include "eval_result.h"

#include "command.h"
#include "figures.h"
#include "task_text.h"

static void show(struct mnq_table *t, struct mnq_cli *cli)
{
    t->fit = cli->term.columns;
    mnq_table_print(t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
}

static void cell_share(struct mnq_table *t, int hits, int n)
{
    if (hits < 0) mnq_table_cell(t, "-");
    else mnq_table_cell(t, "%s %s", mnq_fig_percent(hits, n).s, mnq_fig_interval(hits, n).s);
}

static void cell(struct mnq_table *t, struct mnq_fig f)
{
    mnq_table_cell(t, "%s", f.s);
}

static void print_models(const struct mnq_eval_result *r, struct mnq_cli *cli)
{
    const struct mnq_evaluation *ev = &r->ev;
    struct mnq_table t;
    mnq_table_init(&t, &cli->arena, "llrrrrrrrr");
    mnq_table_row(&t, "model", "kind", "n", "top-1 %", "top-5 %", "agree %", "file", "weights", "RAM", "MACs");
    for (int i = 0; i < ev->n_models; i++) {
        const struct mnq_eval_model *m = &ev->model[i];
        const struct mnq_subject *s = m->subject;
        mnq_table_cell(&t, "%s", s->file);
        char formats[64];
        mnq_fig_kind(&r->stored[i], s->kind, formats, sizeof formats);
        mnq_table_cell(&t, "%s", formats);
        mnq_table_cell(&t, "%d", ev->n);
        cell_share(&t, m->hits1, ev->labelled);
        cell(&t, mnq_fig_percent(s->outputs <= 5 ? -1 : m->hits5, ev->labelled));
        if (i == 0) mnq_table_cell(&t, "(base)");
        else cell_share(&t, m->agree, ev->n);
        cell(&t, mnq_fig_bytes((int64_t)s->file_bytes));
        cell(&t, mnq_fig_bytes(s->weight_bytes));
        cell(&t, mnq_fig_bytes(s->arena_bytes));
        cell(&t, mnq_fig_count(s->macs));
    }
    show(&t, cli);
}

/* One row a model for tasks that are no vector of classes: their own figures between name and size. */
static void print_task_models(const struct mnq_eval_result *r, struct mnq_cli *cli)
{
    const struct mnq_evaluation *ev = &r->ev;
    const struct mnq_eval_model *first = &ev->model[0];
    bool binary = mnq_task_is_vector_decision(&ev->task);
    char align[32] = "llr", text[100];
    struct mnq_table t;
    mnq_task_text(&ev->task, text, sizeof text);
    printf("output: %s\n", text);
    for (int i = 0; i < first->n_figures + 2 * binary + 4; i++) align[3 + i] = 'r';
    mnq_table_init(&t, &cli->arena, align);
    static const char *const before[] = {"model", "kind", "n"}, *const after[] = {"file", "weights", "RAM", "MACs"};
    for (int k = 0; k < 3; k++) mnq_table_cell(&t, "%s", before[k]);
    if (binary) mnq_table_cell(&t, "accuracy %%");
    for (int k = 0; k < first->n_figures; k++) mnq_table_cell(&t, "%s", first->figure[k].title);
    if (binary) mnq_table_cell(&t, "agree %%");
    for (int k = 0; k < 4; k++) mnq_table_cell(&t, "%s", after[k]);
    for (int i = 0; i < ev->n_models; i++) {
        const struct mnq_eval_model *m = &ev->model[i];
        const struct mnq_subject *s = m->subject;
        mnq_table_cell(&t, "%s", s->file);
        mnq_table_cell(&t, "%s", mnq_subject_kind_name(s->kind));
        mnq_table_cell(&t, "%d", ev->n);
        if (binary) cell_share(&t, m->hits1, ev->labelled);
        for (int k = 0; k < first->n_figures; k++) {
            if (i == 0 && m->figure[k].against_first) mnq_table_cell(&t, "(base)");
            else if (k >= m->n_figures) mnq_table_cell(&t, "-");
            else
                mnq_table_cell(&t, "%s%s%s", mnq_figure_value(&m->figure[k]).s,
                               mnq_figure_interval(&m->figure[k]).s[0] != '\0' ? " " : "",
                               mnq_figure_interval(&m->figure[k]).s);
        }
        if (binary && i == 0) mnq_table_cell(&t, "(base)");
        else if (binary) cell_share(&t, m->agree, ev->n);
        cell(&t, mnq_fig_bytes((int64_t)s->file_bytes));
        cell(&t, mnq_fig_bytes(s->weight_bytes));
        cell(&t, mnq_fig_bytes(s->arena_bytes));
        cell(&t, mnq_fig_count(s->macs));
    }
    show(&t, cli);
}

/* What each model's further outputs are worth against the first model's. */
static void print_outputs(const struct mnq_eval_result *r, struct mnq_cli *cli)
{
    const struct mnq_evaluation *ev = &r->ev;
    for (int k = 1; k < ev->n_outputs && ev->n_models > 1; k++) {
        const struct mnq_eval_part *first = &ev->model[1].part[k - 1];
        char align[4 + MNQ_FIGURES_MAX] = "l", text[100];
        struct mnq_table t;
        mnq_task_text(&r->subject[0].tasks[k], text, sizeof text);
        printf("\noutput %d, ", k + 1);
        mnq_text_put(stdout, r->subject[0].output_name[k], false);
        printf(": %s\n", text);
        for (int f = 0; f < first->n_figures; f++) align[1 + f] = 'r';
        mnq_table_init(&t, &cli->arena, align);
        mnq_table_cell(&t, "against the first");
        for (int f = 0; f < first->n_figures; f++) mnq_table_cell(&t, "%s", first->figure[f].title);
        for (int i = 1; i < ev->n_models; i++) {
            const struct mnq_eval_part *p = &ev->model[i].part[k - 1];
            mnq_table_cell(&t, "%s", r->subject[i].file);
            for (int f = 0; f < first->n_figures; f++) {
                if (f >= p->n_figures) mnq_table_cell(&t, "-");
                else
                    mnq_table_cell(&t, "%s%s%s", mnq_figure_value(&p->figure[f]).s,
                                   mnq_figure_interval(&p->figure[f]).s[0] != '\0' ? " " : "",
                                   mnq_figure_interval(&p->figure[f]).s);
            }
        }
        show(&t, cli);
    }
}

static void print_weights(const struct mnq_eval_result *r, struct mnq_cli *cli)
{
    struct mnq_table t;
    mnq_table_init(&t, &cli->arena, "lrrrrl");
    mnq_table_row(&t, "weights", "bits each", "in 1x1", "zero", "zero %", "stored as");
    for (int i = 0; i < r->ev.n_models; i++) {
        const struct mnq_stored *s = &r->stored[i];
        char formats[200];
        mnq_fig_formats(s, formats, sizeof formats);
        mnq_table_cell(&t, "%s", r->subject[i].file);
        cell(&t, mnq_fig_bits(s->bytes, s->weights));
        cell(&t, mnq_fig_count(s->weights_1x1));
        cell(&t, mnq_fig_count(s->zeros_1x1));
        cell(&t, mnq_fig_part(s->zeros_1x1, s->weights_1x1));
        mnq_table_cell(&t, "%s", formats);
    }
    printf("\n");
    show(&t, cli);
}

static void cells_pair(struct mnq_table *t, const struct mnq_evaluation *ev, int a, int b)
{
    if (!ev->accuracy) {
        for (int k = 0; k < 4; k++) mnq_table_cell(t, "-");
        return;
    }
    struct mnq_pairing p = mnq_pair(ev, a, b);
    mnq_table_cell(t, "%s %s", mnq_fig_points(p.points).s, mnq_fig_points_interval(p.low, p.high).s);
    mnq_table_cell(t, "%d", p.lost);
    mnq_table_cell(t, "%d", p.won);
    cell(t, mnq_fig_p(p.p));
}

static const char *points_of(const struct mnq_evaluation *ev)
{
    return ev->task.kind == MNQ_TASK_BINARY ? "accuracy points" : "top-1 points";
}

static void print_deltas(const struct mnq_eval_result *r, struct mnq_cli *cli)
{
    const struct mnq_evaluation *ev = &r->ev;
    if (ev->n_models < 2) return;
    const struct mnq_subject *base = &r->subject[0];
    struct mnq_table t;
    bool pairs = mnq_task_is_vector_decision(&ev->task); /* other kinds have no points that are won and lost */
    mnq_table_init(&t, &cli->arena, pairs ? "lrrrrrrrr" : "lrrrr");
    if (pairs)
        mnq_table_row(&t, "against the first", points_of(ev), "lost", "won", "p", "file x", "weights x", "RAM x", "MACs x");
    else mnq_table_row(&t, "against the first", "file x", "weights x", "RAM x", "MACs x");
    for (int i = 1; i < ev->n_models; i++) {
        const struct mnq_subject *s = &r->subject[i];
        mnq_table_cell(&t, "%s", s->file);
        if (pairs) cells_pair(&t, ev, 0, i);
        cell(&t, mnq_fig_ratio((int64_t)s->file_bytes, (int64_t)base->file_bytes));
        cell(&t, mnq_fig_ratio(s->weight_bytes, base->weight_bytes));
        cell(&t, mnq_fig_ratio(s->arena_bytes, base->arena_bytes));
        cell(&t, mnq_fig_ratio(s->macs, base->macs));
    }
    printf("\n");
    show(&t, cli);
}

/* From each model to the next, for a list that is a chain: float, pruned, int8, mixed. */
static void print_steps(const struct mnq_eval_result *r, struct mnq_cli *cli)
{
    const struct mnq_evaluation *ev = &r->ev;
    if (ev->n_models < 3 || !ev->accuracy) return;
    struct mnq_table t;
    mnq_table_init(&t, &cli->arena, "lrrrr");
    mnq_table_row(&t, "against the one before", points_of(ev), "lost", "won", "p");
    for (int i = 1; i < ev->n_models; i++) {
        mnq_table_cell(&t, "%s", r->subject[i].file);
        cells_pair(&t, ev, i - 1, i);
    }
    printf("\n");
    show(&t, cli);
}

static void print_layers(const struct mnq_eval_result *r, int i, struct mnq_cli *cli)
{
    const struct mnq_stored *s = &r->stored[i];
    const struct mnq_eval_layers *l = &r->layers[i];
    const struct mnq_qmodel *q = &r->subject[i].package.q;
    struct mnq_table t;
    mnq_table_init(&t, &cli->arena, "lllrrrrrr");
    mnq_table_row(&t, "layer", "op", "weights", "number", "zero %", "bits each", "bytes", "MACs %", "SQNR dB");
    for (int k = 0; k < s->n; k++) {
        const struct mnq_stored_layer *row = &s->layer[k];
        mnq_table_cell(&t, "%s", row->name);
        mnq_table_cell(&t, "%s", mnq_layer_op_name(q->layer[k].op));
        cell(&t, mnq_fig_format(row));
        cell(&t, row->weights > 0 ? mnq_fig_count(row->weights) : mnq_fig_part(0, 0));
        cell(&t, mnq_fig_part(row->zeros, row->weights));
        cell(&t, mnq_fig_bits(row->bytes, row->weights));
        cell(&t, row->weights > 0 ? mnq_fig_count(row->bytes) : mnq_fig_part(0, 0));
        cell(&t, mnq_fig_part(row->macs, s->macs));
        if (l->row == NULL || l->row[k] == NULL) mnq_table_cell(&t, "-");
        else cell(&t, mnq_fig_db(l->row[k]->sqnr_db));
    }
    printf("\n");
    mnq_text_put(stdout, r->subject[i].file, false);
    if (l->against >= 0) {
        printf(" against ");
        mnq_text_put(stdout, r->subject[l->against].file, false);
        printf(", %d samples\n", l->samples);
    } else {
        printf("; the float model it was made from is not in the list\n");
    }
    show(&t, cli);
}

/* What integer models take on a core. */
static void print_bills(const struct mnq_eval_result *r, struct mnq_cli *cli)
{
    struct mnq_table t;
    char flash[32], ram[32], pushed[32], cycles[32], head[64];
    if (r->target == NULL) return;
    snprintf(head, sizeof head, "on %s", r->target->name);
    mnq_table_init(&t, &cli->arena, "lrrrr");
    mnq_table_row(&t, head, "flash", "RAM", "RAM, pushed", "instructions");
    for (int i = 0; i < r->ev.n_models; i++) {
        const struct mnq_xbill *b = &r->bill[i];
        if (r->subject[i].kind != MNQ_SUBJECT_INT8) continue;
        mnq_table_row(&t, r->subject[i].file, mnq_text_count(flash, b->flash), mnq_text_count(ram, b->ram),
                      mnq_text_count(pushed, b->ram_rows), mnq_text_count(cycles, b->cycles));
    }
    show(&t, cli);
}

void mnq_eval_print(const struct mnq_eval_result *r, bool layers, struct mnq_cli *cli)
{
    if (r->ev.task.kind == MNQ_TASK_CLASSES && !mnq_task_is_map(&r->ev.task)) print_models(r, cli);
    else print_task_models(r, cli);
    print_outputs(r, cli);
    print_deltas(r, cli);
    print_steps(r, cli);
    print_weights(r, cli);
    print_bills(r, cli);
    for (int i = 0; layers && i < r->ev.n_models; i++)
        if (r->subject[i].kind == MNQ_SUBJECT_INT8) print_layers(r, i, cli);
}
