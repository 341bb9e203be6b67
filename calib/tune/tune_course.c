/* SPDX-License-Identifier: Apache-2.0
 * The course of a tuning: steps on views of pictures, judged now and then by pictures held back.
 *
 * Student and teacher see the same views of three quarters of the pictures; the student follows the teacher's answers and,
 * under grids, features within. Single steps are noisy, by far more than they bring; so what is judged by the last quarter is the
 * running mean of the weights, and the one with the least divergence is kept. */
#include "tune_course.h"

#include "tune_journal.h"
#include "tune_judge.h"
#include "tune_mean.h"
#include "tune_units.h"
#include "tune_view.h"
#include "util/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 16, JUDGED = 16 };
/* Of all steps, those on which the rate rises. */
static const double WARM_UP = 0.05;
/* Of the rate, a second time, where the first brought nothing clear: what lost little wants small steps. */
static const double SMALLER = 1.0 / 3;

/* Where a course stands. */
struct stand {
    int second, step; /* whether it goes on at the smaller rate; steps of this part */
    int64_t steps;    /* in all */
    int64_t best_at;  /* of them, after which what judged best stood */
    struct mnq_tune_held best;
    struct mnq_random random;
};

/* A course at work. */
struct tuning {
    struct mnq_tune_course *c;
    struct mnq_training training;
    struct mnq_trainer *trainer;
    float **unit_w, **unit_b;  /* [g->n][channels] */
    float **best_w, **best_b;  /* [g->n] the weights that judged best */
    float **best_level;        /* [g->n] of grids */
    int *order;                /* of the pictures in an epoch */
    struct mnq_tune_mean mean; /* what is judged and kept */
    const uint8_t *batch[BATCH];
    struct stand at;
    struct mnq_tune_journal journal;
};

static const struct mnq_train_grid *grid_of(const struct tuning *t, int node)
{
    return t->c->grid != NULL ? t->c->grid[node] : NULL;
}

static int alloc_units(struct tuning *t, struct mnq_err *e)
{
    const struct mnq_graph *g = t->c->out;
    size_t n = (size_t)g->n;
    float ***all[] = {&t->unit_w, &t->unit_b, &t->best_w, &t->best_b, &t->best_level};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if ((*all[k] = mnq_arena_array(t->c->arena, n, sizeof **all[k])) == NULL) return mnq_fail_nomem(e);
    for (int i = t->training.from; i <= t->training.last; i++) {
        const struct mnq_node *nd = &g->node[i];
        size_t c = (size_t)nd->out.c;
        if (t->training.trains_w[i]) {
            t->unit_w[i] = mnq_arena_array(t->c->arena, c, sizeof(float));
            t->best_w[i] = mnq_arena_array(t->c->arena, mnq_node_weights(g, nd), sizeof(float));
            if (t->unit_w[i] == NULL || t->best_w[i] == NULL) return mnq_fail_nomem(e);
            mnq_tune_weight_units(g, nd, t->unit_w[i]);
            if (grid_of(t, i) != NULL &&
                (t->best_level[i] = mnq_arena_array(t->c->arena, grid_of(t, i)->of_level.n, sizeof(float))) == NULL)
                return mnq_fail_nomem(e);
            t->c->r->layers++;
        }
        if (t->training.trains_b[i]) {
            t->unit_b[i] = mnq_arena_array(t->c->arena, c, sizeof(float));
            t->best_b[i] = mnq_arena_array(t->c->arena, c, sizeof(float));
            if (t->unit_b[i] == NULL || t->best_b[i] == NULL) return mnq_fail_nomem(e);
        }
    }
    const struct mnq_tune_cache *cache = &t->c->cache;
    return mnq_tune_bias_units(t->c->teacher, t->c->pictures, cache->train, cache->n_train, t->unit_b, e);
}

/* Between the graph and the best weights so far. */
static void copy_best(struct tuning *t, bool back)
{
    const struct mnq_graph *g = t->c->out;
    for (int i = t->training.from; i <= t->training.last; i++) {
        struct mnq_node *nd = &g->node[i];
        size_t n = mnq_node_weights(g, nd) * sizeof(float), c = (size_t)nd->out.c * sizeof(float);
        if (t->best_w[i] != NULL) memcpy(back ? nd->w : t->best_w[i], back ? t->best_w[i] : nd->w, n);
        if (t->best_b[i] != NULL) memcpy(back ? nd->b : t->best_b[i], back ? t->best_b[i] : nd->b, c);
        const struct mnq_train_grid *grid = grid_of(t, i);
        if (grid == NULL || t->best_level[i] == NULL) continue;
        float *level = grid->level;
        n = grid->of_level.n * sizeof(float);
        memcpy(back ? level : t->best_level[i], back ? t->best_level[i] : level, n);
    }
}

/* ---- the course ---- */

/* Distance of the student's tensor i from the teacher's; its gradient is added to the tensor's. */
static double away(struct mnq_backward *b, int i, const float *wanted, size_t n, double scale)
{
    const float *y = mnq_backward_tensor(b, i);
    float *d = mnq_backward_of(b, i);
    double sum = 0;
    for (size_t k = 0; k < n; k++) {
        double apart = (double)y[k] - (double)wanted[k];
        sum += scale * apart * apart;
        d[k] += (float)(2 * scale * apart);
    }
    return sum;
}

/* The same for the outputs of blocks, which are kept in 16 bits. */
static double taps_away(const struct tuning *t, const uint8_t *record, struct mnq_backward *b)
{
    const struct mnq_tune_cache *c = &t->c->cache;
    double sum = 0;
    for (int k = 0; k < c->n_taps; k++) {
        const size_t n = mnq_elements(c->student->node[c->tap[k]].out);
        if (!(c->tap_spread[k] > 0)) continue;
        const double scale = t->c->o->taps / (c->n_taps * c->tap_spread[k] * (double)n);
        const uint16_t *half = mnq_tune_cache_tap(c, record, k);
        const float *y = mnq_backward_tensor(b, c->tap[k]);
        float *d = mnq_backward_of(b, c->tap[k]);
        for (size_t i = 0; i < n; i++) {
            const double apart = (double)(y[i] - mnq_tune_wide(half[i]));
            sum += scale * apart * apart;
            d[i] += (float)(2 * scale * apart);
        }
    }
    return sum;
}

/* One picture of the batch: the answers' divergence, the labels' cross entropy and the features' distance. */
static double learn(void *ctx, int item, struct mnq_backward *b)
{
    const struct tuning *t = ctx;
    const struct mnq_tune_cache *c = &t->c->cache;
    struct mnq_tune_wanted w;
    mnq_tune_cache_load(c, t->batch[item], b, &w);
    const float *got = mnq_backward_forward(b);
    float *gradient = mnq_backward_of(b, c->loss.logits.part[0].node);
    double loss = mnq_tune_loss(&c->loss, c->loss.temperature, w.answers, got, gradient);
    if (w.label != NULL) loss += mnq_tune_label_loss(&c->loss, t->c->o->labels, w.label, got, gradient);
    if (c->features >= 0 && c->spread > 0) {
        size_t n = mnq_elements(c->student->node[c->features].out);
        loss += away(b, c->features, w.features, n, t->c->o->features / (c->spread * (double)n));
    }
    return loss + taps_away(t, t->batch[item], b);
}

/* Rises for the first steps to `rate`, then falls to zero like a cosine, by a cubic that is the same everywhere. */
static float rate_at(double rate, int step, int steps)
{
    double x = (double)step / steps, warm = fmin(1, (step + 1) / (WARM_UP * steps));
    return (float)(rate * warm * (1 - x * x * (3 - 2 * x)));
}

static int batch_of(const struct tuning *t)
{
    return t->c->cache.n_train < BATCH ? t->c->cache.n_train : BATCH;
}

/* Of one part of the course. */
static int all_steps(const struct tuning *t)
{
    return t->c->o->epochs * (t->c->cache.n_train / batch_of(t));
}

static void shuffle(int *order, int n, struct mnq_random *r)
{
    for (int i = n - 1; i > 0; i--) {
        int k = (int)(mnq_random_unit(r) * (i + 1)), v = order[i];
        order[i] = order[k];
        order[k] = v;
    }
}

static int judge(struct tuning *t, struct mnq_err *e)
{
    struct mnq_tune_held h;
    mnq_tune_mean_swap(&t->mean);
    if (mnq_tune_judge(&t->c->cache, t->trainer, t->c->o->threads, &h, e) != 0) return -1;
    if (h.kl < t->at.best.kl && h.agreement >= t->c->r->before.agreement) {
        t->at.best = h;
        t->at.best_at = t->at.steps;
        copy_best(t, false);
    }
    mnq_tune_mean_swap(&t->mean);
    return 0;
}

/* What stands is the best, whatever judges would say of it. */
static void take(struct tuning *t)
{
    mnq_tune_mean_swap(&t->mean);
    t->at.best_at = t->at.steps;
    copy_best(t, false);
    mnq_tune_mean_swap(&t->mean);
}

/* From t->at on. */
static int train(struct tuning *t, double rate, struct mnq_err *e)
{
    const struct mnq_tune_cache *c = &t->c->cache;
    struct mnq_tune_report *r = t->c->r;
    const int batch = batch_of(t), per_epoch = c->n_train / batch, steps = all_steps(t);
    const int every = steps / JUDGED > 0 ? steps / JUDGED : 1;
    if (t->at.step == 0) {
        t->at.random.state = t->c->o->seed + 1 + (uint64_t)t->at.steps;
        for (int i = 0; i < c->n_train; i++) t->order[i] = i;
    }
    const int end = t->c->stop > 0 && t->c->stop < steps ? t->c->stop : steps;
    while (t->at.step < end && !r->stopped) {
        const int s = t->at.step++;
        double loss;
        if (s % per_epoch == 0) shuffle(t->order, c->n_train, &t->at.random);
        for (int i = 0; i < batch; i++)
            t->batch[i] =
                mnq_tune_cache_train(c, t->order[s % per_epoch * batch + i], (int)(mnq_random_unit(&t->at.random) * c->views));
        if (mnq_trainer_step(t->trainer, batch, learn, t, rate_at(rate, s, steps), &loss, e) != 0) return -1;
        mnq_tune_mean_add(&t->mean);
        t->at.steps++;
        r->stopped = t->c->o->time_limit > 0 && mnq_spread_any(mnq_tune_clock() - t->c->started > t->c->o->time_limit);
        const bool judges = t->c->stop == 0, due = judges && ((s + 1) % every == 0 || s + 1 == steps);
        /* What goes on must not know of a moment that was judged for being the last. */
        if (judges && !due && r->stopped && mnq_tune_journal_save(&t->journal, e) != 0) return -1;
        if (judges && (due || r->stopped) && judge(t, e) != 0) return -1;
        if (due && mnq_tune_journal_save(&t->journal, e) != 0) return -1;
        if (t->c->progress != NULL) t->c->progress(t->c->progress_ctx, "tune", s + 1, end);
    }
    if (t->c->stop > 0) take(t);
    return 0;
}

/* ---- the journal ---- */

static void hold(void *ctx, void *p, size_t n)
{
    mnq_tune_journal_holds(ctx, p, n);
}

static void depend_on_graph(struct mnq_tune_journal *j, const struct mnq_graph *g)
{
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        mnq_tune_journal_depends(j, nd->name, strlen(nd->name));
        mnq_tune_journal_depends(j, &nd->out, sizeof nd->out);
        mnq_tune_journal_depends(j, nd->w, nd->w != NULL ? mnq_node_weights(g, nd) * sizeof *nd->w : 0);
        mnq_tune_journal_depends(j, nd->b, nd->b != NULL ? (size_t)nd->out.c * sizeof *nd->b : 0);
    }
}

/* Before the first step. */
static void depend(struct tuning *t)
{
    const struct mnq_tune_course *c = t->c;
    const struct mnq_tune_opts *o = c->o;
    const struct mnq_preprocess *p = &c->pictures->preprocess;
    struct mnq_tune_journal *j = &t->journal;
    const double number[] = {o->rate, o->features, o->taps, o->mean, o->front, (double)o->blends, (double)o->epochs,
                             (double)c->cache.views, (double)c->cache.from, (double)o->seed, (double)p->resize,
                             (double)p->filter, o->labels};
    const size_t n = (size_t)c->out->n;
    j->path = o->journal;
    depend_on_graph(j, c->teacher);
    depend_on_graph(j, c->out);
    mnq_tune_journal_depends(j, number, sizeof number);
    if (c->cache.labels)
        mnq_tune_journal_depends(j, c->pictures->label, (size_t)c->pictures->n * sizeof *c->pictures->label);
    mnq_tune_journal_depends(j, p->scale, sizeof p->scale);
    mnq_tune_journal_depends(j, p->offset, sizeof p->offset);
    mnq_tune_journal_depends(j, p->source, sizeof p->source);
    mnq_tune_journal_depends(j, c->pictures->pixels, (size_t)c->pictures->n * c->pictures->bytes);
    mnq_tune_journal_depends(j, t->training.trains_w, n * sizeof *t->training.trains_w);
    mnq_tune_journal_depends(j, t->training.trains_b, n * sizeof *t->training.trains_b);
}

/* Whether what a journal held can be gone on from: its checksums keep accidents away, not forgers. */
static bool sound(const struct tuning *t, int steps)
{
    const struct stand *at = &t->at;
    bool yes = (at->second == 0 || at->second == 1) && at->step >= 0 && at->step <= steps;
    yes = yes && at->steps == at->step + (int64_t)at->second * steps && at->best_at >= 0 && at->best_at <= at->steps;
    yes = yes && t->mean.steps == at->step;
    for (int i = 0; i < t->c->cache.n_train; i++) yes = yes && t->order[i] >= 0 && t->order[i] < t->c->cache.n_train;
    return yes;
}

/* Takes up what the journal holds, or begins it: so a file that cannot be written is known before the work. */
static int resume(struct tuning *t, struct mnq_err *e)
{
    struct mnq_tune_journal *j = &t->journal;
    bool found;
    depend(t);
    hold(j, &t->at, sizeof t->at);
    hold(j, t->order, (size_t)t->c->cache.n_train * sizeof *t->order);
    mnq_trainer_state(t->trainer, hold, j);
    hold(j, &t->mean.steps, sizeof t->mean.steps);
    for (int k = 0; k < t->mean.n; k++) hold(j, t->mean.part[k].mean, t->mean.part[k].n * sizeof(float));
    for (int i = t->training.from; i <= t->training.last; i++) {
        const struct mnq_node *nd = &t->c->out->node[i];
        hold(j, t->best_w[i], mnq_node_weights(t->c->out, nd) * sizeof(float));
        hold(j, t->best_b[i], (size_t)nd->out.c * sizeof(float));
        hold(j, t->best_level[i], grid_of(t, i) != NULL ? grid_of(t, i)->of_level.n * sizeof(float) : 0);
    }
    if (mnq_tune_journal_load(j, &found, e) != 0) return -1;
    if (!found) return mnq_tune_journal_save(j, e);
    if (!sound(t, all_steps(t))) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: damaged: remove it to begin anew", j->path);
    mnq_trainer_resume(t->trainer, (int)t->at.steps);
    t->c->r->resumed = (int)t->at.steps;
    return 0;
}

/* ---- all of it ---- */

static int prepare(struct tuning *t, struct mnq_err *e)
{
    struct mnq_tune_course *c = t->c;
    c->cache =
        (struct mnq_tune_cache){.student = c->out, .teacher = c->teacher, .pictures = c->pictures, .fold = c->fold};
    if (mnq_tune_cache_make(&c->cache, c->o, c->arena, c->progress, c->progress_ctx, e) != 0) return -1;
    c->r->samples = c->pictures->n;
    c->r->held = c->cache.n_held;
    c->r->views = c->cache.views;
    c->r->from = c->out->node[c->cache.from].name;
    if (mnq_training_init(&t->training, c->out, c->cache.from, c->cache.loss.logits.part[0].node, c->keep_w, c->keep_b,
                          c->arena, e) != 0 ||
        alloc_units(t, e) != 0)
        return -1;
    t->order = mnq_arena_array(c->arena, (size_t)c->cache.n_train, sizeof *t->order);
    if (t->order == NULL) return mnq_fail_nomem(e);
    t->trainer = mnq_trainer_new(&t->training, t->unit_w, t->unit_b, c->grid, c->o->threads, e);
    if (t->trainer == NULL) return -1;
    return mnq_tune_mean_init(&t->mean, &t->training, c->grid, (int)(c->o->mean * all_steps(t)), c->arena, e);
}

double mnq_tune_clock(void)
{
    struct timespec s;
    clock_gettime(CLOCK_MONOTONIC, &s);
    return (double)s.tv_sec + 1e-9 * (double)s.tv_nsec;
}

static int follow(struct tuning *t, struct mnq_err *e)
{
    const struct mnq_tune_course *c = t->c;
    struct mnq_tune_report *r = c->r;
    copy_best(t, false);
    if (mnq_tune_judge(&c->cache, t->trainer, c->o->threads, &r->before, e) != 0) return -1;
    t->at.best = r->before;
    if (resume(t, e) != 0) return -1;
    if (!t->at.second && train(t, c->o->rate, e) != 0) return -1;
    if (!t->at.second && c->grid == NULL && !r->stopped && !mnq_tune_better(&r->before, &t->at.best)) {
        copy_best(t, true);
        mnq_tune_mean_restart(&t->mean);
        t->at.second = true;
        t->at.step = 0;
    }
    if (t->at.second && train(t, c->o->rate * SMALLER, e) != 0) return -1;
    r->after = t->at.best;
    r->steps = (int)t->at.steps;
    r->best = (int)t->at.best_at;
    copy_best(t, true);
    return 0;
}

int mnq_tune_course(struct mnq_tune_course *c, struct mnq_err *e)
{
    struct tuning t = {.c = c};
    int rc = prepare(&t, e);
    if (rc == 0) rc = follow(&t, e);
    mnq_tune_journal_close(&t.journal);
    mnq_trainer_free(t.trainer);
    return rc;
}
