/* SPDX-License-Identifier: Apache-2.0
 * Parts of the samples: cropping, and both networks over them. */
#include "views.h"

#include "drop.h"
#include "graph/float_worker.h"
#include "host.h"
#include "image_resize.h"
#include "quantize/lower.h"
#include "pack/qrun.h"
#include "util/spread.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 5 };

static int part_of(const struct mnq_views *v, int side)
{
    int n = side * v->part / v->whole;
    return n > 0 ? n : 1;
}

/* Views of one picture, and of all. */
static int each(const struct mnq_views *v)
{
    return v->per > 0 ? v->per : 1;
}

static int count(const struct mnq_views *v)
{
    return v->shots.n * each(v);
}

size_t mnq_views_floats(const struct mnq_views *v)
{
    return (size_t)count(v) * v->judge.n;
}

/* View i, [h][w][c] like the samples themselves; `part` holds as many bytes. */
static int make_view(const struct mnq_views *v, int i, uint8_t *part, uint8_t *view, struct mnq_err *e)
{
    static const int down[PLACES] = {1, 0, 0, 2, 2}, right[PLACES] = {1, 0, 2, 0, 2}; /* halves of the room left */
    struct mnq_shape in = v->in;
    struct mnq_image im = {.h = part_of(v, in.h), .w = part_of(v, in.w), .c = in.c, .data = part};
    size_t row = (size_t)in.w * (size_t)in.c, length = (size_t)im.w * (size_t)in.c;
    const uint8_t *from = v->shots.input + (size_t)(i / each(v)) * v->shots.bytes;
    if (v->per == 0) {
        memcpy(view, from, v->shots.bytes);
        return 0;
    }
    from += (size_t)((in.h - im.h) * down[i % PLACES] / 2) * row;
    from += (size_t)((in.w - im.w) * right[i % PLACES] / 2) * (size_t)in.c;
    for (int y = 0; y < im.h; y++) memcpy(part + (size_t)y * length, from + (size_t)y * row, length);
    return mnq_image_fit(&im, in.h, in.w, MNQ_RESIZE_STRETCH, MNQ_FILTER_PIL, view, e);
}

/* One thread's buffers. */
struct worker {
    struct mnq_arena arena;
    struct mnq_float_worker net;
    uint8_t *part, *view, **tensor;
};

struct pass {
    const struct mnq_views *v;
    const struct mnq_graph *g;
    const struct mnq_qmodel *q; /* or NULL: g itself */
    struct mnq_logits asked;    /* g's logits */
    struct mnq_split split;
    struct mnq_qready **ready; /* [q->n_layers] */
    struct worker *worker;
    float *got;
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
    size_t bytes = ps->v->shots.bytes;
    w->part = mnq_arena_alloc(&w->arena, bytes);
    w->view = mnq_arena_alloc(&w->arena, bytes);
    if (w->part == NULL || w->view == NULL) return mnq_fail_nomem(e);
    if (ps->q == NULL) {
        if (mnq_float_worker_init(&w->net, ps->g, false, e) != 0) return -1;
        mnq_exec_keep_weights(w->net.exec);
        return 0;
    }
    w->tensor = mnq_arena_array(&w->arena, (size_t)ps->q->n_tensors, sizeof *w->tensor);
    for (int t = 0; w->tensor != NULL && t < ps->q->n_tensors; t++)
        if ((w->tensor[t] = mnq_arena_alloc(&w->arena, mnq_qtensor_bytes(&ps->q->tensor[t]))) == NULL)
            return mnq_fail_nomem(e);
    return w->tensor == NULL ? mnq_fail_nomem(e) : 0;
}

struct keep_ctx {
    const struct mnq_logits *asked;
    float *to;
};

static void keep(void *ctx, int node, enum mnq_tap_kind kind, const float *data)
{
    const struct keep_ctx *k = ctx;
    if (kind == MNQ_TAP_OUT) mnq_logits_keep(k->asked, node, data, k->to);
}

static int float_view(const struct pass *ps, int i, struct worker *w, float *to, struct mnq_err *e)
{
    struct keep_ctx k = {&ps->asked, to};
    if (make_view(ps->v, i, w->part, w->view, e) != 0) return -1;
    mnq_float_worker_run(&w->net, ps->g, ps->v->p, w->view, keep, &k);
    return 0;
}

static int integer_view(const struct pass *ps, int i, int worker, float *to, struct mnq_err *e)
{
    const struct mnq_qmodel *q = ps->q;
    struct worker *w = &ps->worker[worker];
    if (make_view(ps->v, i, w->part, w->tensor[q->input], e) != 0) return -1;
    for (int k = 0; k < q->n_layers; k++) {
        const struct mnq_qlayer *l = &q->layer[k];
        mnq_qready_run(ps->ready[k], worker, w->tensor[l->out], w->tensor[l->in0], l->in1 < 0 ? NULL : w->tensor[l->in1]);
    }
    for (int k = 0; k < ps->asked.n_parts; k++) {
        int t = mnq_lower_tensor_index(ps->g, ps->asked.part[k].node);
        mnq_dequantize(&q->tensor[t], w->tensor[t], to + ps->asked.part[k].first);
    }
    return 0;
}

static int one_view(void *ctx, int i, int worker, struct mnq_err *e)
{
    struct pass *ps = ctx;
    const struct mnq_views *v = ps->v;
    float *to = ps->got + (size_t)i * v->judge.n;
    int rc = 0;
    if (ps->split.every <= 1 || mnq_held_back(ps->split, i / each(v)))
        rc = ps->q != NULL ? integer_view(ps, i, worker, to, e) : float_view(ps, i, &ps->worker[worker], to, e);
    int done = atomic_fetch_add(&ps->done, 1) + 1;
    if (worker == 0 && ps->progress != NULL)
        ps->progress(ps->progress_ctx, "views", mnq_spread_done(done, count(v)), count(v));
    return rc;
}

static int run(struct pass *ps, struct mnq_err *e)
{
    int threads = ps->v->threads, rc = -1, t = 0;
    ps->worker = calloc((size_t)threads, sizeof *ps->worker);
    if (ps->worker == NULL) return mnq_fail_nomem(e);
    for (; t < threads; t++)
        if (worker_init(&ps->worker[t], ps, e) != 0) goto done;
    const struct mnq_spread_part part = {ps->got, ps->v->judge.n * sizeof *ps->got};
    struct mnq_spread_job job = {
        .n = count(ps->v), .threads = threads, .work = one_view, .ctx = ps, .part = &part, .n_parts = 1};
    rc = mnq_spread_for(&job, e);
done:
    for (t = 0; t < threads; t++) worker_free(&ps->worker[t]);
    free(ps->worker);
    return rc;
}

/* A view has the label of its sample. */
static int fit_temperature(struct mnq_views *v, struct mnq_err *e)
{
    int *label = calloc((size_t)count(v), sizeof *label);
    float *first = mnq_logits_column(&v->judge, 0, v->want, count(v));
    int rc = label == NULL || first == NULL ? mnq_fail_nomem(e) : 0;
    for (int i = 0; rc == 0 && i < count(v); i++) label[i] = v->shots.label[i / each(v)];
    if (rc == 0) v->temperature = mnq_fit_temperature(first, label, count(v), v->judge.part[0].task.out.c);
    free(label);
    free(first);
    return rc;
}

/* ---- how large the parts are ---- */

enum { PROBES = 50 }; /* pictures that tell whether parts are recognized */
/* Share of the parts that the network has to take for what it takes the picture for. Photographs of flowers: 85 to 91 %. */
static const double RECOGNIZED = 0.75;

/* Of so many pictures one is asked. */
static int every(const struct mnq_views *v)
{
    return v->shots.n > PROBES ? v->shots.n / PROBES : 1;
}

/* The answers to whole pictures. */
static int ask_wholes(const struct pass *views, float *got, struct mnq_err *e)
{
    struct mnq_views pictures = *views->v;
    struct pass ps = *views;
    pictures.per = 0;
    ps.v = &pictures;
    ps.got = got;
    ps.split = (struct mnq_split){every(&pictures), 0};
    ps.progress = NULL;
    return run(&ps, e);
}

/* Whether they are, by the first output; `want` holds the answers to the parts, `wholes` those to the pictures. */
static bool recognized(const struct mnq_views *v, const float *wholes)
{
    const struct mnq_logits first = mnq_logits_alone(&v->judge, 0);
    int same = 0, n = 0;
    for (int i = 0; i < count(v); i++) {
        if (i / each(v) % every(v) != 0) continue;
        const float *whole = wholes + (size_t)(i / each(v)) * v->judge.n, *part = v->want + (size_t)i * v->judge.n;
        same += !(mnq_task_drop(&first, whole, part, 1, 1) > 0);
        n++;
    }
    return same >= RECOGNIZED * n;
}

/* Asks about parts as small as they may be. */
static int ask_parts(struct mnq_views *v, struct pass *ps, struct mnq_err *e)
{
    static const int part[] = {2, 5}, whole[] = {3, 6};
    enum { SIZES = sizeof part / sizeof *part };
    const struct mnq_task *task = &v->judge.part[0].task;
    bool decides = (task->kind == MNQ_TASK_CLASSES || task->kind == MNQ_TASK_BINARY) && !mnq_task_is_map(task);
    bool enough = v->per == 0;
    float *wholes = NULL;
    int rc = 0;
    if (decides && !enough) {
        wholes = calloc((size_t)v->shots.n * v->judge.n, sizeof *wholes);
        rc = wholes == NULL ? mnq_fail_nomem(e) : ask_wholes(ps, wholes, e);
    }
    for (int k = 0; rc == 0 && k < SIZES && v->per > 0 && !enough; k++) {
        v->part = part[k];
        v->whole = whole[k];
        rc = run(ps, e);
        enough = !decides || (rc == 0 && recognized(v, wholes));
    }
    free(wholes);
    if (!enough) v->per = 0;
    return rc == 0 && v->per == 0 ? run(ps, e) : rc;
}

int mnq_views_make(const struct mnq_graph *against, const struct mnq_preprocess *p, const struct mnq_shots *shots,
                   const struct mnq_logits *judge, int per, int threads, struct mnq_views *v, struct mnq_arena *arena,
                   mnq_progress *progress, void *progress_ctx, struct mnq_err *e)
{
    *v = (struct mnq_views){.shots = *shots,
                            .in = against->node[0].out,
                            .p = p,
                            .judge = *judge,
                            .per = per,
                            .threads = threads,
                            .part = 1,
                            .whole = 1,
                            .temperature = 1};
    struct mnq_task tasks[MNQ_OUTPUTS_MAX];
    for (int k = 0; k < judge->n_parts; k++) tasks[k] = judge->part[k].task;
    v->want = mnq_arena_array(arena, mnq_views_floats(v), sizeof *v->want);
    struct pass ps = {.v = v,
                      .g = against,
                      .asked = mnq_logits_of(against, tasks),
                      .got = v->want,
                      .progress = progress,
                      .progress_ctx = progress_ctx};
    if (v->want == NULL) return mnq_fail_nomem(e);
    if (ask_parts(v, &ps, e) != 0) return -1;
    return shots->label == NULL ? 0 : fit_temperature(v, e);
}

int mnq_views_ask(const struct mnq_views *v, const struct mnq_graph *g, const struct mnq_qmodel *q, struct mnq_split split,
                  float *got, struct mnq_err *e)
{
    struct pass ps = {.v = v, .g = g, .q = q, .asked = v->judge, .split = split, .got = got};
    int layers = q != NULL ? q->n_layers : 0, rc = 0;
    ps.ready = calloc((size_t)layers + 1, sizeof *ps.ready);
    if (ps.ready == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < layers && rc == 0; k++)
        if ((ps.ready[k] = mnq_qready_new(q, &q->layer[k], mnq_kernels_best(), v->threads, e)) == NULL) rc = -1;
    if (rc == 0) rc = run(&ps, e);
    for (int k = 0; k < layers; k++) mnq_qready_free(ps.ready[k]);
    free(ps.ready);
    return rc;
}

/* What each view loses in the output that loses most there: a bound for every output. The temperature is the first one's. */
static int losses_of(const struct mnq_views *v, const float *want, const float *got, int n, double *loss)
{
    const struct mnq_logits *judge = &v->judge;
    double *own = calloc((size_t)n + 1, sizeof *own);
    int rc = own == NULL ? -1 : 0;
    for (int i = 0; i < n; i++) loss[i] = 0;
    for (int k = 0; k < judge->n_parts && rc == 0; k++) {
        struct mnq_logits one = mnq_logits_alone(judge, k);
        float *a = mnq_logits_column(judge, k, want, n), *b = mnq_logits_column(judge, k, got, n);
        if (a == NULL || b == NULL) rc = -1;
        else mnq_task_losses(&one, a, b, n, k == 0 ? v->temperature : 1, own);
        for (int i = 0; rc == 0 && i < n; i++) loss[i] = fmax(loss[i], own[i]);
        free(a);
        free(b);
    }
    free(own);
    return rc;
}

int mnq_views_losses(const struct mnq_views *v, const float *got, struct mnq_split split, double *loss, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    size_t row = (size_t)each(v) * v->judge.n;
    float *a = mnq_arena_array(&scratch, mnq_views_floats(v), sizeof *a);
    float *b = mnq_arena_array(&scratch, mnq_views_floats(v), sizeof *b);
    double *each_view = mnq_arena_array(&scratch, (size_t)count(v), sizeof *each_view);
    int n = 0;
    if (a == NULL || b == NULL || each_view == NULL) {
        mnq_arena_free(&scratch);
        return mnq_fail_nomem(e);
    }
    for (int s = 0; s < v->shots.n; s++) {
        if (split.every > 1 && !mnq_held_back(split, s)) continue;
        memcpy(a + (size_t)n * row, v->want + (size_t)s * row, row * sizeof *a);
        memcpy(b + (size_t)n * row, got + (size_t)s * row, row * sizeof *b);
        n++;
    }
    if (losses_of(v, a, b, n * each(v), each_view) != 0) {
        mnq_arena_free(&scratch);
        return mnq_fail_nomem(e);
    }
    for (int s = 0; s < n; s++) {
        loss[s] = 0;
        for (int k = 0; k < each(v); k++) loss[s] += each_view[s * each(v) + k] / each(v);
    }
    mnq_arena_free(&scratch);
    return n;
}

int mnq_views_expect(const struct mnq_graph *against, const struct mnq_graph *changed, const struct mnq_preprocess *p,
                     const struct mnq_shots *shots, const struct mnq_logits *judge, int threads, struct mnq_bound *drop,
                     struct mnq_err *e)
{
    enum { VIEWS = 4 };
    static const struct mnq_split all = {0};
    struct mnq_arena scratch = {0};
    struct mnq_views v;
    double *loss = mnq_arena_array(&scratch, (size_t)shots->n, sizeof *loss);
    float *got = NULL;
    int n = -1, rc = loss == NULL ? mnq_fail_nomem(e) : 0;
    if (rc == 0) rc = mnq_views_make(against, p, shots, judge, VIEWS, threads, &v, &scratch, NULL, NULL, e);
    if (rc == 0 && (got = mnq_arena_array(&scratch, mnq_views_floats(&v), sizeof *got)) == NULL) rc = mnq_fail_nomem(e);
    if (rc == 0) rc = mnq_views_ask(&v, changed, NULL, all, got, e);
    if (rc == 0) n = mnq_views_losses(&v, got, all, loss, e);
    if (n > 0) *drop = mnq_bound_of(loss, n);
    if (n > 0 && mnq_logits_decide(judge)) *drop = mnq_bound_told(*drop);
    mnq_arena_free(&scratch);
    return n < 0 ? -1 : 0;
}
