/* SPDX-License-Identifier: Apache-2.0
 * Tuning: what was changed learns from the float network that it was made from, on pictures without labels.
 *
 * A quarter of the pictures judges, as for prune: what they say best of is kept, and only if it is clearly better than
 * before. */
#include "tune.h"

#include "pack/restore.h"
#include "prune_layer.h"
#include "split.h"
#include "telling.h"
#include "tune_course.h"
#include "tune_judge.h"
#include "views.h"

#include <math.h>
#include <string.h>

enum { LEAST_HELD = 5 };

const double mnq_tune_labels_weight = 0.3;

void mnq_tune_defaults(struct mnq_tune_opts *o)
{
    *o = (struct mnq_tune_opts){.epochs = 40,
                                .views = 24,
                                .rate = 3e-3,
                                .mean = 0.06,
                                .blends = true,
                                .cache_bytes = (size_t)1 << 30,
                                .threads = 1};
}

void mnq_tune_channels_defaults(struct mnq_tune_opts *o)
{
    mnq_tune_defaults(o);
    o->views = 8;
    o->features = 1;
    o->taps = 3;
    o->front = 0.05;
}

struct tuning {
    struct mnq_tune_course course;
    bool *keep_w, *keep_b; /* [g->n] what cannot be stored */
    struct mnq_pictures pictures;
};

/* ---- what is trained ---- */

const struct mnq_node *mnq_tune_same_layers(const struct mnq_graph *student, const struct mnq_graph *teacher)
{
    for (int i = 0; i < student->n; i++) {
        const struct mnq_node *a = &student->node[i], *b = &teacher->node[i];
        if (i >= teacher->n || a->op != b->op || a->act != b->act || mnq_elements(a->out) != mnq_elements(b->out) ||
            a->out.c != b->out.c || mnq_node_weights(student, a) != mnq_node_weights(teacher, b))
            return a;
    }
    return student->n == teacher->n ? NULL : &student->node[student->n - 1];
}

static int check_teacher(const struct mnq_graph *student, const struct mnq_graph *teacher, struct mnq_err *e)
{
    const char *file = teacher->file != NULL ? teacher->file : "the teacher";
    if (student->n != teacher->n)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s has other layers than the model: %d, not %d", file, teacher->n, student->n);
    const struct mnq_node *other = mnq_tune_same_layers(student, teacher);
    if (other == NULL) return 0;
    const struct mnq_node *there = &teacher->node[other - student->node];
    if (other->op == there->op && other->out.c != there->out.c)
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s has other layers than the model: '%s' has %d channels, not %d; what loses channels is tuned on "
                        "the way (prune --channels R --tune)",
                        file, there->name, there->out.c, other->out.c);
    if (strcmp(there->name, other->name) == 0)
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s has other layers than the model: '%s' gives %d x %d x %d, not %d x %d x %d, or has another activation",
                        file, there->name, there->out.h, there->out.w, there->out.c, other->out.h, other->out.w, other->out.c);
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s has other layers than the model: '%s' where that has '%s'", file, there->name,
                    other->name);
}

/* Weights that the file holds nowhere, or that several layers share, stay. */
static int find_kept(struct tuning *t, const struct mnq_graph *raw, struct mnq_err *e)
{
    const struct mnq_graph *g = t->course.out;
    t->keep_w = mnq_arena_array(t->course.arena, (size_t)g->n, sizeof *t->keep_w);
    t->keep_b = mnq_arena_array(t->course.arena, (size_t)g->n, sizeof *t->keep_b);
    if (t->keep_w == NULL || t->keep_b == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) {
        int source = g->node[i].source;
        bool shared = false;
        for (int k = 0; source >= 0 && k < raw->n; k++) shared = shared || raw->node[k].twin == source;
        shared = shared || (source >= 0 && raw->node[source].twin >= 0);
        t->keep_w[i] = g->node[i].w_path == NULL || source < 0 || shared;
        t->keep_b[i] = !mnq_restore_has_bias(g, i) || shared;
    }
    return 0;
}

/* ---- what it came to ---- */

static int expect(struct tuning *t, struct mnq_err *e)
{
    const struct mnq_tune_cache *c = &t->course.cache;
    if (c->n_held < LEAST_HELD) return 0;
    size_t bytes = t->pictures.bytes;
    uint8_t *pixels = mnq_arena_array(t->course.arena, (size_t)c->n_held, bytes);
    if (pixels == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < c->n_held; i++)
        memcpy(pixels + (size_t)i * bytes, t->pictures.pixels + (size_t)c->held[i] * bytes, bytes);
    const struct mnq_shots shots = {pixels, bytes, c->n_held, NULL};
    if (mnq_pictures_telling(pixels, bytes, t->course.out->node[0].out.c, c->n_held, &t->course.r->no_estimate,
                             t->course.arena) != 0)
        return mnq_fail_nomem(e);
    if (t->course.r->no_estimate != NULL) return 0;
    return mnq_views_expect(t->course.teacher, t->course.out, &t->pictures.preprocess, &shots, &c->loss.logits,
                            t->course.o->threads, &t->course.r->drop, e);
}

static int check_zeros(const struct mnq_graph *before, const struct mnq_graph *after, struct mnq_err *e)
{
    for (int i = 0; i < before->n; i++) {
        size_t n = mnq_node_weights(before, &before->node[i]);
        for (size_t k = 0; k < n && before->node[i].w != NULL; k++)
            if (before->node[i].w[k] == 0.0f && after->node[i].w[k] != 0.0f)
                return mnq_fail(e, MNQ_EXIT_FAILED, "layer '%s': a zero did not stay", before->node[i].name);
    }
    return 0;
}

int mnq_tune(const struct mnq_graph *raw, const struct mnq_graph *student, const struct mnq_graph *teacher,
             const struct mnq_dataset *data, const struct mnq_preprocess *p, const struct mnq_tune_opts *o,
             struct mnq_graph *out, struct mnq_tune_report *r, struct mnq_arena *arena, mnq_progress *progress,
             void *progress_ctx, struct mnq_err *e)
{
    struct tuning t = {.course = {.teacher = teacher,
                                  .out = out,
                                  .o = o,
                                  .r = r,
                                  .arena = arena,
                                  .started = mnq_tune_clock(),
                                  .fold = MNQ_SPLIT_JUDGE,
                                  .progress = progress,
                                  .progress_ctx = progress_ctx}};
    int most = o->samples > 0 && o->samples < MNQ_PRUNE_SAMPLES ? o->samples : MNQ_PRUNE_SAMPLES;
    *r = (struct mnq_tune_report){.before.right = (double)NAN, .after.right = (double)NAN};
    if (check_teacher(student, teacher, e) != 0 || mnq_graph_copy(out, student, arena, e) != 0 || find_kept(&t, raw, e) != 0)
        return -1;
    if (mnq_pictures_load(data, p, student->node[0].out, most, o->threads, &t.pictures, arena, e) != 0) return -1;
    if (t.pictures.n < 2 * MNQ_SPLIT_FOLDS)
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                              "%d samples are too few to tune on, at least %d are wanted", t.pictures.n,
                              2 * MNQ_SPLIT_FOLDS);
    t.course.pictures = &t.pictures;
    t.course.keep_w = t.keep_w;
    t.course.keep_b = t.keep_b;
    if (mnq_tune_course(&t.course, e) != 0) return -1;
    r->kept = mnq_tune_better(&r->before, &r->after);
    if (!r->kept && mnq_graph_copy(out, student, arena, e) != 0) return -1;
    if (check_zeros(student, out, e) != 0 || expect(&t, e) != 0) return -1;
    r->seconds = mnq_tune_clock() - t.course.started;
    return 0;
}
