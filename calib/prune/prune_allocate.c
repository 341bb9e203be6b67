/* SPDX-License-Identifier: Apache-2.0
 * How many zeros each layer gets: every layer is pruned alone, at a few ratios, and the error that arrives at the logits is
 * its price. Small layers turn out dear, so they stay dense; nothing else spares them. */
#include "prune_choose.h"
#include "prune_probe.h"

#include "quantize/allocate.h"

#include <math.h>
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

/* From the back: what lies before a layer is still clean. */
static void judge(const struct mnq_probe *pr, struct mnq_probe_worker *me, const float *dense, double *noise)
{
    const struct candidate *candidate = pr->ctx;
    for (int l = pr->p->r->n_layers - 1; l >= 0; l--) {
        const struct candidate *c = &candidate[l];
        int node = pr->p->r->layer[l].node;
        struct mnq_node clean = me->g.node[node];
        for (int level = 1; level < c->levels; level++) {
            me->g.node[node].w = c->w[level];
            me->g.node[node].b = c->b[level];
            noise[l * LEVELS + level] = mnq_probe_noise(pr, me, node, dense);
        }
        me->g.node[node] = clean;
    }
}

static int measure(struct mnq_pruning *p, struct candidate *candidate, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_probe pr = {.p = p, .tried = p->r->n_layers * LEVELS, .judge = judge, .ctx = candidate};
    pr.n = mnq_probe_samples(p, mnq_prune_large(p->r) ? PROBED_LARGE : PROBED);
    int rc = mnq_probe_run(&pr, &scratch, e);
    for (int l = 0; rc == 0 && l < p->r->n_layers; l++) {
        struct candidate *c = &candidate[l];
        for (int level = 1; level < c->levels; level++)
            c->cost[level] = fmax(mnq_probe_cost(&pr, l * LEVELS + level), c->cost[level - 1]);
    }
    mnq_arena_free(&scratch);
    return rc;
}

/* ---- choosing ---- */

static int choose(struct mnq_pruning *p, const struct candidate *candidate, struct mnq_err *e)
{
    int layers = p->r->n_layers;
    bool divisible = true;
    int64_t want = p->want;
    struct mnq_offer *offer = mnq_arena_array(p->arena, (size_t)layers, sizeof *offer);
    double *amount = mnq_arena_array(p->arena, (size_t)layers, sizeof *amount);
    if (offer == NULL || amount == NULL) return mnq_fail_nomem(e);
    for (int l = 0; l < layers; l++) {
        const struct candidate *c = &candidate[l];
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
    struct candidate *candidate = mnq_arena_array(p->arena, (size_t)p->r->n_layers, sizeof *candidate);
    struct mnq_stream *dense = mnq_stream_new(p->legal, &p->pictures, p->o->threads, MNQ_PRUNE_BUDGET, true, e);
    int rc = candidate == NULL ? mnq_fail_nomem(e) : dense == NULL ? -1 : 0;
    for (int l = 0; rc == 0 && l < p->r->n_layers; l++) {
        if (p->want_here[l] < 0) rc = make_candidate(p, dense, l, &candidate[l], e);
        else candidate[l] = (struct candidate){.levels = 1};
        if (p->progress != NULL) p->progress(p->progress_ctx, "candidates", l + 1, p->r->n_layers);
    }
    mnq_stream_free(dense);
    if (rc == 0) rc = measure(p, candidate, e);
    return rc == 0 ? choose(p, candidate, e) : -1;
}
