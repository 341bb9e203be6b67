/* SPDX-License-Identifier: Apache-2.0
 * A whole recipe at once. */
#include "model_maker.h"

#include "channels.h"
#include "graph/cost.h"
#include "mnq/mnq.h"
#include "passes/passes.h"
#include "prune.h"
#include "split.h"
#include "tune_formats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- samples ---- */

struct mnq_dataset *mnq_making_open(const struct mnq_making *m, const struct mnq_subject *s, int h, int w, bool judges,
                                    struct mnq_err *e)
{
    const struct mnq_data *from = judges && m->val != NULL ? m->val : m->data;
    struct mnq_dataset *d = mnq_dataset_open_as(from, &s->task, h, w, s->input.c, e);
    if (d != NULL && m->val == NULL) {
        if (mnq_dataset_count(d) < MNQ_SPLIT_FOLDS) {
            mnq_fail(e, MNQ_EXIT_FAILED, "%d samples: at least %d are needed, a fourth of which judges",
                     mnq_dataset_count(d), MNQ_SPLIT_FOLDS);
            mnq_dataset_close(d);
            return NULL;
        }
        mnq_dataset_keep(d, MNQ_SPLIT_FOLDS, MNQ_SPLIT_JUDGE, !judges);
    }
    return d;
}

/* ---- steps ---- */

struct work {
    const struct mnq_recipe *r;
    const struct mnq_making *how;
    bool cheap;
    struct mnq_made *m;
    struct mnq_graph raw, legal; /* as far as they are */
    struct mnq_dataset *data, *judges;
    struct mnq_arena *arena;
};

static int tune(struct work *x, bool channels, struct mnq_graph *student, struct mnq_err *e)
{
    const struct mnq_graph before = *student;
    struct mnq_tune_opts o;
    struct mnq_tune_report r;
    if (channels) mnq_tune_channels_defaults(&o);
    else mnq_tune_defaults(&o);
    o.samples = x->r->samples < MNQ_PRUNE_SAMPLES ? x->r->samples : MNQ_PRUNE_SAMPLES;
    o.threads = x->how->threads;
    if (x->r->use_labels) o.labels = mnq_tune_labels_weight;
    o.task = x->m->source.tasks;
    return mnq_tune(&x->raw, &before, &x->legal, x->data, &x->m->source.preprocess, &o, student, &r, x->arena,
                    x->how->progress, x->how->progress_ctx, e);
}

static int cut_channels(struct work *x, struct mnq_err *e)
{
    struct mnq_channels cut;
    struct mnq_channel_report r;
    struct mnq_graph out, narrow, legal;
    const struct mnq_channel_opts o = {.ratio = x->r->channels,
                                       .samples = x->r->samples < MNQ_PRUNE_SAMPLES ? x->r->samples : MNQ_PRUNE_SAMPLES,
                                       .threads = x->how->threads,
                                       .task = x->m->source.tasks};
    bool plain = x->cheap || x->r->method == MNQ_PRUNE_MAGNITUDE;
    if (mnq_prune_channels(&x->raw, &x->legal, plain ? NULL : x->data, &x->m->source.preprocess, &o, &out, &cut, &r,
                           x->arena, x->how->progress, x->how->progress_ctx, e) != 0)
        return -1;
    if (x->r->tune && !x->cheap && tune(x, true, &out, e) != 0) return -1;
    if (mnq_channels_cut(&x->raw, &x->legal, &out, &cut, &narrow, x->arena, e) != 0 ||
        mnq_graph_legalize(&narrow, &legal, x->arena, e) != 0)
        return -1;
    x->raw = narrow;
    x->legal = legal;
    return 0;
}

static int cut_weights(struct work *x, const struct mnq_layer_choice *choice, struct mnq_err *e)
{
    struct mnq_prune_report r;
    struct mnq_graph out;
    struct mnq_prune_opts o = {.ratio = x->r->ratio > 0 ? x->r->ratio : (double)NAN,
                               .scope = (enum mnq_prune_scope)x->r->scope,
                               .method = MNQ_PRUNE_OBS,
                               .choice = choice,
                               .samples = x->r->samples < MNQ_PRUNE_SAMPLES ? x->r->samples : MNQ_PRUNE_SAMPLES,
                               .threads = x->how->threads,
                               .task = x->m->source.tasks};
    if (x->cheap || x->r->method == MNQ_PRUNE_MAGNITUDE) o.method = MNQ_PRUNE_MAGNITUDE;
    if (x->r->pattern != NULL && mnq_prune_pattern(x->r->pattern, "pattern", &o.pattern, e) != 0) return -1;
    if (mnq_prune(&x->legal, o.method == MNQ_PRUNE_OBS ? x->data : NULL, &x->m->source.preprocess, &o, &out, &r, x->arena,
                  x->how->progress, x->how->progress_ctx, e) != 0)
        return -1;
    if (x->r->tune && !(x->r->channels > 0) && !x->cheap && tune(x, false, &out, e) != 0) return -1;
    x->legal = out;
    return 0;
}

/* Folder names are the classes if there are as many as outputs. */
static int name_classes(struct mnq_qmodel *q, const struct mnq_dataset *d, const struct mnq_subject *s,
                        struct mnq_arena *arena)
{
    int n = mnq_dataset_classes(d), outputs = s->task.kind == MNQ_TASK_BINARY ? 2 : s->outputs;
    if (n != outputs || n == 0 || mnq_dataset_class(d, 0) == NULL) return 0;
    const char **name = mnq_arena_array(arena, (size_t)n, sizeof *name);
    if (name == NULL) return -1;
    for (int i = 0; i < n; i++) {
        const char *c = mnq_dataset_class(d, i);
        name[i] = mnq_arena_strdup(arena, c == NULL ? "" : c);
        if (name[i] == NULL) return -1;
    }
    q->classes = name;
    q->n_classes = n;
    return 0;
}

int mnq_model_stamp(struct mnq_qmodel *q, const struct mnq_subject *s, const char *recipe, const struct mnq_dataset *d,
                    struct mnq_arena *arena)
{
    const char *slash = strrchr(s->file, '/');
    char tool[48];
    snprintf(tool, sizeof tool, "mnquant %d.%d.%d", MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH);
    q->preprocess = s->preprocess;
    for (int k = 0; k < s->n_outputs; k++) mnq_qmodel_set_task(q, k, &s->tasks[k]);
    q->tool = mnq_arena_strdup(arena, tool);
    q->source_name = slash == NULL ? s->file : slash + 1;
    q->source_crc = s->file_crc;
    q->recipe = recipe;
    return q->tool == NULL ? -1 : name_classes(q, d, s, arena);
}

int mnq_made_bill(struct mnq_made *m, const struct mnq_recipe *r, const char *name, struct mnq_arena *arena,
                  struct mnq_err *e)
{
    if (mnq_package_parse(name, m->bytes, m->n, &m->package, arena, e) != 0) return -1;
    m->budget = mnq_recipe_calib(r, 1).budget;
    if (m->budget.target == NULL) return 0;
    if (mnq_xbudget_bill(&m->package, &m->budget, &m->bill, e) != 0) return -1;
    return mnq_xbudget_require(&m->budget, &m->bill, name, e);
}

static int quantize(struct work *x, const struct mnq_layer_choice *choice, struct mnq_err *e)
{
    struct mnq_made *m = x->m;
    const struct mnq_subject *s = &m->source;
    struct mnq_calib_opts o = mnq_recipe_calib(x->r, x->how->threads);
    char *text = mnq_recipe_text(x->r, x->arena);
    if (text == NULL) return mnq_fail_nomem(e);
    o.validation = x->cheap ? NULL : x->judges;
    o.choice = choice;
    o.task = s->tasks;
    struct mnq_tune_formats tuned = {.began = 0};
    mnq_tune_formats_defaults(&tuned.o);
    tuned.o.threads = x->how->threads;
    if (x->r->use_labels) tuned.o.labels = mnq_tune_labels_weight;
    tuned.o.task = s->tasks;
    if (x->r->tune_weights && !x->cheap) {
        o.learn = mnq_tune_formats;
        o.learn_ctx = &tuned;
    }
    o.meta_bytes = (int64_t)strlen(text) + 512;
    for (int i = 0; i < x->legal.n; i++) o.meta_bytes += (int64_t)strlen(x->legal.node[i].name) + 8;
    if (mnq_calibrate(&x->legal, x->data, &s->preprocess, &o, &m->q, &m->report, x->arena, x->how->progress,
                      x->how->progress_ctx, e) != 0)
        return -1;
    if (x->r->tune_weights && (m->report.tuned == NULL || !m->report.tuned->kept)) { /* that of a recipe without */
        struct mnq_recipe plain = *x->r;
        plain.tune_weights = 0;
        if (!plain.tune) plain.use_labels = 0;
        if ((text = mnq_recipe_text(&plain, x->arena)) == NULL) return mnq_fail_nomem(e);
    }
    if (mnq_model_stamp(&m->q, s, text, x->data, x->arena) != 0) return mnq_fail_nomem(e);
    if (mnq_qmodel_pack(&m->q, &m->bytes, &m->n, e) != 0) return -1;
    if (o.flash > 0 && m->n > (size_t)o.flash)
        return mnq_fail_unfit(e, MNQ_UNFIT_FLASH, MNQ_EXIT_FAILED, "--flash %lld: the file would have %zu bytes",
                              (long long)o.flash, m->n);
    return mnq_made_bill(m, x->r, s->file, x->arena, e);
}

static bool prunes_weights(const struct mnq_recipe *r)
{
    bool prunes = r->ratio > 0 || (r->pattern != NULL && strcmp(r->pattern, "none") != 0);
    for (int i = 0; i < r->n_rules; i++) prunes = prunes || r->rule[i].set.ratio > 0;
    return prunes;
}

static int rules_of(struct work *x, struct mnq_layer_choice **choice, bool *prunes, struct mnq_err *e)
{
    *choice = mnq_arena_array(x->arena, (size_t)x->legal.n, sizeof **choice);
    if (*choice == NULL) return mnq_fail_nomem(e);
    if (mnq_rules_resolve(x->r->rule, x->r->n_rules, &x->legal, *choice, e) != 0) return -1;
    *prunes = prunes_weights(x->r);
    return mnq_prune_rules(&x->legal, *choice, e);
}

static int make(struct work *x, struct mnq_err *e)
{
    struct mnq_layer_choice *choice;
    bool prunes = false;
    if (x->r->channels > 0 && cut_channels(x, e) != 0) return -1;
    if (rules_of(x, &choice, &prunes, e) != 0 || (prunes && cut_weights(x, choice, e) != 0)) return -1;
    struct mnq_cost total = mnq_cost_total(&x->raw);
    x->m->macs = total.macs;
    x->m->params = total.params;
    return quantize(x, choice, e);
}

int mnq_making_check(const struct mnq_recipe *r, const char *name, struct mnq_err *e)
{
    char where[200];
    struct mnq_pattern p;
    snprintf(where, sizeof where, "%.180s: pattern", name);
    if (r->pattern != NULL && mnq_prune_pattern(r->pattern, where, &p, e) != 0) return -1;
    if (r->use_labels && !r->tune && !r->tune_weights)
        return mnq_fail(e, MNQ_EXIT_USAGE, "%s: use-labels: on needs tune or tune-weights: nothing else learns from labels", name);
    if (!r->tune || r->channels > 0 || prunes_weights(r)) return 0;
    return mnq_fail(e, MNQ_EXIT_USAGE, "%s: tune: on repairs what was cut: channels, ratio or pattern is missing", name);
}

int mnq_model_make(const char *model, const struct mnq_recipe *r, const struct mnq_making *how, bool cheap,
                   struct mnq_made *m, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_subject_opts so = {.preprocess = r->preprocess,
                                        .resize = (enum mnq_resize)r->resize,
                                        .filter = (enum mnq_filter)r->filter,
                                        .task = r->task,
                                        .threshold = r->threshold,
                                        .import = {.arch = r->arch, .resolution = r->resolution},
                                        .pictures = how->data};
    struct work x = {.r = r, .how = how, .cheap = cheap, .m = m, .arena = arena};
    memset(m, 0, sizeof *m);
    if (mnq_subject_open(model, &so, &m->source, arena, e) != 0) return -1;
    const struct mnq_subject *s = &m->source;
    if (s->kind != MNQ_SUBJECT_FLOAT) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: is an integer model already", s->file);
    if (s->illegal.code != 0)
        return mnq_fail_unfit(e, r->resolution > 0 ? MNQ_UNFIT_RECIPE : MNQ_UNFIT_NOT, s->illegal.code, "%s",
                              s->illegal.msg);
    x.raw = s->raw;
    x.legal = s->legal;
    x.data = mnq_making_open(how, s, s->input.h, s->input.w, false, e);
    x.judges = x.data == NULL ? NULL : mnq_making_open(how, s, s->input.h, s->input.w, true, e);
    int rc = x.judges == NULL ? -1 : make(&x, e);
    mnq_dataset_close(x.judges);
    mnq_dataset_close(x.data);
    return rc;
}
