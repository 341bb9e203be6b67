/* SPDX-License-Identifier: Apache-2.0
 * From a float model and sample data to an integer model in memory. */
#include "calibrate_make.h"

#include "auto_text.h"
#include "model_maker.h"
#include "outputs.h"
#include "share.h"

#include <stdio.h>
#include <string.h>

static int open_float(struct mnq_cli *cli, struct mnq_recipe *r, const struct mnq_data *data, struct mnq_subject *s)
{
    struct mnq_model_opts mo = {.preprocess = r->preprocess,
                                .arch = r->arch,
                                .resize = r->resize,
                                .filter = r->filter,
                                .resolution = r->resolution,
                                .task = r->task,
                                .threshold = r->threshold,
                                .pictures = data};
    if (mnq_cli_open(cli, &mo, cli->input[0], s) != 0) return -1;
    if (s->kind != MNQ_SUBJECT_FLOAT)
        return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s: is an integer model already; calibrate takes the float one",
                        s->file);
    if (s->illegal.code != 0) return mnq_fail(&cli->err, s->illegal.code, "%s", s->illegal.msg);
    if (r->preprocess == NULL && s->preprocess_from != MNQ_FROM_NOWHERE) r->preprocess = s->preprocess.name;
    return 0;
}

/* What the recipe's rules say about each layer of the model. */
static int settle_rules(struct mnq_cli *cli, const struct mnq_recipe *r, struct mnq_calibrate_result *x)
{
    const struct mnq_graph *legal = &x->subject.legal;
    x->choice = mnq_arena_array(&cli->arena, (size_t)legal->n, sizeof *x->choice);
    if (x->choice == NULL) return mnq_fail_nomem(&cli->err);
    return mnq_rules_resolve(r->rule, r->n_rules, legal, x->choice, &cli->err);
}

/* What the file's META section will hold beside names of layers, roughly from above: the recipe with a rule per layer. */
static int64_t meta_bytes(const struct mnq_calibrate_result *x)
{
    const struct mnq_graph *g = &x->subject.legal;
    size_t n = strlen(x->recipe) + 512;
    for (int i = 0; i < g->n; i++) n += strlen(g->node[i].name) + 8;
    return (int64_t)n;
}

/* Shares of the time, measured on V1 and V2 with 200 pictures; the second for --weights auto. */
static const struct mnq_term_step fixed_steps[] = {
    {"observe", 14}, {"views", 5},  {"min-max", 2},  {"scales", 3},  {"sensitivity", 4}, {"wide", 2},   {"sensitivity", 4},
    {"wide", 2},     {"round", 12}, {"correct", 15}, {"re-fit", 21}, {"judge", 16},      {"judge", 16}, {"write", 16}};
static const struct mnq_term_step auto_steps[] = {
    {"observe", 5},     {"views", 2}, {"min-max", 1}, {"scales", 1},  {"sensitivity", 2}, {"wide", 1},
    {"sensitivity", 2}, {"wide", 1},  {"round", 5},   {"correct", 6}, {"re-fit", 8},      {"probe", 12},
    {"formats", 90},    {"round", 5}, {"correct", 6}, {"re-fit", 8},  {"judge", 15},      {"write", 5}};

/* With --tune, trainings of three finalists at most; how many there are is not known before. */
static const struct mnq_term_step learning_steps[] = {
    {"observe", 5},     {"views", 2},  {"min-max", 1},  {"scales", 1},  {"sensitivity", 2}, {"wide", 1},    {"sensitivity", 2},
    {"wide", 1},        {"round", 5},  {"correct", 6},  {"re-fit", 8},  {"probe", 12},      {"formats", 90}, {"teacher", 40},
    {"tune", 150},      {"teacher", 40}, {"tune", 150}, {"teacher", 40}, {"tune", 150},     {"teacher", 40}, {"tune", 150},
    {"teacher", 40},    {"tune", 150}, {"teacher", 40}, {"tune", 150},  {"judge", 15},      {"write", 5}};

/* What the samples could not promise, and what they are beyond. */
static void say_promise(struct mnq_cli *cli, const struct mnq_calibrate_result *x)
{
    const struct mnq_calib_report *r = &x->report;
    const char *rest = x->validated ? "" : "; pictures of another kind than these may lose more, --val takes some";
    char text[300];
    if (mnq_promise_text(r, text, sizeof text))
        mnq_term_note(&cli->term, r->promised, "%s%s", text, r->promised ? rest : "");
}

/* As many outputs, each of as many values. */
static bool same_outputs(const struct mnq_subject *a, const struct mnq_subject *b)
{
    bool same = a->n_outputs == b->n_outputs;
    for (int k = 0; same && k < a->n_outputs; k++) same = mnq_elements(a->tasks[k].out) == mnq_elements(b->tasks[k].out);
    return same;
}

/* The network that the expected drop counts from, if it is not MODEL itself. */
static int open_against(struct mnq_cli *cli, const struct mnq_recipe *r, struct mnq_calibrate_result *x, const char *path,
                        struct mnq_calib_opts *co)
{
    struct mnq_subject *s = mnq_arena_alloc(&cli->arena, sizeof *s);
    const struct mnq_subject *m = &x->subject;
    x->against = m->file;
    if (path == NULL) return 0;
    struct mnq_model_opts mo = {.preprocess = m->preprocess.name, .arch = r->arch, .resolution = m->resolution};
    if (mo.resolution == 0) mo.resolution = r->resolution;
    if (s == NULL) return mnq_fail_nomem(&cli->err);
    if (mnq_cli_open(cli, &mo, path, s) != 0) return -1;
    if (s->kind != MNQ_SUBJECT_FLOAT)
        return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s: is an integer model; --against takes a float one", s->file);
    if (s->illegal.code != 0) return mnq_fail(&cli->err, s->illegal.code, "%s", s->illegal.msg);
    struct mnq_shape a = s->input, b = m->input;
    if (a.h != b.h || a.w != b.w || a.c != b.c || !same_outputs(s, m))
        return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s has %d outputs from %dx%dx%d, %s %d from %dx%dx%d", s->file,
                        s->values, a.h, a.w, a.c, m->file, m->values, b.h, b.w, b.c);
    x->against = s->file;
    co->against = &s->legal;
    return 0;
}

/* Weights of few bits learn. */
static void set_tuning(struct mnq_cli *cli, bool labels, struct mnq_calibrate_result *x, struct mnq_calib_opts *co)
{
    mnq_tune_formats_defaults(&x->tuned.o);
    x->tuned.o.time_limit = x->time_limit;
    if (labels) x->tuned.o.labels = mnq_tune_labels_weight;
    x->tuned.o.threads = cli->global.threads;
    x->tuned.o.task = x->subject.tasks;
    co->learn = mnq_tune_formats;
    co->learn_ctx = &x->tuned;
}

static int quantize(struct mnq_cli *cli, const struct mnq_recipe *r, const struct mnq_dataset *d,
                    const struct mnq_dataset *val, const char *against, struct mnq_calibrate_result *x)
{
    struct mnq_calib_opts co = mnq_recipe_calib(r, cli->global.threads);
    if (open_against(cli, r, x, against, &co) != 0) return -1;
    co.validation = val;
    x->validated = val != NULL;
    co.choice = x->choice;
    co.task = x->subject.tasks;
    co.meta_bytes = meta_bytes(x);
    x->tunes = r->tune_weights != 0;
    if (x->tunes) set_tuning(cli, r->use_labels != 0, x, &co);
    const struct mnq_subject *s = &x->subject;
    struct mnq_qmodel *q = &x->q;
    struct mnq_recipe repeat = *r;
    if (r->weights == MNQ_WEIGHTS_AUTO && x->tunes)
        mnq_term_plan(&cli->term, learning_steps, sizeof learning_steps / sizeof *learning_steps);
    else if (r->weights == MNQ_WEIGHTS_AUTO)
        mnq_term_plan(&cli->term, auto_steps, sizeof auto_steps / sizeof *auto_steps);
    else mnq_term_plan(&cli->term, fixed_steps, sizeof fixed_steps / sizeof *fixed_steps);
    if (mnq_calibrate(&s->legal, d, &s->preprocess, &co, q, &x->report, &cli->arena, mnq_term_progress, &cli->term,
                      &cli->err) != 0)
        return -1;
    mnq_term_clear(&cli->term);
    if (x->report.no_estimate != NULL && x->report.no_estimate != x->report.no_validation)
        mnq_term_note(&cli->term, 0, "the samples say too little for ranges to be trusted: %s", x->report.no_estimate);
    if (x->report.validation_fitted > 0 && x->report.no_validation == NULL)
        mnq_term_note(&cli->term, 0, "%d pictures of --val are samples too, and were left out", x->report.validation_fitted);
    say_promise(cli, x);
    if (x->tunes && (x->report.tuned == NULL || !x->report.tuned->kept)) {
        repeat.tune_weights = repeat.use_labels = 0;
        if ((x->recipe = mnq_recipe_text(&repeat, &cli->arena)) == NULL) return mnq_fail_nomem(&cli->err);
    }
    if (r->weights == MNQ_WEIGHTS_AUTO) {
        if (mnq_recipe_assign(&repeat, &x->report, &cli->arena) != 0) return mnq_fail_nomem(&cli->err);
        x->recipe = mnq_recipe_text(&repeat, &cli->arena);
        if (x->recipe == NULL) return mnq_fail_nomem(&cli->err);
    }
    if (mnq_model_stamp(q, s, x->recipe, d, &cli->arena) != 0) return mnq_fail_nomem(&cli->err);
    if (mnq_qmodel_pack(q, &x->bytes, &x->n, &cli->err) != 0) return -1;
    if (co.flash > 0 && x->n > (size_t)co.flash)
        return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "--flash %lld: the file would have %zu bytes", (long long)co.flash,
                        x->n);
    if (mnq_package_parse(s->file, x->bytes, x->n, &x->package, &cli->arena, &cli->err) != 0) return -1;
    x->budget = co.budget;
    if (co.budget.target == NULL) return 0;
    if (mnq_xbudget_bill(&x->package, &co.budget, &x->bill, &cli->err) != 0) return -1;
    return mnq_xbudget_require(&co.budget, &x->bill, s->file, &cli->err);
}

/* The preprocessing, and with it the recipe. */
static int settle_pixels(struct mnq_cli *cli, struct mnq_recipe *r, struct mnq_calibrate_result *x,
                         const struct mnq_dataset *d)
{
    if (mnq_cli_settle(cli, &x->subject, d) != 0) return -1;
    if (r->preprocess != NULL) return 0;
    r->preprocess = x->subject.preprocess.name;
    x->recipe = mnq_recipe_text(r, &cli->arena);
    return x->recipe == NULL ? mnq_fail_nomem(&cli->err) : 0;
}

int mnq_calibrate_check(const struct mnq_recipe *r, struct mnq_err *e)
{
    const char *lonely = r->max_drop > 0 ? "--max-drop" : r->flash > 0 && r->target == NULL ? "--flash" : NULL;
    if (r->target != NULL && mnq_xtarget_named(r->target, e) == NULL) return -1;
    if (r->cycles > 0 && r->target == NULL)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--cycles needs --target, the core whose instructions are meant");
    if (r->use_labels && !r->tune_weights && !r->tune)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--use-labels needs --tune: nothing else learns from labels");
    if (lonely != NULL && r->weights != MNQ_WEIGHTS_AUTO)
        return mnq_fail(e, MNQ_EXIT_USAGE, "%s needs --weights auto, which chooses formats; the weights are %s", lonely,
                        mnq_weights_words[r->weights]);
    return 0;
}

int mnq_calibrate_open(struct mnq_cli *cli, struct mnq_recipe *r, const struct mnq_data *data,
                       struct mnq_calibrate_result *x)
{
    if (cli->n_inputs > 0 && (open_float(cli, r, data, &x->subject) != 0 || settle_rules(cli, r, x) != 0)) return -1;
    x->recipe = mnq_recipe_text(r, &cli->arena);
    return x->recipe == NULL ? mnq_fail_nomem(&cli->err) : 0;
}

int mnq_calibrate_make(struct mnq_cli *cli, struct mnq_recipe *r, const struct mnq_data *data, const struct mnq_data *val,
                       const char *against, struct mnq_calibrate_result *x)
{
    struct mnq_err *e = &cli->err;
    mnq_term_note(&cli->term, 1, "effective recipe:\n%s", x->recipe);
    struct mnq_shape in = x->subject.input;
    struct mnq_dataset *d = mnq_dataset_open_as(data, &x->subject.task, in.h, in.w, in.c, e);
    if (d == NULL) return -1;
    if (settle_pixels(cli, r, x, d) != 0) {
        mnq_dataset_close(d);
        return -1;
    }
    struct mnq_dataset *v = val != NULL ? mnq_dataset_open_as(val, &x->subject.task, in.h, in.w, in.c, e) : NULL;
    int rc = val != NULL && (v == NULL || mnq_cli_spare(cli, v) != 0) ? -1 : quantize(cli, r, d, v, against, x);
    mnq_dataset_close(v);
    if (rc == 0) {
        mnq_cli_say(cli, &x->subject, 1);
        mnq_cli_say_left_out(cli, d);
    }
    mnq_dataset_close(d);
    return rc;
}
