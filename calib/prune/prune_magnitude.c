/* SPDX-License-Identifier: Apache-2.0
 * Pruning by magnitude: the smallest folded weights go, nothing makes up for them.
 *
 * Folded weights (with BatchNormalization's scale) say more than stored ones. Between layers they are compared by the LAMP
 * score (Lee et al. 2021, arXiv:2010.07611): a weight's square over the sum of squares of those in its layer that are not
 * smaller. It is the relative distortion that the weight's removal adds once all smaller ones are gone. */
#include "prune_parts.h"

#include "quantize/allocate.h"

#include <math.h>
#include <stdlib.h>

/* What becomes zero together: one weight, or a block. */
struct unit {
    double score; /* mean square of its weights; for comparison between layers, over that of those left in the layer */
    int layer, output, first, size;
};

static int by_score(const void *a, const void *b)
{
    const struct unit *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    if (x->layer != y->layer) return x->layer - y->layer;
    return x->output != y->output ? x->output - y->output : x->first - y->first;
}

static double energy(const float *w, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += (double)w[k] * (double)w[k];
    return sum;
}

/* Appends the units of layer l. */
static int list_units(const struct mnq_pruning *p, int l, struct unit *unit)
{
    const struct mnq_prune_layer *layer = &p->r->layer[l];
    const float *w = p->out->node[layer->node].w;
    int step = layer->pattern.kind == MNQ_PATTERN_BLOCK ? layer->pattern.m : 1, n = 0;
    for (int o = 0; o < layer->outputs; o++)
        for (int i = 0; i < layer->inputs; i += step) {
            int size = layer->inputs - i < step ? layer->inputs - i : step;
            double sum = 0;
            for (int k = 0; k < size; k++) {
                double v = (double)w[(size_t)(i + k) * (size_t)layer->outputs + (size_t)o];
                sum += v * v;
            }
            unit[n++] = (struct unit){sum / size, l, o, i, size};
        }
    return n;
}

/* Makes the scores of one layer's units comparable with other layers'. */
static void compare_by_lamp(struct unit *unit, int n)
{
    double left = 0;
    qsort(unit, (size_t)n, sizeof *unit, by_score);
    for (int k = n - 1; k >= 0; k--) {
        double sum = unit[k].score * unit[k].size;
        left += sum;
        unit[k].score = left > 0 ? sum / left / unit[k].size : 0;
    }
}

static void clear(const struct mnq_pruning *p, const struct unit *u)
{
    const struct mnq_prune_layer *layer = &p->r->layer[u->layer];
    float *w = p->out->node[layer->node].w;
    for (int k = 0; k < u->size; k++) w[(size_t)(u->first + k) * (size_t)layer->outputs + (size_t)u->output] = 0.0f;
}

/* Clears the smallest units of the n listed until `want` weights of them are zero. */
static void clear_smallest(const struct mnq_pruning *p, struct unit *unit, int n, int64_t want, int64_t *zeros)
{
    int64_t done = 0;
    qsort(unit, (size_t)n, sizeof *unit, by_score);
    for (int k = 0; k < n && done < want; k++) {
        int l = unit[k].layer;
        if (zeros[l] + unit[k].size > mnq_prune_limit(&p->r->layer[l])) continue;
        clear(p, &unit[k]);
        zeros[l] += unit[k].size;
        done += unit[k].size;
    }
}

/* Keeps the N largest of every M inputs of each output. */
static void clear_n_m(const struct mnq_pruning *p, int l)
{
    const struct mnq_prune_layer *layer = &p->r->layer[l];
    float *w = p->out->node[layer->node].w;
    size_t outputs = (size_t)layer->outputs;
    for (size_t o = 0; o < outputs; o++)
        for (int i = 0; i < layer->inputs; i += layer->pattern.m) {
            int size = layer->inputs - i < layer->pattern.m ? layer->inputs - i : layer->pattern.m;
            for (int gone = size - layer->pattern.n; gone > 0; gone--) {
                int least = -1;
                for (int k = 0; k < size; k++) {
                    float v = fabsf(w[(size_t)(i + k) * outputs + o]);
                    if (v != 0.0f && (least < 0 || v < fabsf(w[(size_t)(i + least) * outputs + o]))) least = k;
                }
                if (least >= 0) w[(size_t)(i + least) * outputs + o] = 0.0f;
            }
        }
}

/* Layers with N:M that share a total: those that lose the least energy per zero take the pattern, the others stay dense. */
static int choose_n_m(const struct mnq_pruning *p, int64_t want, struct mnq_err *e)
{
    int n = p->r->n_layers;
    struct mnq_offer *offer = mnq_arena_array(p->arena, (size_t)n, sizeof *offer);
    double *point = mnq_arena_array(p->arena, 5 * (size_t)n, sizeof *point);
    if (offer == NULL || point == NULL) return mnq_fail_nomem(e);
    double *chosen = point + 4 * n;
    for (int l = 0; l < n; l++) {
        const struct mnq_prune_layer *layer = &p->r->layer[l];
        const float *dense = p->legal->node[layer->node].w;
        float *w = p->out->node[layer->node].w;
        double *amount = point + 4 * l, *cost = amount + 2;
        bool free_here = p->want_here[l] < 0;
        if (free_here) clear_n_m(p, l);
        amount[1] = (double)mnq_prune_implied(layer);
        cost[1] = 1 - energy(w, (size_t)layer->weights) / fmax(energy(dense, (size_t)layer->weights), 1e-300);
        offer[l] = (struct mnq_offer){free_here ? 2 : 1, amount, cost};
    }
    if (mnq_allocate(offer, n, (double)want, false, chosen, e) != 0) return -1;
    for (int l = 0; l < n; l++) {
        const struct mnq_prune_layer *layer = &p->r->layer[l];
        if (p->want_here[l] >= 0 || chosen[l] > 0) continue;
        for (int64_t k = 0; k < layer->weights; k++) p->out->node[layer->node].w[k] = p->legal->node[layer->node].w[k];
    }
    return 0;
}

int mnq_prune_magnitude(struct mnq_pruning *p, struct mnq_err *e)
{
    int layers = p->r->n_layers, n = 0;
    int64_t total = 0, want = p->want;
    for (int l = 0; l < layers; l++) total += p->r->layer[l].weights;
    struct unit *unit = mnq_arena_array(p->arena, (size_t)total, sizeof *unit);
    int64_t *zeros = mnq_arena_array(p->arena, (size_t)layers, sizeof *zeros);
    if (unit == NULL || zeros == NULL) return mnq_fail_nomem(e);
    bool n_m = false;
    for (int l = 0; l < layers; l++) {
        bool here = p->r->layer[l].pattern.kind == MNQ_PATTERN_N_M;
        n_m = n_m || (here && p->want_here[l] < 0);
        if (p->want_here[l] < 0) continue;
        want -= p->want_here[l];
        if (here && p->want_here[l] > 0) clear_n_m(p, l);
        else clear_smallest(p, unit, list_units(p, l, unit), p->want_here[l], zeros);
    }
    if (n_m) return choose_n_m(p, want, e);
    for (int l = 0; l < layers; l++) {
        if (p->want_here[l] >= 0) continue;
        int here = list_units(p, l, unit + n);
        compare_by_lamp(unit + n, here);
        n += here;
    }
    clear_smallest(p, unit, n, want, zeros);
    return 0;
}
