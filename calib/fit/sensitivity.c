/* SPDX-License-Identifier: Apache-2.0
 * Sensitivity: the error at the network's output that one layer's weights or one tensor cause alone. */
#include "sensitivity.h"

#include "graph/exec.h"
#include "logits.h"
#include "quantize/lower_trial.h"
#include "util/spread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A thread's own view of the graph: the nodes are copied, so that weights can be exchanged one layer at a time. */
struct worker {
    struct mnq_graph g;
    struct mnq_exec *exec;
    float *input, *clean, *room; /* room: logits gathered */
};

struct probe {
    const struct mnq_lowering *l;
    const struct mnq_stats *stats;
    float **w; /* [g->n] 8-bit weights as floats, NULL for other nodes; NULL: tensors are probed instead */
    struct worker *worker;
    double *noise;  /* [samples][g->n] */
    double *signal; /* [samples] */
    int samples;
    const struct mnq_logits *judge;
    mnq_progress *progress;
    void *progress_ctx;
    atomic_int done;
};

static bool probes_tensor(const struct probe *p, int i)
{
    return mnq_lower_is_layer(p->l->g, i) && !mnq_node_is_settled(p->l->g, i);
}

static int probe_sample(void *ctx, int sample, int w, struct mnq_err *e)
{
    (void)e;
    struct probe *p = ctx;
    struct worker *me = &p->worker[w];
    struct mnq_shape in = me->g.node[0].out;
    int slot = (int)((int64_t)sample * p->stats->held / p->samples);
    mnq_preprocess_apply(p->l->p, p->stats->input + (size_t)slot * p->stats->input_bytes, in.h * in.w, me->input);
    mnq_exec_run(me->exec, me->input, NULL, NULL);
    memcpy(me->clean, mnq_logits_in(p->judge, me->exec, me->room), p->judge->n * sizeof *me->clean);
    p->signal[sample] = mnq_logits_signal(p->judge, me->clean);
    for (int i = me->g.n - 1; i >= 0; i--) { /* from the back: what lies before layer i is still clean */
        if (p->w != NULL ? p->w[i] == NULL : !probes_tensor(p, i)) continue;
        if (p->w != NULL) {
            float *clean = me->g.node[i].w;
            me->g.node[i].w = p->w[i];
            mnq_exec_rerun(me->exec, i, NULL, NULL);
            me->g.node[i].w = clean;
        } else {
            struct mnq_shape s = me->g.node[i].out;
            mnq_qparams_apply(&p->l->qp[i], mnq_exec_tensor(me->exec, i), s.h * s.w, s.c);
            mnq_exec_rerun(me->exec, i + 1, NULL, NULL);
        }
        p->noise[(size_t)sample * (size_t)me->g.n + (size_t)i] =
            mnq_logits_noise(p->judge, mnq_logits_in(p->judge, me->exec, me->room), me->clean);
    }
    int done = atomic_fetch_add(&p->done, 1) + 1;
    if (w == 0 && p->progress != NULL)
        p->progress(p->progress_ctx, "sensitivity", mnq_spread_done(done, p->samples), p->samples);
    return 0;
}

/* 8-bit weights of every layer, as floats. */
static int fill_weights(struct probe *p, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_graph *g = p->l->g;
    p->w = mnq_arena_array(arena, (size_t)g->n, sizeof *p->w);
    if (p->w == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) {
        if (!mnq_lower_has_weights(g, i)) continue;
        p->w[i] = mnq_arena_array(arena, mnq_node_weights(g, &g->node[i]), sizeof **p->w);
        if (p->w[i] == NULL) return mnq_fail_nomem(e);
        struct mnq_rounding_job job = {.format = MNQ_WFORMAT_INT8};
        if (mnq_lower_fake_quantize(p->l, i, &job, p->w[i], e) != 0) return -1;
    }
    return 0;
}

static int fill(struct probe *p, struct mnq_arena *arena, int threads, struct mnq_err *e)
{
    const struct mnq_graph *g = p->l->g;
    size_t n = (size_t)g->n;
    p->noise = mnq_arena_array(arena, (size_t)p->samples * n, sizeof *p->noise);
    p->signal = mnq_arena_array(arena, (size_t)p->samples, sizeof *p->signal);
    if (p->noise == NULL || p->signal == NULL) return mnq_fail_nomem(e);
    for (int t = 0; t < threads; t++) {
        struct worker *w = &p->worker[t];
        w->g = *g;
        w->g.node = mnq_arena_array(arena, n, sizeof *w->g.node);
        w->input = mnq_arena_array(arena, mnq_elements(g->node[0].out), sizeof *w->input);
        w->clean = mnq_arena_array(arena, p->judge->n, sizeof *w->clean);
        w->room = mnq_arena_array(arena, p->judge->n, sizeof *w->room);
        if (w->g.node == NULL || w->input == NULL || w->clean == NULL || w->room == NULL) return mnq_fail_nomem(e);
        memcpy(w->g.node, g->node, n * sizeof *g->node);
        w->exec = mnq_exec_new(&w->g, true, e);
        if (w->exec == NULL) return -1;
        mnq_exec_keep_weights(w->exec);
    }
    return 0;
}

static int measure(const struct mnq_lowering *l, const struct mnq_stats *stats, bool tensors, int samples, int threads,
                   double *sensitivity, mnq_progress *progress, void *progress_ctx, struct mnq_err *e)
{
    const struct mnq_graph *g = l->g;
    struct mnq_arena arena = {0};
    struct probe p = {.l = l,
                      .stats = stats,
                      .samples = samples < stats->held ? samples : stats->held,
                      .progress = progress,
                      .progress_ctx = progress_ctx,
                      .judge = &stats->judge};
    int rc = -1;
    p.worker = calloc((size_t)threads, sizeof *p.worker);
    if (p.worker == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    if (!tensors && fill_weights(&p, &arena, e) != 0) goto done;
    if (fill(&p, &arena, threads, e) != 0) goto done;
    const struct mnq_spread_part part[] = {{p.noise, (size_t)g->n * sizeof *p.noise}, {p.signal, sizeof *p.signal}};
    struct mnq_spread_job job = {
        .n = p.samples, .threads = threads, .work = probe_sample, .ctx = &p, .part = part, .n_parts = 2};
    if (mnq_spread_for(&job, e) != 0) goto done;
    double signal = 0;
    for (int s = 0; s < p.samples; s++) signal += p.signal[s];
    for (int i = 0; i < g->n; i++) {
        double noise = 0;
        for (int s = 0; s < p.samples; s++) noise += p.noise[(size_t)s * (size_t)g->n + (size_t)i];
        sensitivity[i] = signal > 0 ? noise / signal : 0;
    }
    rc = 0;
done:
    for (int t = 0; p.worker != NULL && t < threads; t++) mnq_exec_free(p.worker[t].exec);
    free(p.worker);
    mnq_arena_free(&arena);
    return rc;
}

int mnq_sensitivity(const struct mnq_lowering *l, const struct mnq_stats *stats, int samples, int threads,
                    double *sensitivity, mnq_progress *progress, void *progress_ctx, struct mnq_err *e)
{
    return measure(l, stats, false, samples, threads, sensitivity, progress, progress_ctx, e);
}

int mnq_tensor_sensitivity(const struct mnq_lowering *l, const struct mnq_stats *stats, int samples, int threads,
                           double *sensitivity, mnq_progress *progress, void *progress_ctx, struct mnq_err *e)
{
    return measure(l, stats, true, samples, threads, sensitivity, progress, progress_ctx, e);
}
