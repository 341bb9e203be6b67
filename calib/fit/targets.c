/* SPDX-License-Identifier: Apache-2.0
 * What the float network makes of the held samples: pre-activations at sampled pixels, the targets of the re-fit.
 *
 * All layers' rows together would be some hundred megabytes, so they are made for a few layers at a time: running the float
 * network again costs less than keeping its tensors. */
#include "targets.h"

#include "graph/float_worker.h"
#include "util/spread.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MIN = 8192, ROWS_PER_INPUT = 12 };
static const size_t GROUP_BYTES = (size_t)96 << 20;

struct mnq_targets {
    const struct mnq_lowering *l;
    const struct mnq_stats *stats;
    int samples, threads;
    struct mnq_split split;
    int first, last;              /* nodes first .. last - 1 are at hand */
    float **y;                    /* [g->n] */
    struct mnq_spread_part *part; /* [g->n] those that there are */
    int n_parts;
    struct mnq_float_worker *worker; /* [threads] */
    struct mnq_arena arena;          /* the above */
    struct mnq_arena group;          /* y's arrays */
};

struct mnq_pixels mnq_pixels_for(const struct mnq_graph *g, int node, int samples)
{
    const struct mnq_node *nd = &g->node[node];
    size_t c = (size_t)g->node[nd->in[0]].out.c;
    struct mnq_pixels p = {.pixels = (size_t)nd->out.h * (size_t)nd->out.w};
    size_t want = ROWS_PER_INPUT * c > ROWS_MIN ? ROWS_PER_INPUT * c : ROWS_MIN;
    p.per = (want + (size_t)samples - 1) / (size_t)samples;
    if (p.per > p.pixels) p.per = p.pixels;
    return p;
}

size_t mnq_pixel(const struct mnq_pixels *p, int s, size_t k)
{
    /* golden-section offsets decorrelate the grid from sample to sample */
    return (k * p->pixels / p->per + (size_t)s * 2654435761u % (p->pixels / p->per)) % p->pixels;
}

struct tap_ctx {
    struct mnq_targets *t;
    int sample;
};

static void tap(void *ctx, int node, enum mnq_tap_kind kind, const float *data)
{
    const struct tap_ctx *x = ctx;
    const struct mnq_graph *g = x->t->l->g;
    const struct mnq_node *nd = &g->node[node];
    if (x->t->y[node] == NULL || (kind == MNQ_TAP_OUT && nd->act != MNQ_ACT_NONE)) return;
    struct mnq_pixels p = mnq_pixels_for(g, node, x->t->samples);
    size_t c = (size_t)nd->out.c;
    float *to = x->t->y[node] + (size_t)x->sample * p.per * c;
    for (size_t k = 0; k < p.per; k++, to += c) memcpy(to, data + mnq_pixel(&p, x->sample, k) * c, c * sizeof *to);
}

static int one_sample(void *ctx, int s, int w, struct mnq_err *e)
{
    (void)e;
    struct mnq_targets *t = ctx;
    struct tap_ctx x = {t, s};
    const uint8_t *picture = t->stats->input + (size_t)mnq_fit_sample(s, t->split) * t->stats->input_bytes;
    mnq_float_worker_run(&t->worker[w], t->l->g, t->l->p, picture, tap, &x);
    return 0;
}

/* Makes the targets of the nodes from `node` on that fit. */
static int fill_group(struct mnq_targets *t, int node, struct mnq_err *e)
{
    const struct mnq_graph *g = t->l->g;
    size_t used = 0;
    mnq_arena_free(&t->group);
    memset(t->y, 0, (size_t)g->n * sizeof *t->y);
    t->first = node;
    t->n_parts = 0;
    for (t->last = node; t->last < g->n; t->last++) {
        if (!mnq_lower_is_pointwise(g, t->last)) continue;
        size_t rows = mnq_pixels_for(g, t->last, t->samples).per * (size_t)t->samples;
        size_t bytes = rows * (size_t)g->node[t->last].out.c * sizeof(float);
        if (used > 0 && used + bytes > GROUP_BYTES) break;
        used += bytes;
        t->y[t->last] = mnq_arena_array(&t->group, bytes / sizeof(float), sizeof(float));
        if (t->y[t->last] == NULL) return mnq_fail_nomem(e);
        t->part[t->n_parts++] = (struct mnq_spread_part){t->y[t->last], bytes / (size_t)t->samples};
    }
    struct mnq_spread_job job = {
        .n = t->samples, .threads = t->threads, .work = one_sample, .ctx = t, .part = t->part, .n_parts = t->n_parts};
    return mnq_spread_for(&job, e);
}

struct mnq_targets *mnq_targets_new(const struct mnq_lowering *l, const struct mnq_stats *stats, int samples,
                                    struct mnq_split split, int threads, struct mnq_err *e)
{
    struct mnq_targets *t = calloc(1, sizeof *t);
    if (t == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    *t = (struct mnq_targets){.l = l, .stats = stats, .samples = samples, .split = split, .threads = threads};
    t->y = mnq_arena_array(&t->arena, (size_t)l->g->n, sizeof *t->y);
    t->worker = mnq_arena_array(&t->arena, (size_t)threads, sizeof *t->worker);
    t->part = mnq_arena_array(&t->arena, (size_t)l->g->n, sizeof *t->part);
    if (t->y == NULL || t->worker == NULL || t->part == NULL) {
        mnq_fail_nomem(e);
        goto fail;
    }
    for (int w = 0; w < threads; w++) {
        if (mnq_float_worker_init(&t->worker[w], l->g, false, e) != 0) goto fail;
        mnq_exec_keep_weights(t->worker[w].exec);
    }
    return t;
fail:
    mnq_targets_free(t);
    return NULL;
}

void mnq_targets_free(struct mnq_targets *t)
{
    if (t == NULL) return;
    for (int w = 0; t->worker != NULL && w < t->threads; w++) mnq_float_worker_free(&t->worker[w]);
    mnq_arena_free(&t->group);
    mnq_arena_free(&t->arena);
    free(t);
}

const float *mnq_targets_of(struct mnq_targets *t, int node, struct mnq_err *e)
{
    if ((node < t->first || node >= t->last) && fill_group(t, node, e) != 0) return NULL;
    return t->y[node];
}
