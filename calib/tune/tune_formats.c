/* SPDX-License-Identifier: Apache-2.0
 * Tuning under the formats that a calibration chose: weights of few bits learn on their grids.
 *
 * The start is what the calibration's own fit made, fitted to the pictures that are learned from. A real weight begins in
 * the cell of its integer, as near to the float network's as the cell allows. Scales of activations stay, since the grids
 * depend on them. What was learned is lowered with its levels as they are; 8- and 16-bit layers between are rounded as ever.
 */
#include "tune_formats.h"

#include "calib_run.h"
#include "drop.h"
#include "quantize/lower_real.h"
#include "tune_course.h"
#include "tune_judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VIEWS = 3 };
/* Where in a cell a value begins at most: half a step is its edge. Signs begin at least so far from zero, in coefficients.
 */
static const double EDGE = 0.45, NEAR_ZERO = 0.05;

void mnq_tune_formats_defaults(struct mnq_tune_opts *o)
{
    mnq_tune_defaults(o);
    o->epochs = 60;
    o->rate = 2e-3;
    o->features = 1;
    o->taps = 3;
}

/* One tuning at work. */
struct formats {
    struct mnq_tune_formats *f;
    struct mnq_calib_run *c;
    const struct mnq_graph *base, *teacher; /* what is calibrated, and what it learns from: the same layers */
    struct mnq_graph student;               /* base's nodes */
    struct mnq_train_grid **grid;           /* [g->n] */
    int first;                              /* node of few bits */
    struct mnq_split fold;                  /* of the pictures that judges */
    struct mnq_views held;                  /* of the pictures that judge */
    const int *label;                       /* [held.shots.n] theirs; NULL unless labels are used */
    struct mnq_tune_loss loss;
    struct mnq_tune_report *r;
};

/* ---- judging ---- */

/* Views of the pictures that nothing is fitted to, and the float network's answers. */
static int make_held(struct formats *x, struct mnq_err *e)
{
    const struct mnq_stats *s = &x->c->stats;
    struct mnq_shots shots = {.bytes = s->input_bytes};
    uint8_t *pixels = mnq_arena_array(x->c->arena, (size_t)s->held, s->input_bytes);
    int *label = mnq_arena_array(x->c->arena, (size_t)s->held, sizeof *label);
    if (pixels == NULL || label == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < s->held; i++) {
        if (!mnq_held_back(x->fold, i)) continue;
        memcpy(pixels + (size_t)shots.n * s->input_bytes, s->input + (size_t)i * s->input_bytes, s->input_bytes);
        label[shots.n++] = s->label != NULL ? s->label[i] : -1;
    }
    shots.input = pixels;
    x->label = x->f->o.labels > 0 ? label : NULL;
    return mnq_views_make(x->c->o->against != NULL ? x->c->o->against : x->base, x->c->p, &shots, &s->judge, VIEWS,
                          x->c->threads, &x->held, x->c->arena, NULL, NULL, e);
}

/* What an integer network answers to them. */
static int judge(const struct formats *x, const struct mnq_qmodel *q, struct mnq_tune_held *h, struct mnq_err *e)
{
    static const struct mnq_split all = {0};
    const size_t each = x->held.judge.n, n = mnq_views_floats(&x->held) / each;
    const bool decides = mnq_task_decides(&x->held.judge.part[0].task);
    float *got = calloc(n, each * sizeof *got);
    int rc = got == NULL ? mnq_fail_nomem(e) : mnq_views_ask(&x->held, x->c->g, q, all, got, e);
    size_t labelled = 0, right = 0;
    *h = (struct mnq_tune_held){0};
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const float *want = x->held.want + i * each, *have = got + i * each;
        double kl = mnq_tune_loss(&x->loss, 1, want, have, NULL);
        double drop = decides ? mnq_task_drop(&x->held.judge, want, have, 1, 1) : kl;
        h->kl += kl / (double)n;
        h->agreement += 100 * (decides ? !(drop > 0) : 1 - drop) / (double)n;
        const int label = x->label != NULL ? x->label[i / (n / (size_t)x->held.shots.n)] : -1;
        labelled += label >= 0;
        right += label >= 0 && mnq_first_class(have, (int)each) == label;
    }
    h->right = labelled > 0 ? 100.0 * (double)right / (double)labelled : (double)NAN;
    free(got);
    return rc;
}

/* mnq_tune_better(), but a few decisions of some hundred may change by chance: the agreement may fall by its standard error.
 */
static bool better(const struct formats *x, const struct mnq_tune_held *before, const struct mnq_tune_held *after)
{
    struct mnq_tune_held h = *after;
    const double n = (double)(mnq_views_floats(&x->held) / x->held.judge.n), share = before->agreement / 100;
    if (mnq_task_decides(&x->held.judge.part[0].task)) h.agreement += 100 * sqrt(fmax(share * (1 - share), 0) / n);
    return mnq_tune_better(before, &h);
}

/* ---- the start ---- */

/* The value within the cell around `middle`, half as wide as `half`, that is nearest to v. */
static double within(double v, double middle, double half)
{
    return fmin(fmax(v, middle - half), middle + half);
}

/* Half the distance from a sum of signs to the nearest other one. */
static double room_around(const double *coef, int bases, double sum)
{
    double least = HUGE_VAL;
    for (int code = 0; code < 1 << bases; code++) {
        double other = 0;
        for (int m = 0; m < bases; m++) other += (code >> m & 1) != 0 ? coef[m] : -coef[m];
        if (fabs(other - sum) > 1e-6 * coef[0]) least = fmin(least, fabs(other - sum));
    }
    return least / 2;
}

/* Levels of row r in real units, falling: coefficients, or the step. */
static void levels_of(const struct mnq_qlayer *y, int bases, int r, double *level)
{
    level[0] = y->acc_step[r];
    for (int m = 0; m < bases && bases > 1; m++) level[m] = y->coef[r * bases + m] * y->acc_step[r];
}

/* Where weight k of row r begins: its cell, and in it the place nearest to the float network's weight. */
static double start_of(double exact, double rounded, const double *level, int bases)
{
    if (bases == 1) return copysign(fmax(exact * rounded > 0 ? fabs(exact) : 0, NEAR_ZERO * level[0]), rounded);
    if (bases > 1) return within(exact, rounded, 2 * EDGE * room_around(level, bases, rounded));
    double v = within(exact, rounded, EDGE * level[0]);
    return exact == 0 ? 0 : v == 0 ? 1e-6 * level[0] : v;
}

/* Root mean square of a row's values that are not zero. */
static double unit_of(const float *value, int inputs, int rows, int r)
{
    double sum = 0, count = 0;
    for (int k = 0; k < inputs; k++) {
        double v = (double)value[(size_t)k * (size_t)rows + (size_t)r];
        sum += v * v;
        count += v != 0;
    }
    return sum > 0 ? sqrt(sum / count) : 1;
}

/* The grid of node i, at the start. w: what the integer layer has */
static int make_grid(struct formats *x, int i, const struct mnq_qlayer *y, const float *w, struct mnq_err *e)
{
    const struct mnq_node *nd = &x->base->node[i];
    const struct mnq_qparams *in = &x->c->qp[nd->in[0]];
    const int rows = nd->out.c, inputs = (int)(mnq_node_weights(x->base, nd) / (size_t)rows);
    const int bases = x->c->format[i].bits == 1 ? x->c->format[i].bases : 0, levels = bases > 0 ? bases : 1;
    const int channels = x->base->node[nd->in[0]].out.c;
    struct mnq_train_grid *g = x->grid[i] = mnq_arena_alloc(x->c->arena, sizeof *g);
    if (g == NULL || mnq_train_grid_init(g, bases, x->c->format[i].bits == 2 ? 1 : 7, inputs, rows, x->c->arena) != 0) return mnq_fail_nomem(e);
    for (int k = 0; k < inputs; k++) g->scale[k] = (float)in->scale[k % channels];
    for (int r = 0; r < rows; r++) {
        double level[MNQ_TRAIN_GRID_BASES];
        levels_of(y, bases, r, level);
        for (int k = 0; k < inputs; k++) {
            const size_t at = (size_t)k * (size_t)rows + (size_t)r;
            const double s = (double)g->scale[k];
            g->value[at] = (float)start_of((double)nd->w[at] * s, (double)w[at] * s, level, bases);
        }
        const double unit = bases == 1 ? level[0] : unit_of(g->value, inputs, rows, r);
        g->unit[r] = (float)unit;
        for (int k = 0; k < inputs; k++) g->value[(size_t)k * (size_t)rows + (size_t)r] /= g->unit[r];
        for (int m = 0; m < levels; m++) g->level[m * rows + r] = (float)(level[m] / unit);
    }
    mnq_train_grid_apply(g, x->student.node[i].w);
    return 0;
}

/* The student's node i as q has it. */
static int start_node(struct formats *x, int i, const struct mnq_qlayer *y, struct mnq_err *e)
{
    struct mnq_node *nd = &x->student.node[i];
    const size_t n = mnq_node_weights(x->base, nd);
    struct mnq_arena scratch = {0};
    float *w = mnq_arena_array(&scratch, n, sizeof *w), *cell = mnq_arena_array(&scratch, n, sizeof *cell);
    int rc = 0;
    if (nd->b == NULL) nd->b = mnq_arena_array(x->c->arena, (size_t)nd->out.c, sizeof *nd->b);
    if (w == NULL || cell == NULL || nd->b == NULL) rc = mnq_fail_nomem(e);
    if (rc == 0) {
        mnq_lower_real(&x->c->lowering, i, y, w, cell, nd->b);
        if (x->c->format[i].bits < 8) rc = make_grid(x, i, y, w, e);
        else
            for (size_t k = 0; k < n; k++) nd->w[k] = (float)within((double)nd->w[k], (double)w[k], EDGE * (double)cell[k]);
    }
    mnq_arena_free(&scratch);
    return rc;
}

static int start(struct formats *x, const struct mnq_qmodel *q, struct mnq_err *e)
{
    const struct mnq_graph *g = x->base;
    x->grid = mnq_arena_array(x->c->arena, (size_t)g->n, sizeof *x->grid);
    if (x->grid == NULL) return mnq_fail_nomem(e);
    if (mnq_graph_copy(&x->student, g, x->c->arena, e) != 0) return -1;
    for (int k = 0; k < q->n_layers; k++) {
        const int i = q->layer[k].node;
        if (i >= x->first && mnq_lower_has_weights(g, i) && start_node(x, i, &q->layer[k], e) != 0) return -1;
    }
    return 0;
}

/* ---- the end ---- */

/* What lowering needs of the grids: [g->n][rows][levels]. */
static double **settle_levels(const struct formats *x)
{
    double **all = mnq_arena_array(x->c->arena, (size_t)x->base->n, sizeof *all);
    for (int i = 0; all != NULL && i < x->base->n; i++) {
        const struct mnq_train_grid *g = x->grid[i];
        if (g == NULL) continue;
        const int levels = g->bases > 0 ? g->bases : 1;
        double *to = all[i] = mnq_arena_array(x->c->arena, (size_t)g->rows * (size_t)levels, sizeof *to);
        if (to == NULL) return NULL;
        for (int r = 0; r < g->rows; r++, to += levels)
            for (int m = 0; m < levels; m++) { /* falling; the signs follow from the values */
                double v = fmax(fabs((double)g->level[m * g->rows + r] * (double)g->unit[r]), 1e-30);
                int at = m;
                for (; at > 0 && to[at - 1] < v; at--) to[at] = to[at - 1];
                to[at] = v;
            }
    }
    return all;
}

/* The calibration goes on with the student: its means, and for activations of a range the larger one of both. */
static int adopt(struct formats *x, struct mnq_fit *fit, struct mnq_err *e)
{
    struct mnq_calib_run *c = x->c;
    const struct mnq_stats before = c->stats;
    struct mnq_stats s;
    if ((c->level = settle_levels(x)) == NULL) return mnq_fail_nomem(e);
    if (mnq_observe_run(&x->student, c->data, c->p, c->o, before.held, &s, c->arena, c->progress, c->progress_ctx, e) != 0)
        return -1;
    for (int i = 0; i < x->student.n; i++) s.pre_max[i] = fmax(s.pre_max[i], before.pre_max[i]);
    s.judge = before.judge;
    s.logits = before.logits;
    c->stats = s;
    c->g = c->lowering.g = &x->student;
    c->lowering.pre_max = s.pre_max;
    c->learned = true;
    *fit = (struct mnq_fit){c->o->rounding, false, c->o->bias_correction};
    return 0;
}

/* Lowers with what is learned from, asks those that judge. q  NULL: not wanted */
static int lower(struct formats *x, const struct mnq_fit *fit, struct mnq_tune_held *h, double *error, struct mnq_qmodel *q,
                 struct mnq_arena *arena, struct mnq_err *e)
{
    if (mnq_calib_lower(x->c, fit, x->fold, NULL, "judge", arena, q, error, e) != 0) return -1;
    return judge(x, q, h, e);
}

static int find_first(struct formats *x, struct mnq_err *e)
{
    const struct mnq_graph *g = x->base;
    x->first = g->n;
    for (int i = g->n - 1; i >= 0; i--) {
        if (x->c->format[i].bits >= 8) continue;
        if (x->c->format[i].inputs == 1)
            return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                                  "layer '%s': binarized activations cannot be tuned, its rule says inputs: 1",
                                  g->node[i].name);
        x->first = i;
    }
    return 0;
}

static int tune(struct formats *x, struct mnq_fit *fit, double *error, struct mnq_err *e)
{
    struct mnq_calib_run *c = x->c;
    const struct mnq_calib_run before = *c;
    const struct mnq_fit fit_before = *fit;
    struct mnq_tune_report *r = x->r;
    struct mnq_arena scratch = {0}, of_course = {0};
    struct mnq_qmodel q;
    struct mnq_tune_held held;
    double noise, ignored;
    const double started = mnq_tune_clock();
    const struct mnq_pictures pictures = {.pixels = c->stats.input,
                                          .bytes = c->stats.input_bytes,
                                          .n = c->stats.held,
                                          .preprocess = *c->p,
                                          .label = c->stats.label,
                                          .classes = mnq_dataset_classes(c->data),
                                          .names = mnq_dataset_class(c->data, 0) != NULL};
    struct mnq_tune_course course = {.teacher = x->teacher,
                                     .out = &x->student,
                                     .pictures = &pictures,
                                     .o = &x->f->o,
                                     .r = r,
                                     .arena = &of_course,
                                     .started = x->f->began,
                                     .fold = x->fold.at,
                                     .stop = c->learning.steps,
                                     .progress = c->progress,
                                     .progress_ctx = c->progress_ctx};
    if (make_held(x, e) != 0) return -1;
    int rc = lower(x, fit, &held, &ignored, &q, &scratch, e);
    if (rc == 0) rc = start(x, &q, e);
    mnq_arena_free(&scratch);
    course.grid = x->grid;
    if (rc == 0) rc = mnq_tune_course(&course, e);
    mnq_arena_free(&of_course);
    if (rc != 0) return -1;
    r->before = held;
    if (adopt(x, fit, e) != 0) return -1;
    rc = lower(x, fit, &r->after, &noise, &q, &scratch, e);
    mnq_arena_free(&scratch);
    if (rc != 0) return -1;
    r->kept = c->learning.steps > 0 || better(x, &r->before, &r->after);
    mnq_calib_pass(c, "learned from the float network", *error, noise, r->kept);
    if (r->kept) {
        *error = noise;
    } else {
        *c = before;
        *fit = fit_before;
    }
    c->learning.steps = r->best;
    c->learning.stopped = r->stopped;
    c->learning.divergence = r->kept ? r->after.kl : r->before.kl;
    r->seconds = mnq_tune_clock() - started;
    return 0;
}

int mnq_tune_formats(void *ctx, struct mnq_calib_run *c, struct mnq_fit *fit, double *error, struct mnq_err *e)
{
    struct mnq_tune_formats *f = ctx;
    struct formats *x = mnq_arena_alloc(c->arena, sizeof *x); /* the student goes on in c */
    if (x == NULL) return mnq_fail_nomem(e);
    *x = (struct formats){.f = f,
                          .c = c,
                          .base = c->g,
                          .teacher = c->g,
                          .fold = {MNQ_SPLIT_FOLDS, c->learning.fold},
                          .r = mnq_arena_alloc(c->arena, sizeof *x->r)};
    if (x->r == NULL) return mnq_fail_nomem(e);
    x->r->before.right = x->r->after.right = (double)NAN;
    if (c->o->against != NULL && mnq_tune_same_layers(c->g, c->o->against) == NULL) x->teacher = c->o->against;
    if (!(f->began > 0)) f->began = mnq_tune_clock();
    c->report->tuned = x->r;
    x->loss = (struct mnq_tune_loss){.logits = c->stats.judge, .temperature = 1};
    if (find_first(x, e) != 0) return -1;
    if (x->first == x->base->n) return 0;
    if (c->stats.held < 2 * MNQ_SPLIT_FOLDS)
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                              "%d samples are too few to tune on, at least %d are wanted", c->stats.held,
                              2 * MNQ_SPLIT_FOLDS);
    return tune(x, fit, error, e);
}
