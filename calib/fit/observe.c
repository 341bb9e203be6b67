/* SPDX-License-Identifier: Apache-2.0
 * The float pass over the sample data. */
#include "observe.h"

#include "graph/float_worker.h"
#include "quantize/lower.h"
#include "split.h"
#include "util/spread.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Everything one thread accumulates. All of it is integers or extremes, so threads add up exactly in any order. */
struct worker {
    struct mnq_arena arena;
    struct mnq_float_worker net;
    struct mnq_hist *hist;
    float *pre_max;
    uint8_t *pixels;
    int slot; /* of the sample at work among the held ones, -1 = not held */
};

struct pass {
    const struct mnq_graph *g;
    const struct mnq_dataset *data;
    const struct mnq_preprocess *p;
    struct mnq_stats *stats;
    struct worker *worker;
    int total;   /* samples in the data set */
    bool groups; /* see slot_of() */
    mnq_progress *progress;
    void *progress_ctx;
    atomic_int done;
};

/* The mean over pixels of every channel of the pre-activation. */
static void put_means(int64_t *to, const float *x, struct mnq_shape s)
{
    int pixels = s.h * s.w;
    for (int c = 0; c < s.c; c++) {
        double mean = 0;
        for (int i = 0; i < pixels; i++) mean += (double)x[(size_t)i * (size_t)s.c + (size_t)c];
        mean /= pixels;
        to[c] = llround(ldexp(fmin(fmax(mean, -1e6), 1e6), 30));
    }
}

struct tap_ctx {
    struct pass *pass;
    struct worker *w;
};

static void tap(void *ctx, int node, enum mnq_tap_kind kind, const float *data)
{
    struct tap_ctx *t = ctx;
    const struct mnq_graph *g = t->pass->g;
    const struct mnq_node *nd = &g->node[node];
    struct worker *w = t->w;
    size_t n = mnq_elements(nd->out);
    bool linear = nd->act == MNQ_ACT_NONE;
    if (kind == MNQ_TAP_PRE || linear) {
        if (mnq_lower_needs_range(nd)) {
            float top = w->pre_max[node];
            for (size_t i = 0; i < n; i++) top = fmaxf(top, fabsf(data[i]));
            w->pre_max[node] = top;
        }
        int64_t *to = t->pass->stats->pre_q30[node];
        if (w->slot >= 0 && to != NULL) put_means(to + (size_t)w->slot * (size_t)nd->out.c, data, nd->out);
    }
    if (kind == MNQ_TAP_OUT && w->slot >= 0) {
        const struct mnq_stats *st = t->pass->stats;
        mnq_logits_keep(&st->judge, node, data, st->logits + (size_t)w->slot * st->judge.n);
    }
    if (kind == MNQ_TAP_OUT && mnq_lower_is_layer(g, node)) mnq_hist_add(&w->hist[node], data, nd->out.h * nd->out.w);
}

/* Slot of sample i among `held` of `samples`, or -1. `groups`: neighbours by fours, so that a slot's remainder is that of
 * the sample, and pictures that an earlier step held back (split.h) stay apart. */
static int slot_of(int i, int held, int samples, bool groups)
{
    enum { FOUR = MNQ_SPLIT_FOLDS };
    if (groups && held < samples) {
        int slot = slot_of(i / FOUR, held / FOUR, samples / FOUR, false);
        return slot >= 0 && i / FOUR < samples / FOUR ? slot * FOUR + i % FOUR : -1;
    }
    int64_t a = (int64_t)i * held / samples, b = (int64_t)(i + 1) * held / samples;
    return b > a ? (int)a : -1;
}

static int one_sample(void *ctx, int i, int worker, struct mnq_err *e)
{
    struct pass *ps = ctx;
    struct mnq_stats *st = ps->stats;
    struct worker *w = &ps->worker[worker];
    int index = (int)((int64_t)i * ps->total / st->samples);
    if (mnq_dataset_load(ps->data, index, ps->p, w->pixels, e) != 0) return -1;
    w->slot = slot_of(i, st->held, st->samples, ps->groups);
    struct tap_ctx t = {ps, w};
    mnq_float_worker_run(&w->net, ps->g, ps->p, w->pixels, tap, &t);
    int done = atomic_fetch_add(&ps->done, 1) + 1;
    if (worker == 0 && ps->progress != NULL)
        ps->progress(ps->progress_ctx, "observe", mnq_spread_done(done, st->samples), st->samples);
    if (w->slot >= 0 && st->label != NULL) st->label[w->slot] = mnq_dataset_label(ps->data, index);
    if (w->slot >= 0) memcpy(st->input + (size_t)w->slot * st->input_bytes, w->pixels, st->input_bytes);
    return 0;
}

static int init_worker(struct pass *ps, struct worker *w, struct mnq_err *e)
{
    const struct mnq_graph *g = ps->g;
    size_t n = (size_t)g->n;
    w->hist = mnq_arena_array(&w->arena, n, sizeof *w->hist);
    w->pre_max = mnq_arena_array(&w->arena, n, sizeof *w->pre_max);
    w->pixels = mnq_arena_alloc(&w->arena, ps->stats->input_bytes);
    if (w->hist == NULL || w->pre_max == NULL || w->pixels == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) {
        if (!mnq_lower_is_layer(g, i)) continue;
        if (mnq_hist_init(&w->hist[i], g->node[i].out.c, !mnq_node_nonnegative(g, i), &w->arena) != 0)
            return mnq_fail_nomem(e);
    }
    if (mnq_float_worker_init(&w->net, g, false, e) != 0) return -1;
    mnq_exec_keep_weights(w->net.exec);
    return 0;
}

/* What belongs to held samples, from the processes that ran them. */
static int gather_held(struct pass *ps, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_graph *g = ps->g;
    struct mnq_stats *st = ps->stats;
    const int ranks = mnq_spread_processes();
    struct mnq_spread_part *part = mnq_arena_array(arena, (size_t)g->n + 3, sizeof *part);
    int *start = mnq_arena_array(arena, (size_t)ranks + 1, sizeof *start), n = 0, slot = 0;
    if (part == NULL || start == NULL) return mnq_fail_nomem(e);
    for (int r = 0; r < ranks; r++) { /* slots rise with the samples */
        start[r] = slot;
        for (int i = mnq_spread_start(st->samples, r); i < mnq_spread_start(st->samples, r + 1); i++)
            slot += slot_of(i, st->held, st->samples, ps->groups) >= 0;
    }
    start[ranks] = slot;
    part[n++] = (struct mnq_spread_part){st->input, st->input_bytes};
    part[n++] = (struct mnq_spread_part){st->logits, st->judge.n * sizeof *st->logits};
    if (st->label != NULL) part[n++] = (struct mnq_spread_part){st->label, sizeof *st->label};
    for (int i = 0; i < g->n; i++)
        if (st->pre_q30[i] != NULL)
            part[n++] = (struct mnq_spread_part){st->pre_q30[i], (size_t)g->node[i].out.c * sizeof **st->pre_q30};
    return mnq_spread_gather(part, n, slot, start, e);
}

/* Adds all workers and processes up and moves the result to stats. */
static int finish(struct pass *ps, int threads, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_graph *g = ps->g;
    struct mnq_stats *st = ps->stats;
    float *top = mnq_arena_array(arena, (size_t)g->n, sizeof *top);
    if (top == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) {
        if (!mnq_lower_is_layer(g, i)) continue;
        int channels = g->node[i].out.c;
        if (mnq_hist_init(&st->hist[i], channels, !mnq_node_nonnegative(g, i), arena) != 0) return mnq_fail_nomem(e);
        for (int t = 0; t < threads; t++) {
            struct worker *w = &ps->worker[t];
            mnq_hist_merge(&st->hist[i], &w->hist[i]);
            top[i] = fmaxf(top[i], w->pre_max[i]);
        }
    }
    const struct mnq_spread_array tops = {top, (size_t)g->n, MNQ_SPREAD_MAX_F32};
    if (mnq_hist_spread(st->hist, g->n, e) != 0 || mnq_spread_sum(&tops, 1, e) != 0) return -1;
    for (int i = 0; i < g->n; i++) st->pre_max[i] = (double)top[i];
    return gather_held(ps, arena, e);
}

int mnq_observe_run(const struct mnq_graph *g, const struct mnq_dataset *data, const struct mnq_preprocess *p,
                    const struct mnq_calib_opts *o, int max_held, struct mnq_stats *stats, struct mnq_arena *arena,
                    mnq_progress *progress, void *progress_ctx, struct mnq_err *e)
{
    int total = mnq_dataset_count(data), threads = o->threads > 0 ? o->threads : 1;
    if (total == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "no samples to calibrate on");
    size_t n = (size_t)g->n;
    *stats = (struct mnq_stats){.samples = o->samples > 0 && o->samples < total ? o->samples : total};
    stats->held = stats->samples < max_held ? stats->samples : max_held;
    if (o->against != NULL && stats->held < stats->samples) stats->held -= stats->held % MNQ_SPLIT_FOLDS;
    stats->input_bytes = mnq_elements(g->node[0].out);
    stats->channels = g->node[0].out.c;
    stats->judge = mnq_logits_of(g, o->task);
    stats->hist = mnq_arena_array(arena, n, sizeof *stats->hist);
    stats->pre_max = mnq_arena_array(arena, n, sizeof *stats->pre_max);
    stats->pre_q30 = mnq_arena_array(arena, n, sizeof *stats->pre_q30);
    for (int i = 0; stats->pre_q30 != NULL && i < g->n; i++) {
        if (!mnq_lower_is_layer(g, i) || !mnq_lower_has_weights(g, i)) continue;
        stats->pre_q30[i] = mnq_arena_array(arena, (size_t)stats->held * (size_t)g->node[i].out.c, sizeof **stats->pre_q30);
        if (stats->pre_q30[i] == NULL) return mnq_fail_nomem(e);
    }
    stats->input = mnq_arena_array(arena, (size_t)stats->held, stats->input_bytes);
    stats->logits = mnq_arena_array(arena, (size_t)stats->held * stats->judge.n, sizeof *stats->logits);
    if (mnq_logits_are_named(&stats->judge, mnq_dataset_classes(data), mnq_dataset_class(data, 0) != NULL))
        stats->label = mnq_arena_array(arena, (size_t)stats->held, sizeof *stats->label);
    struct worker *worker = calloc((size_t)threads, sizeof *worker);
    int rc = -1;
    if (stats->hist == NULL || stats->pre_max == NULL || stats->pre_q30 == NULL || stats->input == NULL ||
        stats->logits == NULL || worker == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    struct pass ps = {.g = g,
                      .data = data,
                      .p = p,
                      .stats = stats,
                      .worker = worker,
                      .total = total,
                      .groups = o->against != NULL,
                      .progress = progress,
                      .progress_ctx = progress_ctx};
    for (int t = 0; t < threads; t++)
        if (init_worker(&ps, &worker[t], e) != 0) goto done;
    struct mnq_spread_job job = {.n = stats->samples, .threads = threads, .work = one_sample, .ctx = &ps};
    if (mnq_spread_for(&job, e) == 0) rc = finish(&ps, threads, arena, e);
    if (rc == 0) rc = mnq_logits_set_mean(&stats->judge, stats->logits, stats->held, arena, e);
done:
    for (int t = 0; worker != NULL && t < threads; t++) {
        mnq_float_worker_free(&worker[t].net);
        mnq_arena_free(&worker[t].arena);
    }
    free(worker);
    return rc;
}
