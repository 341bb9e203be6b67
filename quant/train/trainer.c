/* SPDX-License-Identifier: Apache-2.0
 * Steps of training: pictures in batches, gradients in a fixed order, Adam. */
#include "train/trainer.h"

#include "train/adam.h"
#include "util/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mnq_trainer {
    struct mnq_training *t;
    int threads, step;
    struct mnq_arena arena;
    struct mnq_backward *space[MNQ_TRAIN_GROUPS];
    struct mnq_gradients sum[MNQ_TRAIN_GROUPS]; /* into `all` */
    float *all;                                 /* [MNQ_TRAIN_GROUPS][values] gradients of everything that is trained */
    size_t values;
    struct mnq_adam *w, *b;             /* [g->n] */
    struct mnq_train_grid *const *grid; /* [g->n] or NULL */
    /* the step at work */
    int n;
    mnq_train_picture *picture;
    void *ctx;
    double loss[MNQ_TRAIN_GROUPS];
    float rate;
    bool wrong[MNQ_TRAIN_GROUPS];
};

static int init_adam(struct mnq_trainer *t, struct mnq_adam *a, float *value, float *gradient, size_t n, const float *unit,
                     size_t units)
{
    *a = (struct mnq_adam){.value = value, .gradient = gradient, .unit = unit, .n = n, .units = units};
    a->mean = mnq_arena_array(&t->arena, n, sizeof *a->mean);
    a->square = mnq_arena_array(&t->arena, n, sizeof *a->square);
    return a->mean == NULL || a->square == NULL ? -1 : 0;
}

/* Gradients of n values, so that what comes behind them is aligned. */
static size_t padded(size_t n)
{
    return (n + 15) / 16 * 16;
}

/* Gradient sums of all groups: those of a group one after the other. */
static int init_sums(struct mnq_trainer *t, struct mnq_err *e)
{
    const struct mnq_training *tr = t->t;
    const struct mnq_graph *g = tr->g;
    for (int i = tr->from; i <= tr->last; i++) {
        if (tr->trains_w[i]) t->values += padded(mnq_node_weights(g, &g->node[i]));
        if (tr->trains_b[i]) t->values += padded((size_t)g->node[i].out.c);
    }
    t->all = mnq_arena_array(&t->arena, MNQ_TRAIN_GROUPS * t->values, sizeof *t->all);
    if (t->all == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < MNQ_TRAIN_GROUPS; k++) {
        struct mnq_gradients *d = &t->sum[k];
        float *to = t->all + (size_t)k * t->values;
        d->w = mnq_arena_array(&t->arena, (size_t)g->n, sizeof *d->w);
        d->b = mnq_arena_array(&t->arena, (size_t)g->n, sizeof *d->b);
        if (d->w == NULL || d->b == NULL) return mnq_fail_nomem(e);
        for (int i = tr->from; i <= tr->last; i++) {
            if (tr->trains_w[i]) {
                d->w[i] = to;
                to += padded(mnq_node_weights(g, &g->node[i]));
            }
            if (tr->trains_b[i]) {
                d->b[i] = to;
                to += padded((size_t)g->node[i].out.c);
            }
        }
    }
    return 0;
}

struct mnq_trainer *mnq_trainer_new(struct mnq_training *training, float *const *unit_w, float *const *unit_b,
                                    struct mnq_train_grid *const *grid, int threads, struct mnq_err *e)
{
    const struct mnq_graph *g = training->g;
    struct mnq_trainer *t = calloc(1, sizeof *t);
    int rc = t == NULL ? -1 : 0;
    if (t != NULL) {
        t->t = training;
        t->threads = threads;
        t->grid = grid;
        t->w = mnq_arena_array(&t->arena, (size_t)g->n, sizeof *t->w);
        t->b = mnq_arena_array(&t->arena, (size_t)g->n, sizeof *t->b);
        rc = t->w == NULL || t->b == NULL ? -1 : 0;
    }
    if (rc != 0) {
        mnq_fail_nomem(e);
        mnq_trainer_free(t);
        return NULL;
    }
    for (int k = 0; k < MNQ_TRAIN_GROUPS && rc == 0; k++) {
        t->space[k] = mnq_backward_new(training, e);
        rc = t->space[k] == NULL ? -1 : 0;
    }
    if (rc == 0) rc = init_sums(t, e);
    for (int i = training->from; i <= training->last && rc == 0; i++) {
        const struct mnq_node *nd = &g->node[i];
        size_t c = (size_t)nd->out.c;
        if (training->trains_w[i] &&
            init_adam(t, &t->w[i], nd->w, t->sum[0].w[i], mnq_node_weights(g, nd), unit_w[i], c) != 0)
            rc = mnq_fail_nomem(e);
        if (rc == 0 && training->trains_b[i] && init_adam(t, &t->b[i], nd->b, t->sum[0].b[i], c, unit_b[i], c) != 0)
            rc = mnq_fail_nomem(e);
    }
    if (rc == 0) return t;
    mnq_trainer_free(t);
    return NULL;
}

void mnq_trainer_free(struct mnq_trainer *t)
{
    if (t == NULL) return;
    for (int k = 0; k < MNQ_TRAIN_GROUPS; k++) mnq_backward_free(t->space[k]);
    mnq_arena_free(&t->arena);
    free(t);
}

void mnq_trainer_state(struct mnq_trainer *t, void (*hold)(void *ctx, void *p, size_t n), void *ctx)
{
    for (int i = t->t->from; i <= t->t->last; i++) {
        struct mnq_train_grid *grid = t->grid != NULL ? t->grid[i] : NULL;
        if (grid != NULL) hold(ctx, grid->code, grid->of_value.n * sizeof *grid->code);
        const struct mnq_adam *all[] = {&t->w[i], &t->b[i], grid != NULL ? &grid->of_value : NULL,
                                        grid != NULL ? &grid->of_level : NULL};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
            const struct mnq_adam *a = all[k];
            if (a == NULL || a->n == 0) continue;
            hold(ctx, a->value, a->n * sizeof *a->value);
            hold(ctx, a->mean, a->n * sizeof *a->mean);
            hold(ctx, a->square, a->n * sizeof *a->square);
        }
    }
}

void mnq_trainer_resume(struct mnq_trainer *t, int steps)
{
    t->step = steps;
}

struct mnq_backward *mnq_trainer_space(struct mnq_trainer *t, int group)
{
    return t->space[group];
}

/* The group's share of the batch, in order. */
static int run_group(void *ctx, int k, int worker, struct mnq_err *e)
{
    (void)worker;
    (void)e;
    struct mnq_trainer *t = ctx;
    memset(t->all + (size_t)k * t->values, 0, t->values * sizeof *t->all);
    t->loss[k] = 0;
    for (int i = t->n * k / MNQ_TRAIN_GROUPS; i < t->n * (k + 1) / MNQ_TRAIN_GROUPS; i++) {
        t->loss[k] += t->picture(t->ctx, i, t->space[k]);
        mnq_backward_run(t->space[k], &t->sum[k]);
    }
    return 0;
}

/* Adds the groups' gradients of node i, where no other processes did, and takes the step. */
static int step_node(void *ctx, int i, int worker, struct mnq_err *e)
{
    (void)worker;
    struct mnq_trainer *t = ctx;
    struct mnq_adam *both[2] = {&t->w[i], &t->b[i]};
    for (int p = 0; p < 2; p++) {
        struct mnq_adam *a = both[p];
        float check = 0;
        for (int k = 1; k < MNQ_TRAIN_GROUPS && mnq_spread_processes() == 1; k++) {
            const float *more = p == 0 ? t->sum[k].w[i] : t->sum[k].b[i];
            for (size_t j = 0; j < a->n; j++) a->gradient[j] += more[j];
        }
        for (size_t j = 0; j < a->n; j++) a->gradient[j] /= (float)t->n;
        if (a->n == 0) continue;
        if (p == 0 && t->grid != NULL && t->grid[i] != NULL)
            mnq_train_grid_step(t->grid[i], a->gradient, a->value, t->rate, t->step);
        else mnq_adam_step(a, t->rate, t->step, p == 0);
        for (size_t j = 0; j < a->n; j++) check += a->value[j] * 0.0f; /* NaN and infinity stay what they are */
        if (check != 0.0f)
            return mnq_fail(e, MNQ_EXIT_FAILED, "training diverged: layer '%s' got weights that are not finite",
                            t->t->g->node[i].name);
    }
    return 0;
}

int mnq_trainer_step(struct mnq_trainer *t, int n, mnq_train_picture *picture, void *ctx, float rate, double *loss,
                     struct mnq_err *e)
{
    t->n = n;
    t->picture = picture;
    t->ctx = ctx;
    t->rate = rate;
    t->step++;
    const struct mnq_spread_part part = {t->loss, sizeof *t->loss};
    struct mnq_spread_job job = {
        .n = MNQ_TRAIN_GROUPS, .threads = t->threads, .work = run_group, .ctx = t, .part = &part, .n_parts = 1};
    if (mnq_training_settle(t->t, t->threads, e) != 0 || mnq_spread_for(&job, e) != 0) return -1;
    if (mnq_spread_processes() > 1 && mnq_spread_fold(t->all, MNQ_TRAIN_GROUPS, t->values, e) != 0) return -1;
    *loss = 0;
    for (int k = 0; k < MNQ_TRAIN_GROUPS; k++) *loss += t->loss[k] / n;
    if (!isfinite(*loss)) return mnq_fail(e, MNQ_EXIT_FAILED, "training diverged: the loss is not finite");
    return mnq_pool_for(t->t->g->n, t->threads, step_node, t, e);
}
