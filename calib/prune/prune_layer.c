/* SPDX-License-Identifier: Apache-2.0
 * What may be pruned, how far, and what it saves. */
#include "prune_layer.h"

#include "quantize/lower.h"

static int first_layer(const struct mnq_graph *g)
{
    for (int i = 0; i < g->n; i++)
        if (mnq_lower_has_weights(g, i) && g->node[i].w_path != NULL) return i;
    return -1;
}

bool mnq_prune_can(const struct mnq_graph *legal, int i)
{
    const struct mnq_node *nd = &legal->node[i];
    if (nd->op != MNQ_OP_CONV && nd->op != MNQ_OP_DENSE) return false;
    return mnq_lower_is_pointwise(legal, i) && nd->w_path != NULL && nd->source >= 0 && i != first_layer(legal);
}

static bool block_supported(const struct mnq_pattern *p)
{
    return p->kind != MNQ_PATTERN_BLOCK || p->m == 2 || p->m == 4 || p->m == 8 || p->m == 16;
}

int mnq_prune_pattern(const char *text, const char *where, struct mnq_pattern *p, struct mnq_err *e)
{
    if (mnq_pattern_parse(text, p) == 0 && block_supported(p)) return 0;
    return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_USAGE,
                          "%s: expected none, N:M with N < M <= 64, or blockN with N = 2, 4, 8, 16, got '%s'", where, text);
}

int mnq_prune_rules(const struct mnq_graph *legal, const struct mnq_layer_choice *choice, struct mnq_err *e)
{
    for (int i = 0; i < legal->n; i++)
        if (choice[i].pattern.m > 0 && !block_supported(&choice[i].pattern))
            return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_USAGE,
                                  "layer '%s': pattern block%d: blocks have 2, 4, 8 or 16 weights", legal->node[i].name,
                                  choice[i].pattern.m);
    return 0;
}

int64_t mnq_prune_implied(const struct mnq_prune_layer *l)
{
    int m = l->pattern.m, n = l->pattern.n, rest = l->inputs % m;
    return (int64_t)l->outputs * ((int64_t)(l->inputs / m) * (m - n) + (rest > n ? rest - n : 0));
}

int64_t mnq_prune_limit(const struct mnq_prune_layer *l)
{
    if (l->pattern.kind == MNQ_PATTERN_N_M) return mnq_prune_implied(l);
    return (int64_t)(MNQ_PRUNE_MOST * (double)l->weights);
}

void mnq_prune_count(const struct mnq_graph *g, struct mnq_prune_report *r)
{
    for (int l = 0; l < r->n_layers; l++) {
        struct mnq_prune_layer *layer = &r->layer[l];
        const float *w = g->node[layer->node].w;
        layer->zeros = 0;
        for (int64_t k = 0; k < layer->weights; k++) layer->zeros += w[k] == 0.0f;
    }
}

bool mnq_pattern_holds(struct mnq_pattern p, const float *w, int inputs, int outputs)
{
    if (p.kind == MNQ_PATTERN_NONE) return true;
    for (int o = 0; o < outputs; o++)
        for (int i = 0; i < inputs; i += p.m) {
            int size = inputs - i < p.m ? inputs - i : p.m, used = 0;
            for (int k = 0; k < size; k++) used += w[(size_t)(i + k) * (size_t)outputs + (size_t)o] != 0.0f;
            if (p.kind == MNQ_PATTERN_N_M ? used > p.n : used != 0 && used != size) return false;
        }
    return true;
}

int64_t mnq_prune_bytes_dense(const struct mnq_prune_layer *l)
{
    return l->weights;
}

int64_t mnq_prune_bytes_sparse(const struct mnq_prune_layer *l)
{
    int64_t units = l->weights;
    if (l->pattern.kind == MNQ_PATTERN_BLOCK) units = (int64_t)l->outputs * ((l->inputs + l->pattern.m - 1) / l->pattern.m);
    return (units + 7) / 8 + l->weights - l->zeros;
}

bool mnq_prune_large(const struct mnq_prune_report *r)
{
    const double large = 100e9;
    double sum = 0;
    for (int l = 0; l < r->n_layers; l++) {
        double n = r->layer[l].inputs;
        sum += n * n * n / 6 * r->layer[l].outputs;
    }
    return sum > large;
}
