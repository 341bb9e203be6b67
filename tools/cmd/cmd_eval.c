/* SPDX-License-Identifier: Apache-2.0
 * mnquant eval: accuracy, agreement and size, one row per model, then differences to the first. */
#include "command.h"
#include "commands.h"
#include "outputs.h"
#include "page.h"
#include "share.h"

#include <math.h>

struct eval_opts {
    struct mnq_model_opts model;
    struct mnq_data_opts from;
    struct mnq_opt_list data;
    double min_agreement, min_top1;
    const char *html, *target;
    bool samples, layers, force;
};

static const struct mnq_option options[] = {
    {"data", 'd', MNQ_OPT_LIST, offsetof(struct eval_opts, data), "PATH",
     "folder, CSV of path,label, or HDF5 file with images and labels; may be repeated", 0, 0, NULL},
    {"html", 0, MNQ_OPT_STRING, offsetof(struct eval_opts, html), "FILE",
     "also write a page with all figures, plots, and the pictures that changed", 0, 0, NULL},
    {"target", 0, MNQ_OPT_STRING, offsetof(struct eval_opts, target), "CORE",
     "also foretell flash, RAM and instructions of the integer models on a core, as export names them", 0, 0, NULL},
    {"force", 'f', MNQ_OPT_FLAG, offsetof(struct eval_opts, force), NULL, "overwrite FILE", 0, 0, NULL},
    {"layers", 'l', MNQ_OPT_FLAG, offsetof(struct eval_opts, layers), NULL,
     "also compare integer models layer by layer with their float model; --html does it always", 0, 0, NULL},
    {"min-agreement", 0, MNQ_OPT_DOUBLE, offsetof(struct eval_opts, min_agreement), "P",
     "fail with exit code 3 if a model agrees with the first in less than P percent", 0, 100, NULL},
    {"min-top1", 0, MNQ_OPT_DOUBLE, offsetof(struct eval_opts, min_top1), "P",
     "fail with exit code 3 if the top-1 of a model behind the first is below P percent (of the only one, if it is alone)",
     0, 100, NULL},
    {"samples", 0, MNQ_OPT_FLAG, offsetof(struct eval_opts, samples), NULL,
     "with --json: list every sample with its label and all predictions", 0, 0, NULL},
    MNQ_DATA_OPTIONS(struct eval_opts),
    MNQ_MODEL_OPTIONS(struct eval_opts),
};

static void init(void *opts)
{
    *(struct eval_opts *)opts = (struct eval_opts){.min_agreement = (double)NAN, .min_top1 = (double)NAN};
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
        double agree = mnq_eval_agreement(ev, i);
        if (!isnan(o->min_agreement) && isnan(agree))
            return mnq_fail(e, MNQ_EXIT_FAILED, "--min-agreement: %s has other outputs than the first model", file);
        double top1 = ev->labelled > 0 ? 100.0 * m->hits1 / ev->labelled : 0;
        if (!isnan(o->min_agreement) && agree < o->min_agreement)
            return mnq_fail(e, MNQ_EXIT_GATE, "%s: agreement %.2f %%, wanted at least %g %%", file, agree, o->min_agreement);
        if (!isnan(o->min_top1) && (i > 0 || ev->n_models == 1) && top1 < o->min_top1)
            return mnq_fail(e, MNQ_EXIT_GATE, "%s: top-1 %.2f %%, wanted at least %g %%", file, top1, o->min_top1);
    }
    return 0;
}

/* The second only when layers are asked for. */
static const struct mnq_term_step steps[] = {{"eval", 1}, {"compare", 0.7}};

/* What integer models take on a core. */
static int foretell(struct mnq_cli *cli, const struct eval_opts *o, const struct mnq_subject *s, struct mnq_eval_result *r)
{
    const struct mnq_xbudget b = {.target = mnq_xtarget_named(o->target, &cli->err)};
    if (b.target == NULL) return -1;
    r->bill = mnq_arena_array(&cli->arena, (size_t)cli->n_inputs, sizeof *r->bill);
    if (r->bill == NULL) return mnq_fail_nomem(&cli->err);
    for (int i = 0; i < cli->n_inputs; i++)
        if (s[i].kind == MNQ_SUBJECT_INT8 && mnq_xbudget_bill(&s[i].package, &b, &r->bill[i], &cli->err) != 0) return -1;
    r->target = b.target;
    return 0;
}

/* Everything measured. */
static int measure(struct mnq_cli *cli, const struct eval_opts *o, struct mnq_subject *s, struct mnq_eval_result *r)
{
    int n = cli->n_inputs, threads = cli->global.threads;
    *r = (struct mnq_eval_result){.subject = s, .data = mnq_cli_data(cli, &o->data, &o->from)};
    struct mnq_model_opts model = o->model;
    model.pictures = &r->data;
    if (mnq_cli_open_all(cli, &model, cli->input, n, s) != 0) return -1;
    r->stored = mnq_arena_array(&cli->arena, (size_t)n, sizeof *r->stored);
    if (r->stored == NULL) return mnq_fail_nomem(&cli->err);
    for (int i = 0; i < n; i++)
        if (mnq_stored_read(&s[i], &r->stored[i], &cli->arena, &cli->err) != 0) return -1;
    if (o->target != NULL && foretell(cli, o, s, r) != 0) return -1;
    mnq_term_plan(&cli->term, steps, o->layers || o->html != NULL ? 2 : 1);
    if (mnq_cli_settle_all(cli, s, n, &r->data) != 0) return -1;
    if (mnq_evaluate(s, n, &r->data, threads, &r->ev, &cli->arena, mnq_term_progress, &cli->term, &cli->err) != 0) return -1;
    if ((o->layers || o->html != NULL) &&
        mnq_eval_compare(r, threads, &cli->arena, mnq_term_progress, &cli->term, &cli->err) != 0)
        return -1;
    mnq_term_clear(&cli->term);
    return 0;
}

static int write_page(struct mnq_cli *cli, const struct eval_opts *o, const struct mnq_eval_result *r)
{
    const char *text;
    size_t n;
    if (o->html == NULL) return 0;
    if (mnq_page_make(r, &text, &n, &cli->arena, &cli->err) != 0) return -1;
    return mnq_cli_write(cli, text, n);
}

static int run(struct mnq_cli *cli)
{
    const struct eval_opts *o = cli->opts;
    struct mnq_subject *s = mnq_arena_array(&cli->arena, (size_t)cli->n_inputs, sizeof *s);
    struct mnq_eval_result r;
    if (s == NULL) return mnq_fail_nomem(&cli->err);
    if (o->data.n == 0) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "--data is missing: the pictures to evaluate on");
    if (o->force && o->html == NULL) return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "-f overwrites the file of --html: name it");
    if (!isnan(o->min_agreement) && cli->n_inputs < 2)
        return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "--min-agreement: needs a second model to compare with the first");
    if (o->html != NULL && mnq_cli_output(cli, o->html, o->force, false) < 0) return -1;
    if (measure(cli, o, s, &r) != 0 || write_page(cli, o, &r) != 0) return -1;
    mnq_cli_say(cli, s, cli->n_inputs);
    if (r.ev.left_out != NULL) mnq_term_note(&cli->term, 0, "data: %s", r.ev.left_out);
    for (int i = 0; i < r.ev.n_damaged; i++) mnq_term_note(&cli->term, 0, "skipped: %s", r.ev.damaged[i]);
    if (r.ev.note != NULL) mnq_term_note(&cli->term, 0, "%s", r.ev.note);
    if (!cli->global.json) mnq_eval_print(&r, o->layers, cli);
    else if (mnq_eval_json(&r, o->samples, cli) != 0) return -1;
    return check_gates(&r.ev, o, &cli->err);
}

const struct mnq_command mnq_cmd_eval = {
    .name = "eval",
    .summary = "accuracy, agreement and size of models on labelled or unlabelled data",
    .usage = "MODEL... --data PATH",
    .about = "Runs every MODEL (float or .mnq) on the same data and prints one row for each:\n"
             "top-1 with its 95 % Wilson interval, top-5, how often its top-1 agrees with the\n"
             "first model's, file, weight and RAM bytes, multiply-accumulates; then the\n"
             "differences to the first model, samples lost and won with the exact McNemar test,\n"
             "and how the weights are stored. RAM of a float model is the largest sum of its\n"
             "living float tensors; of an .mnq, its memory plan. --html writes one page without\n"
             "scripts that also shows layers, confusion and the pictures that changed.",
    .examples = "  mnquant eval model.h5 model.mnq --data test/ --preprocess tf\n"
                "  mnquant eval model.h5 model.mnq --data test.h5 --min-agreement 98 --json\n"
                "  mnquant eval model.h5 int8.mnq mixed.mnq --data test/ --html report.html\n",
    .option = options,
    .n_options = sizeof options / sizeof *options,
    .opts_size = sizeof(struct eval_opts),
    .init = init,
    .min_inputs = 1,
    .max_inputs = -1,
    .run = run,
};
