/* SPDX-License-Identifier: Apache-2.0
 * Parts of the samples: cropping, and both networks over them. */
#include "views.h"

#include "drop.h"
#include "graph/float_worker.h"
#include "host.h"
#include "image_resize.h"
#include "quantize/lower.h"
#include "pack/qrun.h"
#include "util/pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A side of a view is PART / WHOLE of the sample's. */
enum { PART = 2, WHOLE = 3, PLACES = 5 };

static int part_of(int side)
{
    int n = side * PART / WHOLE;
    return n > 0 ? n : 1;
}

/* View i, [h][w][c] like the samples themselves; `part` holds as many bytes. */
static int make_view(const struct mnq_views *v, int i, uint8_t *part, uint8_t *view, struct mnq_err *e)
{
    static const int down[PLACES] = {1, 0, 0, 2, 2}, right[PLACES] = {1, 0, 2, 0, 2}; /* halves of the room left */
    struct mnq_shape in = v->g->node[0].out;
    struct mnq_image im = {.h = part_of(in.h), .w = part_of(in.w), .c = in.c, .data = part};
    size_t row = (size_t)in.w * (size_t)in.c, length = (size_t)im.w * (size_t)in.c;
    const uint8_t *from = v->stats->input + (size_t)(i / v->per) * v->stats->input_bytes;
    from += (size_t)((in.h - im.h) * down[i % PLACES] / 2) * row;
    from += (size_t)((in.w - im.w) * right[i % PLACES] / 2) * (size_t)in.c;
    for (int y = 0; y < im.h; y++) memcpy(part + (size_t)y * length, from + (size_t)y * row, length);
    return mnq_image_fit(&im, in.h, in.w, MNQ_RESIZE_STRETCH, MNQ_FILTER_PIL, view, e);
}

static int count(const struct mnq_views *v)
{
    return v->stats->held * v->per;
}

/* One thread's buffers. */
struct worker {
    struct mnq_arena arena;
    struct mnq_float_worker net;
    uint8_t *part, *view, **tensor;
};

struct pass {
    const struct mnq_views *v;
    const struct mnq_qmodel *q;
    struct mnq_qready **ready; /* [q->n_layers] */
    struct worker *worker;
    float *want, *got;
    mnq_progress *progress;
    void *progress_ctx;
    atomic_int done;
};

static void worker_free(struct worker *w)
{
    mnq_float_worker_free(&w->net);
    mnq_arena_free(&w->arena);
}

static int worker_init(struct worker *w, const struct pass *ps, struct mnq_err *e)
{
    size_t bytes = ps->v->stats->input_bytes;
    w->part = mnq_arena_alloc(&w->arena, bytes);
    w->view = mnq_arena_alloc(&w->arena, bytes);
    if (w->part == NULL || w->view == NULL) return mnq_fail_nomem(e);
    if (ps->q == NULL) return mnq_float_worker_init(&w->net, ps->v->g, false, e);
    w->tensor = mnq_arena_array(&w->arena, (size_t)ps->q->n_tensors, sizeof *w->tensor);
    for (int t = 0; w->tensor != NULL && t < ps->q->n_tensors; t++)
        if ((w->tensor[t] = mnq_arena_alloc(&w->arena, mnq_qtensor_bytes(&ps->q->tensor[t]))) == NULL)
            return mnq_fail_nomem(e);
    return w->tensor == NULL ? mnq_fail_nomem(e) : 0;
}

struct keep_ctx {
    int node;
    float *to;
    size_t n;
};

static void keep(void *ctx, int node, enum mnq_tap_kind kind, const float *data)
{
    const struct keep_ctx *k = ctx;
    if (kind == MNQ_TAP_OUT && node == k->node) memcpy(k->to, data, k->n * sizeof *data);
}

static int float_view(void *ctx, int i, int worker, struct mnq_err *e)
{
    struct pass *ps = ctx;
    const struct mnq_views *v = ps->v;
    struct worker *w = &ps->worker[worker];
    size_t n = v->stats->judge.n;
    struct keep_ctx k = {v->stats->judge.node, ps->want + (size_t)i * n, n};
    if (make_view(v, i, w->part, w->view, e) != 0) return -1;
    mnq_float_worker_run(&w->net, v->g, v->p, w->view, keep, &k);
    int done = atomic_fetch_add(&ps->done, 1) + 1;
    if (worker == 0 && ps->progress != NULL) ps->progress(ps->progress_ctx, "views", done, count(v));
    return 0;
}

static int integer_view(void *ctx, int i, int worker, struct mnq_err *e)
{
    struct pass *ps = ctx;
    const struct mnq_views *v = ps->v;
    const struct mnq_qmodel *q = ps->q;
    struct worker *w = &ps->worker[worker];
    int logits = mnq_lower_tensor_index(v->g, v->stats->judge.node);
    if (make_view(v, i, w->part, w->tensor[q->input], e) != 0) return -1;
    for (int k = 0; k < q->n_layers; k++) {
        const struct mnq_qlayer *l = &q->layer[k];
        mnq_qready_run(ps->ready[k], worker, w->tensor[l->out], w->tensor[l->in0], l->in1 < 0 ? NULL : w->tensor[l->in1]);
    }
    mnq_dequantize(&q->tensor[logits], w->tensor[logits], ps->got + (size_t)i * v->stats->judge.n);
    return 0;
}

static int run(struct pass *ps, mnq_work *item, struct mnq_err *e)
{
    int threads = ps->v->threads, rc = -1, t = 0;
    ps->worker = calloc((size_t)threads, sizeof *ps->worker);
    if (ps->worker == NULL) return mnq_fail_nomem(e);
    for (; t < threads; t++)
        if (worker_init(&ps->worker[t], ps, e) != 0) goto done;
    rc = mnq_pool_for(count(ps->v), threads, item, ps, e);
done:
    for (t = 0; t < threads; t++) worker_free(&ps->worker[t]);
    free(ps->worker);
    return rc;
}

/* A view has the label of its sample. */
static int fit_temperature(struct mnq_views *v, struct mnq_err *e)
{
    int *label = calloc((size_t)count(v), sizeof *label);
    if (label == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < count(v); i++) label[i] = v->stats->label[i / v->per];
    v->temperature = mnq_fit_temperature(v->want, label, count(v), v->stats->judge.task.out.c);
    free(label);
    return 0;
}

int mnq_views_make(const struct mnq_graph *g, const struct mnq_preprocess *p, const struct mnq_stats *stats, int per,
                   int threads, struct mnq_views *v, struct mnq_arena *arena, mnq_progress *progress, void *progress_ctx,
                   struct mnq_err *e)
{
    *v = (struct mnq_views){.g = g, .p = p, .stats = stats, .per = per, .threads = threads, .temperature = 1};
    v->want = mnq_arena_array(arena, (size_t)count(v) * stats->judge.n, sizeof *v->want);
    struct pass ps = {.v = v, .want = v->want, .progress = progress, .progress_ctx = progress_ctx};
    if (v->want == NULL) return mnq_fail_nomem(e);
    if (run(&ps, float_view, e) != 0) return -1;
    return stats->label == NULL ? 0 : fit_temperature(v, e);
}

int mnq_views_drop(const struct mnq_views *v, const struct mnq_qmodel *q, double *drop, struct mnq_err *e)
{
    struct pass ps = {.v = v, .q = q};
    ps.got = calloc((size_t)count(v) * v->stats->judge.n, sizeof *ps.got);
    ps.ready = calloc((size_t)q->n_layers, sizeof *ps.ready);
    int rc = ps.got == NULL || ps.ready == NULL ? mnq_fail_nomem(e) : 0;
    for (int k = 0; k < q->n_layers && rc == 0; k++)
        if ((ps.ready[k] = mnq_qready_new(q, &q->layer[k], mnq_kernels_best(), v->threads, e)) == NULL) rc = -1;
    if (rc == 0) rc = run(&ps, integer_view, e);
    for (int k = 0; k < q->n_layers && ps.ready != NULL; k++) mnq_qready_free(ps.ready[k]);
    free(ps.ready);
    if (rc == 0) *drop = mnq_task_drop(&v->stats->judge, v->want, ps.got, count(v), v->temperature);
    free(ps.got);
    return rc;
}
