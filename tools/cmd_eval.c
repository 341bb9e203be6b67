/* SPDX-License-Identifier: Apache-2.0
 * mnquant eval: accuracy, agreement and size, one row per model, then differences to the first. */
#include "command.h"

#include "evaluate.h"
#include "util/json.h"

#include <math.h>
#include <string.h>

enum { CONFUSION_MAX = 64 }; /* classes: larger matrices are not printed */

struct eval_opts {
    struct mnq_model_opts model;
    struct mnq_opt_list data;
    double min_agreement, min_top1;
    bool samples;
};

static const struct mnq_option options[] = {
    {"data", 'd', MNQ_OPT_LIST, offsetof(struct eval_opts, data), "PATH",
     "folder, CSV of path,label, or HDF5 file with images and labels; may be repeated", 0, 0, NULL},
    {"min-agreement", 0, MNQ_OPT_DOUBLE, offsetof(struct eval_opts, min_agreement), "P",
     "fail with exit code 3 if a model agrees with the first in less than P percent", 0, 100, NULL},
    {"min-top1", 0, MNQ_OPT_DOUBLE, offsetof(struct eval_opts, min_top1), "P",
     "fail with exit code 3 if a model's top-1 is below P percent", 0, 100, NULL},
    {"samples", 0, MNQ_OPT_FLAG, offsetof(struct eval_opts, samples), NULL,
     "with --json: list every sample with its label and all predictions", 0, 0, NULL},
    MNQ_MODEL_OPTIONS(struct eval_opts),
};

static void init(void *opts)
{
    *(struct eval_opts *)opts = (struct eval_opts){.min_agreement = (double)NAN, .min_top1 = (double)NAN};
}

static double ratio(int64_t a, int64_t b)
{
    return a >= 0 && b > 0 ? (double)a / (double)b : (double)NAN;
}

/* ---- text ---- */

static void cell_share(struct mnq_table *t, int hits, int n)
{
    if (hits < 0) {
        mnq_table_cell(t, "-");
        return;
    }
    struct mnq_share s = mnq_wilson(hits, n);
    mnq_table_cell(t, "%.2f [%.1f, %.1f]", s.percent, s.lo, s.hi);
}

static void cell_bytes(struct mnq_table *t, int64_t bytes)
{
    char text[32];
    mnq_table_cell(t, "%s", bytes < 0 ? "-" : mnq_text_bytes(text, bytes));
}

static void cell_ratio(struct mnq_table *t, int64_t a, int64_t b)
{
    double r = ratio(a, b);
    if (isnan(r)) mnq_table_cell(t, "-");
    else mnq_table_cell(t, "%.3f", r);
}

static void print_models(const struct mnq_evaluation *ev, struct mnq_cli *cli)
{
    struct mnq_table t;
    char count[32];
    mnq_table_init(&t, &cli->arena, "llrrrrrrrr");
    mnq_table_row(&t, "model", "kind", "n", "top-1 %", "top-5 %", "agree %", "file", "weights", "RAM", "MACs");
    for (int i = 0; i < ev->n_models; i++) {
        const struct mnq_eval_model *m = &ev->model[i];
        const struct mnq_subject *s = m->subject;
        mnq_table_cell(&t, "%s", s->file);
        mnq_table_cell(&t, "%s", mnq_subject_kind_name(s->kind));
        mnq_table_cell(&t, "%d", ev->n);
        cell_share(&t, m->hits1, ev->labelled);
        if (m->hits5 < 0 || s->outputs <= 5) mnq_table_cell(&t, "-");
        else mnq_table_cell(&t, "%.2f", 100.0 * m->hits5 / ev->labelled);
        if (i == 0) mnq_table_cell(&t, "(base)");
        else cell_share(&t, m->agree, ev->n);
        cell_bytes(&t, (int64_t)s->file_bytes);
        cell_bytes(&t, s->weight_bytes);
        cell_bytes(&t, s->arena_bytes);
        mnq_table_cell(&t, "%s", mnq_text_count(count, s->macs));
    }
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
}

static void print_deltas(const struct mnq_evaluation *ev, struct mnq_cli *cli)
{
    if (ev->n_models < 2) return;
    const struct mnq_eval_model *base = &ev->model[0];
    struct mnq_table t;
    mnq_table_init(&t, &cli->arena, "lrrrrrrr");
    mnq_table_row(&t, "against the first", "top-1 points", "lost", "won", "file x", "weights x", "RAM x", "MACs x");
    for (int i = 1; i < ev->n_models; i++) {
        const struct mnq_eval_model *m = &ev->model[i];
        mnq_table_cell(&t, "%s", m->subject->file);
        if (m->hits1 < 0) {
            for (int k = 0; k < 3; k++) mnq_table_cell(&t, "-");
        } else {
            mnq_table_cell(&t, "%+.2f", 100.0 * (m->hits1 - base->hits1) / ev->labelled);
            mnq_table_cell(&t, "%d", m->lost);
            mnq_table_cell(&t, "%d", m->won);
        }
        cell_ratio(&t, (int64_t)m->subject->file_bytes, (int64_t)base->subject->file_bytes);
        cell_ratio(&t, m->subject->weight_bytes, base->subject->weight_bytes);
        cell_ratio(&t, m->subject->arena_bytes, base->subject->arena_bytes);
        cell_ratio(&t, m->subject->macs, base->subject->macs);
    }
    printf("\n");
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
}

/* ---- JSON ---- */

static void json_interval(struct mnq_json *w, const char *key, int hits, int n)
{
    if (hits < 0) {
        mnq_json_null(w, key);
        return;
    }
    struct mnq_share s = mnq_wilson(hits, n);
    mnq_json_row(w, key);
    mnq_json_double(w, NULL, s.lo);
    mnq_json_double(w, NULL, s.hi);
    mnq_json_end(w);
}

static void json_percent(struct mnq_json *w, const char *key, int hits, int n)
{
    if (hits < 0) mnq_json_null(w, key);
    else mnq_json_double(w, key, 100.0 * hits / n);
}

static void json_confusion(struct mnq_json *w, const struct mnq_evaluation *ev, int i, struct mnq_arena *arena)
{
    int outputs = ev->model[i].subject->outputs;
    int *count = ev->accuracy && outputs <= CONFUSION_MAX ? mnq_confusion(ev, i, arena) : NULL;
    if (count == NULL) return;
    mnq_json_array(w, "confusion");
    for (int r = 0; r < ev->classes; r++) {
        mnq_json_row(w, NULL);
        for (int c = 0; c < outputs; c++) mnq_json_int(w, NULL, count[r * outputs + c]);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

static void json_model(struct mnq_json *w, const struct mnq_evaluation *ev, int i, struct mnq_arena *arena)
{
    const struct mnq_eval_model *m = &ev->model[i];
    const struct mnq_subject *s = m->subject;
    mnq_json_object(w, NULL);
    mnq_json_string(w, "file", s->file);
    mnq_json_string(w, "kind", mnq_subject_kind_name(s->kind));
    mnq_json_string(w, "preprocess", s->preprocess.name);
    mnq_json_int(w, "n", ev->n);
    mnq_json_int(w, "labelled", ev->accuracy ? ev->labelled : 0);
    json_percent(w, "top1", m->hits1, ev->labelled);
    json_percent(w, "top5", m->hits5, ev->labelled);
    json_interval(w, "top1_ci95", m->hits1, ev->labelled);
    json_percent(w, "agreement", m->agree, ev->n);
    json_interval(w, "agreement_ci95", m->agree, ev->n);
    mnq_json_double(w, "mean_difference", m->mean_diff);
    mnq_json_double(w, "rms_difference", m->rms_diff);
    mnq_json_double(w, "max_difference", m->max_diff);
    mnq_json_int(w, "file_bytes", (int64_t)s->file_bytes);
    mnq_json_int(w, "weight_bytes", s->weight_bytes);
    mnq_json_int(w, "arena_bytes", s->arena_bytes);
    mnq_json_int(w, "macs", s->macs);
    mnq_json_int(w, "params", s->params);
    json_confusion(w, ev, i, arena);
    mnq_json_end(w);
}

static void json_delta(struct mnq_json *w, const struct mnq_evaluation *ev, int i)
{
    const struct mnq_eval_model *m = &ev->model[i], *base = &ev->model[0];
    mnq_json_object(w, NULL);
    mnq_json_string(w, "file", m->subject->file);
    mnq_json_string(w, "base", base->subject->file);
    mnq_json_double(w, "top1_points", m->hits1 < 0 ? (double)NAN : 100.0 * (m->hits1 - base->hits1) / ev->labelled);
    mnq_json_double(w, "top5_points", m->hits5 < 0 ? (double)NAN : 100.0 * (m->hits5 - base->hits5) / ev->labelled);
    json_percent(w, "agreement", m->agree, ev->n);
    if (m->hits1 < 0) {
        mnq_json_null(w, "lost");
        mnq_json_null(w, "won");
    } else {
        mnq_json_int(w, "lost", m->lost);
        mnq_json_int(w, "won", m->won);
    }
    mnq_json_double(w, "file_ratio", ratio((int64_t)m->subject->file_bytes, (int64_t)base->subject->file_bytes));
    mnq_json_double(w, "weight_ratio", ratio(m->subject->weight_bytes, base->subject->weight_bytes));
    mnq_json_double(w, "arena_ratio", ratio(m->subject->arena_bytes, base->subject->arena_bytes));
    mnq_json_double(w, "mac_ratio", ratio(m->subject->macs, base->subject->macs));
    mnq_json_end(w);
}

static void json_samples(struct mnq_json *w, const struct mnq_evaluation *ev)
{
    mnq_json_array(w, "samples");
    for (int i = 0; i < ev->n; i++) {
        mnq_json_object(w, NULL);
        mnq_json_string(w, "input", ev->name[i]);
        if (ev->label[i] >= 0) mnq_json_int(w, "label", ev->label[i]);
        else mnq_json_null(w, "label");
        mnq_json_row(w, "predicted");
        for (int m = 0; m < ev->n_models; m++) mnq_json_int(w, NULL, ev->model[m].top1[i]);
        mnq_json_end(w);
        mnq_json_row(w, "score");
        for (int m = 0; m < ev->n_models; m++) mnq_json_float(w, NULL, ev->model[m].score[i]);
        mnq_json_end(w);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

static int print_json(const struct mnq_evaluation *ev, const struct eval_opts *o, struct mnq_cli *cli)
{
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.eval/1");
    mnq_json_array(&w, "data");
    for (int i = 0; i < o->data.n; i++) mnq_json_string(&w, NULL, o->data.item[i]);
    mnq_json_end(&w);
    if (ev->note != NULL) mnq_json_string(&w, "note", ev->note);
    if (ev->class_name != NULL) {
        mnq_json_array(&w, "classes");
        for (int i = 0; i < ev->classes; i++) mnq_json_string(&w, NULL, ev->class_name[i]);
        mnq_json_end(&w);
    }
    mnq_json_array(&w, "models");
    for (int i = 0; i < ev->n_models; i++) json_model(&w, ev, i, &cli->arena);
    mnq_json_end(&w);
    mnq_json_array(&w, "deltas");
    for (int i = 1; i < ev->n_models; i++) json_delta(&w, ev, i);
    mnq_json_end(&w);
    if (o->samples) json_samples(&w, ev);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, &cli->err);
}

/* ---- gates ---- */

static int check_gates(const struct mnq_evaluation *ev, const struct eval_opts *o, struct mnq_err *e)
{
    if (!isnan(o->min_agreement) && ev->n_models < 2)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--min-agreement: needs a second model to compare with the first");
    if (!isnan(o->min_top1) && !ev->accuracy)
        return mnq_fail(e, MNQ_EXIT_FAILED, "--min-top1: there is no accuracy on this data");
    for (int i = 0; i < ev->n_models; i++) {
        const struct mnq_eval_model *m = &ev->model[i];
        const char *file = m->subject->file;
        if (!isnan(o->min_agreement) && m->agree < 0)
            return mnq_fail(e, MNQ_EXIT_FAILED, "--min-agreement: %s has other outputs than the first model", file);
        double agree = 100.0 * m->agree / ev->n, top1 = ev->labelled > 0 ? 100.0 * m->hits1 / ev->labelled : 0;
        if (!isnan(o->min_agreement) && agree < o->min_agreement)
            return mnq_fail(e, MNQ_EXIT_GATE, "%s: agreement %.2f %%, wanted at least %g %%", file, agree, o->min_agreement);
        if (!isnan(o->min_top1) && top1 < o->min_top1)
            return mnq_fail(e, MNQ_EXIT_GATE, "%s: top-1 %.2f %%, wanted at least %g %%", file, top1, o->min_top1);
    }
    return 0;
}

static int run(struct mnq_cli *cli)
{
    const struct eval_opts *o = cli->opts;
    struct mnq_subject *s = mnq_arena_array(&cli->arena, (size_t)cli->n_inputs, sizeof *s);
    struct mnq_evaluation ev;
    if (s == NULL) return mnq_fail_nomem(&cli->err);
    if (o->data.n == 0) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "--data is missing: the pictures to evaluate on");
    if (!isnan(o->min_agreement) && cli->n_inputs < 2)
        return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "--min-agreement: needs a second model to compare with the first");
    if (mnq_cli_open_all(cli, &o->model, cli->input, cli->n_inputs, s) != 0) return -1;
    if (mnq_evaluate(s, cli->n_inputs, (char *const *)o->data.item, o->data.n, cli->global.threads, &ev, &cli->arena,
                     mnq_term_progress, &cli->term, &cli->err) != 0)
        return -1;
    mnq_cli_say(cli, s, cli->n_inputs);
    if (ev.note != NULL) mnq_term_note(&cli->term, 0, "%s", ev.note);
    if (cli->global.json) {
        if (print_json(&ev, o, cli) != 0) return -1;
    } else {
        print_models(&ev, cli);
        print_deltas(&ev, cli);
    }
    return check_gates(&ev, o, &cli->err);
}

const struct mnq_command mnq_cmd_eval = {
    .name = "eval",
    .summary = "accuracy, agreement and size of models on labelled or unlabelled data",
    .usage = "MODEL... --data PATH",
    .about = "Runs every MODEL (float or .mnq) on the same data and prints one row for each:\n"
             "top-1 with its 95 % Wilson interval, top-5, how often its top-1 agrees with the\n"
             "first model's, file, weight and RAM bytes, multiply-accumulates; then the\n"
             "differences to the first model. RAM of a float model is the largest sum of its\n"
             "living float tensors; of an .mnq, its memory plan.",
    .examples = "  mnquant eval model.h5 model.mnq --data test/ --preprocess tf\n"
                "  mnquant eval model.h5 model.mnq --data test.h5 --min-agreement 98 --json\n",
    .option = options,
    .n_options = sizeof options / sizeof *options,
    .opts_size = sizeof(struct eval_opts),
    .init = init,
    .min_inputs = 1,
    .max_inputs = -1,
    .run = run,
};
