/* SPDX-License-Identifier: Apache-2.0
 * Changes of the dense network, judged alone. */
#include "prune_probe.h"

#include "util/spread.h"

#include <stdatomic.h>
#include <string.h>

struct run {
    struct mnq_probe *pr;
    struct mnq_probe_worker *worker;
    atomic_int done;
};

int mnq_probe_samples(const struct mnq_pruning *p, int most)
{
    int held = p->pictures.n / MNQ_PRUNE_HOLDOUT;
    return held > most ? most : held > 0 ? held : p->pictures.n;
}

/* The k-th of them. */
static int sample_of(const struct mnq_probe *pr, int k)
{
    int all = pr->p->pictures.n, held = all / MNQ_PRUNE_HOLDOUT;
    if (held == 0) return (int)((int64_t)k * all / pr->n);
    return (int)((int64_t)k * held / pr->n) * MNQ_PRUNE_HOLDOUT + MNQ_PRUNE_HOLDOUT - 1;
}

double mnq_probe_noise(const struct mnq_probe *pr, struct mnq_probe_worker *w, int first, const float *dense)
{
    const struct mnq_logits *judge = &pr->p->judge;
    mnq_exec_rerun(w->exec, first, NULL, NULL);
    return mnq_logits_noise(judge, mnq_logits_in(judge, w->exec, w->room), dense);
}

static int probe_sample(void *ctx, int k, int w, struct mnq_err *e)
{
    (void)e;
    struct run *r = ctx;
    const struct mnq_probe *pr = r->pr;
    const struct mnq_pruning *p = pr->p;
    struct mnq_probe_worker *me = &r->worker[w];
    struct mnq_shape in = me->g.node[0].out;
    int sample = sample_of(pr, k);
    const float *dense = p->logits + (size_t)sample * p->judge.n;
    mnq_preprocess_apply(&p->pictures.preprocess, p->pictures.pixels + (size_t)sample * p->pictures.bytes, in.h * in.w,
                         me->input);
    mnq_exec_run(me->exec, me->input, NULL, NULL);
    pr->signal[k] = mnq_logits_signal(&p->judge, dense);
    pr->judge(pr, me, dense, pr->noise + (size_t)k * (size_t)pr->tried);
    int done = atomic_fetch_add(&r->done, 1) + 1;
    if (w == 0 && p->progress != NULL) p->progress(p->progress_ctx, "probe", mnq_spread_done(done, pr->n), pr->n);
    return 0;
}

static int init_worker(const struct mnq_pruning *p, struct mnq_probe_worker *w, struct mnq_arena *arena, struct mnq_err *e)
{
    size_t nodes = (size_t)p->legal->n;
    w->g = *p->legal;
    w->g.node = mnq_arena_array(arena, nodes, sizeof *w->g.node);
    w->input = mnq_arena_array(arena, p->pictures.bytes, sizeof *w->input);
    w->room = mnq_arena_array(arena, p->judge.n, sizeof *w->room);
    if (w->g.node == NULL || w->input == NULL || w->room == NULL) return mnq_fail_nomem(e);
    memcpy(w->g.node, p->legal->node, nodes * sizeof *w->g.node);
    w->exec = mnq_exec_new(&w->g, true, e);
    if (w->exec == NULL) return -1;
    mnq_exec_keep_weights(w->exec);
    return 0;
}

int mnq_probe_run(struct mnq_probe *pr, struct mnq_arena *arena, struct mnq_err *e)
{
    int threads = pr->p->o->threads, rc = 0;
    struct run r = {.pr = pr, .worker = mnq_arena_array(arena, (size_t)threads, sizeof *r.worker)};
    pr->noise = mnq_arena_array(arena, (size_t)pr->n * (size_t)pr->tried, sizeof *pr->noise);
    pr->signal = mnq_arena_array(arena, (size_t)pr->n, sizeof *pr->signal);
    if (r.worker == NULL || pr->noise == NULL || pr->signal == NULL) return mnq_fail_nomem(e);
    for (int t = 0; rc == 0 && t < threads; t++) rc = init_worker(pr->p, &r.worker[t], arena, e);
    const struct mnq_spread_part part[] = {{pr->noise, (size_t)pr->tried * sizeof *pr->noise},
                                           {pr->signal, sizeof *pr->signal}};
    struct mnq_spread_job job = {
        .n = pr->n, .threads = threads, .work = probe_sample, .ctx = &r, .part = part, .n_parts = 2};
    if (rc == 0) rc = mnq_spread_for(&job, e);
    for (int t = 0; t < threads; t++) mnq_exec_free(r.worker[t].exec);
    return rc;
}

double mnq_probe_cost(const struct mnq_probe *pr, int k)
{
    double noise = 0, signal = 0;
    for (int s = 0; s < pr->n; s++) {
        noise += pr->noise[(size_t)s * (size_t)pr->tried + (size_t)k];
        signal += pr->signal[s];
    }
    return signal > 0 ? noise / signal : noise;
}
