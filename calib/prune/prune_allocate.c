/* SPDX-License-Identifier: Apache-2.0
 * How many zeros each layer gets: every layer is pruned alone, at a few ratios, and the error that arrives at the logits is
 * its price. Small layers turn out dear, so they stay dense; nothing else spares them. */
#include "prune_choose.h"
#include "prune_parts.h"

#include "quantize/allocate.h"
#include "util/spread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Ratios at which layers are tried, and on how many samples: of large networks at fewer and on fewer. What lies between two
 * ratios costs what the line between them says. */
enum { PROBED = 40, PROBED_LARGE = 24, LEVELS = 10 };
static const double ratios[LEVELS] = {0, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, MNQ_PRUNE_MOST};
static const double ratios_large[LEVELS] = {0, 0.3, 0.5, 0.7, 0.9, MNQ_PRUNE_MOST};

/* A layer at every level. */
struct candidate {
    int levels;
    double amount[LEVELS], cost[LEVELS];
    float *w[LEVELS], *b[LEVELS]; /* NULL: as it is */
};

struct worker {
    struct mnq_graph g;
    struct mnq_exec *exec;
    float *input, *room; /* room: logits gathered */
};

struct probe {
    struct mnq_pruning *p;
    struct candidate *candidate; /* [n_layers] */
    struct worker *worker;
    int n;          /* samples probed */
    double *noise;  /* [n][n_layers][LEVELS] */
    double *signal; /* [n] */
    atomic_int done;
};

/* ---- making candidates ---- */

static int add_level(struct mnq_pruning *p, int l, const struct mnq_fit *f, const struct mnq_fit_steps *steps, int64_t zeros,
                     struct candidate *c, struct mnq_err *e)
{
    const struct mnq_prune_layer *layer = &p->r->layer[l];
    int k = c->levels;
    int *per_output = mnq_arena_array(p->arena, (size_t)layer->outputs, sizeof *per_output);
    c->w[k] = mnq_arena_array(p->arena, (size_t)layer->weights, sizeof **c->w);
    c->b[k] = mnq_arena_array(p->arena, (size_t)layer->outputs, sizeof **c->b);
    if (per_output == NULL || c->w[k] == NULL || c->b[k] == NULL) return mnq_fail_nomem(e);
    mnq_fit_choose(f, steps, zeros, per_output);
    if (mnq_fit_solve(f, per_output, c->w[k], c->b[k], e) != 0) return -1;
    if (p->legal->node[layer->node].b == NULL) c->b[k] = NULL;
    c->amount[k] = (double)zeros;
    c->levels++;
    return 0;
}

static int make_candidate(struct mnq_pruning *p, struct mnq_stream *dense, int l, struct candidate *c, struct mnq_err *e)
{
    const struct mnq_prune_layer *layer = &p->r->layer[l];
    struct mnq_arena scratch = {0};
    struct mnq_rows rows;
    struct mnq_fit fit;
    struct mnq_fit_steps steps;
    struct mnq_fit_opts fo = mnq_prune_fit_opts(p, layer->node);
    int rc = mnq_rows_gather(dense, NULL, p->legal, layer->node, -1, p->pictures.n, mnq_prune_rows(layer->inputs), &rows,
                             &scratch, e);
    if (rc == 0) rc = mnq_fit_make(&rows, p->legal->node[layer->node].w, layer->pattern, &fo, &fit, &scratch, e);
    if (rc == 0 && mnq_fit_steps(&fit, &steps, &scratch) != 0) rc = mnq_fail_nomem(e);
    int64_t limit = mnq_prune_limit(layer), before = 0;
    bool n_m = layer->pattern.kind == MNQ_PATTERN_N_M;
    *c = (struct candidate){.levels = 1};
    const double *tried = mnq_prune_large(p->r) ? ratios_large : ratios;
    for (int k = n_m ? LEVELS - 1 : 1; rc == 0 && k < LEVELS; k++) {
        int64_t zeros = n_m ? limit : (int64_t)(tried[k] * (double)layer->weights);
        if (zeros > limit) zeros = limit;
        if (zeros <= before) continue;
        rc = add_level(p, l, &fit, &steps, zeros, c, e);
        before = zeros;
    }
    mnq_arena_free(&scratch);
    return rc;
}

/* ---- measuring them ---- */

/* The k-th of the held-back samples that are probed. */
static int sample_of(const struct probe *pr, int k)
{
    int held = pr->p->pictures.n / MNQ_PRUNE_HOLDOUT;
    if (held == 0) return (int)((int64_t)k * pr->p->pictures.n / pr->n);
    return (int)((int64_t)k * held / pr->n) * MNQ_PRUNE_HOLDOUT + MNQ_PRUNE_HOLDOUT - 1;
}

static int probe_sample(void *ctx, int k, int w, struct mnq_err *e)
{
    (void)e;
    struct probe *pr = ctx;
    struct mnq_pruning *p = pr->p;
    struct worker *me = &pr->worker[w];
    struct mnq_shape in = me->g.node[0].out;
    int sample = sample_of(pr, k), layers = p->r->n_layers;
    const float *dense = p->logits + (size_t)sample * p->judge.n;
    mnq_preprocess_apply(&p->pictures.preprocess, p->pictures.pixels + (size_t)sample * p->pictures.bytes, in.h * in.w,
                         me->input);
    mnq_exec_run(me->exec, me->input, NULL, NULL);
    pr->signal[k] = mnq_logits_signal(&p->judge, dense);
    for (int l = layers - 1; l >= 0; l--) { /* from the back: what lies before a layer is still clean */
        const struct candidate *c = &pr->candidate[l];
        int node = p->r->layer[l].node;
        struct mnq_node clean = me->g.node[node];
        for (int level = 1; level < c->levels; level++) {
            me->g.node[node].w = c->w[level];
            me->g.node[node].b = c->b[level];
            mnq_exec_rerun(me->exec, node, NULL, NULL);
            pr->noise[((size_t)k * (size_t)layers + (size_t)l) * LEVELS + (size_t)level] =
                mnq_logits_noise(&p->judge, mnq_logits_in(&p->judge, me->exec, me->room), dense);
        }
        me->g.node[node] = clean;
    }
    int done = atomic_fetch_add(&pr->done, 1) + 1;
    if (w == 0 && p->progress != NULL) p->progress(p->progress_ctx, "probe", mnq_spread_done(done, pr->n), pr->n);
    return 0;
}

static int measure(struct probe *pr, struct mnq_err *e)
{
    struct mnq_pruning *p = pr->p;
    int threads = p->o->threads, layers = p->r->n_layers;
    size_t nodes = (size_t)p->legal->n;
    int rc = -1;
    pr->worker = calloc((size_t)threads, sizeof *pr->worker);
    pr->noise = mnq_arena_array(p->arena, (size_t)pr->n * (size_t)layers * LEVELS, sizeof *pr->noise);
    pr->signal = mnq_arena_array(p->arena, (size_t)pr->n, sizeof *pr->signal);
    if (pr->worker == NULL || pr->noise == NULL || pr->signal == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    for (int t = 0; t < threads; t++) {
        struct worker *w = &pr->worker[t];
        w->g = *p->legal;
        w->g.node = mnq_arena_array(p->arena, nodes, sizeof *w->g.node);
        w->input = mnq_arena_array(p->arena, p->pictures.bytes, sizeof *w->input);
        w->room = mnq_arena_array(p->arena, p->judge.n, sizeof *w->room);
        if (w->g.node == NULL || w->input == NULL || w->room == NULL) {
            mnq_fail_nomem(e);
            goto done;
        }
        memcpy(w->g.node, p->legal->node, nodes * sizeof *w->g.node);
        w->exec = mnq_exec_new(&w->g, true, e);
        if (w->exec == NULL) goto done;
        mnq_exec_keep_weights(w->exec);
    }
    const struct mnq_spread_part part[] = {{pr->noise, (size_t)layers * LEVELS * sizeof *pr->noise},
                                           {pr->signal, sizeof *pr->signal}};
    struct mnq_spread_job job = {
        .n = pr->n, .threads = threads, .work = probe_sample, .ctx = pr, .part = part, .n_parts = 2};
    if (mnq_spread_for(&job, e) != 0) goto done;
    double signal = 0;
    for (int k = 0; k < pr->n; k++) signal += pr->signal[k];
    for (int l = 0; l < layers; l++) {
        struct candidate *c = &pr->candidate[l];
        for (int level = 1; level < c->levels; level++) {
            double sum = 0;
            for (int k = 0; k < pr->n; k++)
                sum += pr->noise[((size_t)k * (size_t)layers + (size_t)l) * LEVELS + (size_t)level];
            c->cost[level] = signal > 0 ? sum / signal : sum;
            if (c->cost[level] < c->cost[level - 1]) c->cost[level] = c->cost[level - 1];
        }
    }
    rc = 0;
done:
    for (int t = 0; pr->worker != NULL && t < threads; t++) mnq_exec_free(pr->worker[t].exec);
    free(pr->worker);
    return rc;
}

/* ---- choosing ---- */

static int choose(const struct probe *pr, struct mnq_err *e)
{
    struct mnq_pruning *p = pr->p;
    int layers = p->r->n_layers;
    bool divisible = true;
    int64_t want = p->want;
    struct mnq_offer *offer = mnq_arena_array(p->arena, (size_t)layers, sizeof *offer);
    double *amount = mnq_arena_array(p->arena, (size_t)layers, sizeof *amount);
    if (offer == NULL || amount == NULL) return mnq_fail_nomem(e);
    for (int l = 0; l < layers; l++) {
        const struct candidate *c = &pr->candidate[l];
        if (p->want_here[l] >= 0) want -= p->want_here[l];
        else divisible = divisible && p->r->layer[l].pattern.kind != MNQ_PATTERN_N_M;
        offer[l] = (struct mnq_offer){p->want_here[l] >= 0 ? 1 : c->levels, c->amount, c->cost};
    }
    if (mnq_allocate(offer, layers, (double)want, divisible, amount, e) != 0) return -1;
    int64_t sum = 0;
    int largest = -1;
    for (int l = 0; l < layers; l++) {
        if (p->want_here[l] >= 0) continue;
        p->zeros[l] = (int64_t)amount[l];
        sum += p->zeros[l];
        if (p->zeros[l] > 0 && (largest < 0 || p->zeros[l] > p->zeros[largest])) largest = l;
    }
    if (divisible && largest >= 0) p->zeros[largest] += want - sum; /* what rounding down left over */
    return 0;
}

int mnq_prune_allocate(struct mnq_pruning *p, struct mnq_err *e)
{
    struct probe pr = {.p = p};
    int held = p->pictures.n / MNQ_PRUNE_HOLDOUT, most = mnq_prune_large(p->r) ? PROBED_LARGE : PROBED;
    pr.n = held > most ? most : held > 0 ? held : p->pictures.n;
    pr.candidate = mnq_arena_array(p->arena, (size_t)p->r->n_layers, sizeof *pr.candidate);
    struct mnq_stream *dense = mnq_stream_new(p->legal, &p->pictures, p->o->threads, MNQ_PRUNE_BUDGET, true, e);
    int rc = pr.candidate == NULL ? mnq_fail_nomem(e) : dense == NULL ? -1 : 0;
    for (int l = 0; rc == 0 && l < p->r->n_layers; l++) {
        if (p->want_here[l] < 0) rc = make_candidate(p, dense, l, &pr.candidate[l], e);
        else pr.candidate[l] = (struct candidate){.levels = 1};
        if (p->progress != NULL) p->progress(p->progress_ctx, "candidates", l + 1, p->r->n_layers);
    }
    mnq_stream_free(dense);
    if (rc == 0) rc = measure(&pr, e);
    return rc == 0 ? choose(&pr, e) : -1;
}
