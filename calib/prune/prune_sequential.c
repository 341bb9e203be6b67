/* SPDX-License-Identifier: Apache-2.0
 * Pruning layer after layer: each sees what the pruned layers before it give, and aims at what the dense network computes.
 */
#include "prune_choose.h"
#include "prune_parts.h"

#include "pack/restore.h"
#include "quantize/lower.h"
#include "util/pool.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MIN = 4096, ROWS_PER_INPUT = 20 };

size_t mnq_prune_rows(int inputs)
{
    size_t n = ROWS_PER_INPUT * (size_t)inputs;
    return n < ROWS_MIN ? ROWS_MIN : n;
}

struct mnq_fit_opts mnq_prune_fit_opts(const struct mnq_pruning *p, int node)
{
    const struct mnq_node *nd = &p->legal->node[node];
    return (struct mnq_fit_opts){.damping = p->damping,
                                 .fixed_bias = mnq_restore_has_bias(p->legal, node) ? NULL : nd->b,
                                 .holdout = MNQ_PRUNE_HOLDOUT,
                                 .threads = p->o->threads};
}

/* ---- logits ---- */

struct judging {
    const struct mnq_pruning *p;
    double *noise, *signal;
    float *room; /* [threads][judge.n] */
};

static void judge(void *ctx, int sample, int worker, const float *pre, struct mnq_exec *x)
{
    const struct judging *j = ctx;
    const float *dense = j->p->logits + (size_t)sample * j->p->judge.n;
    const struct mnq_logits *l = &j->p->judge;
    if (l->n_parts > 1) pre = mnq_logits_in(l, x, j->room + (size_t)worker * l->n);
    j->noise[sample] = mnq_logits_noise(l, pre, dense);
    j->signal[sample] = mnq_logits_signal(&j->p->judge, dense);
}

int mnq_prune_logits_error(struct mnq_pruning *p, const struct mnq_graph *g, double *error, struct mnq_err *e)
{
    int n = p->pictures.n;
    double *v = calloc(2 * (size_t)n, sizeof *v), noise = 0, signal = 0;
    struct mnq_stream *s = v == NULL ? NULL : mnq_stream_new(g, &p->pictures, p->o->threads, 0, true, e);
    struct judging j = {p, v, v + n, calloc((size_t)p->o->threads * p->judge.n, sizeof(float))};
    if (s != NULL && n >= MNQ_PRUNE_HOLDOUT) mnq_stream_only(s, MNQ_PRUNE_HOLDOUT);
    const struct mnq_spread_part part[] = {{j.noise, sizeof *j.noise}, {j.signal, sizeof *j.signal}};
    int rc = s == NULL || j.room == NULL ? mnq_fail_nomem(e)
                                         : mnq_stream_run(s, mnq_logits_last_node(&p->judge), -1, judge, &j, part, 2, e);
    for (int i = 0; rc == 0 && i < n; i++) {
        noise += j.noise[i]; /* zero of samples that were not run */
        signal += j.signal[i];
    }
    *error = signal > 0 ? noise / signal : noise;
    mnq_stream_free(s);
    free(j.room);
    free(v);
    return rc;
}

/* ---- biases of layers that keep their weights ---- */

struct means {
    const struct mnq_node *nd;
    double *sum; /* [samples][channels] mean over pixels */
};

static void add_means(void *ctx, int sample, int worker, const float *pre, struct mnq_exec *x)
{
    (void)worker;
    (void)x;
    const struct means *m = ctx;
    size_t c = (size_t)m->nd->out.c, pixels = (size_t)m->nd->out.h * (size_t)m->nd->out.w;
    double *to = m->sum + (size_t)sample * c;
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < c; k++) to[k] += (double)pre[i * c + k];
    for (size_t k = 0; k < c; k++) to[k] /= (double)pixels;
}

int mnq_prune_correct_bias(struct mnq_pruning *p, struct mnq_stream *dense, struct mnq_stream *now, int i, struct mnq_err *e)
{
    const struct mnq_node *nd = &p->legal->node[i];
    size_t c = (size_t)nd->out.c, n = (size_t)p->pictures.n;
    double *sum = calloc(2 * n * c, sizeof *sum);
    struct means want = {nd, sum}, have = {nd, sum + n * c};
    int rc = sum == NULL ? mnq_fail_nomem(e) : 0;
    const struct mnq_spread_part part[] = {{want.sum, c * sizeof *sum}, {have.sum, c * sizeof *sum}};
    if (rc == 0) rc = mnq_stream_run(dense, i, i, add_means, &want, &part[0], 1, e);
    if (rc == 0) rc = mnq_stream_run(now, i, i - 1, add_means, &have, &part[1], 1, e);
    for (size_t k = 0; rc == 0 && k < c; k++) {
        double shift = 0, count = 0;
        for (size_t s = 0; s < n; s++) {
            if (n >= MNQ_PRUNE_HOLDOUT && s % MNQ_PRUNE_HOLDOUT == MNQ_PRUNE_HOLDOUT - 1) continue;
            shift += want.sum[s * c + k] - have.sum[s * c + k];
            count += 1;
        }
        p->out->node[i].b[k] = (float)((double)p->out->node[i].b[k] + shift / count);
    }
    free(sum);
    return rc;
}

/* ---- one layer ---- */

static int prune_layer(struct mnq_pruning *p, struct mnq_stream *dense, struct mnq_stream *now, int l, struct mnq_err *e)
{
    struct mnq_prune_layer *layer = &p->r->layer[l];
    struct mnq_node *nd = &p->out->node[layer->node];
    const float *w0 = p->legal->node[layer->node].w;
    struct mnq_arena scratch = {0};
    struct mnq_rows rows;
    struct mnq_fit fit;
    struct mnq_fit_steps steps;
    struct mnq_fit_opts fo = mnq_prune_fit_opts(p, layer->node);
    int *per_output = mnq_arena_array(&scratch, (size_t)layer->outputs, sizeof *per_output);
    int rc = per_output == NULL ? mnq_fail_nomem(e) : 0;
    if (rc == 0)
        rc = mnq_rows_gather(dense, now, p->legal, layer->node, layer->node - 1, p->pictures.n,
                             mnq_prune_rows(layer->inputs), &rows, &scratch, e);
    if (rc == 0) rc = mnq_fit_make(&rows, w0, layer->pattern, &fo, &fit, &scratch, e);
    if (rc == 0 && mnq_fit_steps(&fit, &steps, &scratch) != 0) rc = mnq_fail_nomem(e);
    if (rc == 0) mnq_fit_choose(&fit, &steps, p->zeros[l], per_output);
    if (rc == 0) rc = mnq_fit_solve(&fit, per_output, nd->w, fo.fixed_bias == NULL ? nd->b : NULL, e);
    double noise = 0, signal = 0;
    if (rc == 0) rc = mnq_rows_error(&rows, nd->w, nd->b, MNQ_PRUNE_HOLDOUT, p->o->threads, &noise, &signal, e);
    if (rc == 0) layer->error = signal > 0 ? noise / signal : 0;
    mnq_arena_free(&scratch);
    return rc;
}

int mnq_prune_sequential(struct mnq_pruning *p, struct mnq_err *e)
{
    const struct mnq_graph *g = p->legal;
    struct mnq_stream *dense = mnq_stream_new(g, &p->pictures, p->o->threads, MNQ_PRUNE_BUDGET, true, e);
    struct mnq_stream *now =
        dense == NULL ? NULL : mnq_stream_new(p->out, &p->pictures, p->o->threads, MNQ_PRUNE_BUDGET, false, e);
    int rc = now == NULL ? -1 : 0, l = 0;
    bool changed = false;
    for (int i = 0; rc == 0 && i < g->n; i++) {
        bool prunable = l < p->r->n_layers && p->r->layer[l].node == i;
        if (prunable) {
            bool spared = p->fixed[l] == 0;
            if (!spared && (changed || p->zeros[l] > 0)) {
                rc = prune_layer(p, dense, now, l, e);
                changed = true;
            }
            l++;
            if (p->progress != NULL) p->progress(p->progress_ctx, "prune", l, p->r->n_layers);
            if (!spared) continue;
        }
        if (rc == 0 && changed && mnq_lower_has_weights(g, i) && mnq_restore_has_bias(g, i))
            rc = mnq_prune_correct_bias(p, dense, now, i, e);
    }
    mnq_stream_free(dense);
    mnq_stream_free(now);
    return rc;
}
