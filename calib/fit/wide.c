/* SPDX-License-Identifier: Apache-2.0
 * Which layers get 16-bit weights and which tensors 16-bit activations. */
#include "wide.h"

#include "quantize/lower.h"

#include <string.h>

/* Noise of 8-bit weights, all layers together, that is not worth bytes: 32 dB below the signal, which costs no decision. */
static const double WIDE_ENOUGH = 6e-4;

/* Zeros that a bitmap of one bit per weight leaves out at a gain: at 16 bits they would take their place again. */
static bool pruned(const struct mnq_graph *g, int i)
{
    const struct mnq_node *nd = &g->node[i];
    size_t n, zeros = 0;
    if (!mnq_lower_is_pointwise(g, i)) return false;
    n = (size_t)g->node[nd->in[0]].out.c * (size_t)nd->out.c;
    for (size_t k = 0; k < n; k++) zeros += nd->w[k] == 0;
    return 8 * zeros > n;
}

void mnq_choose_wide(const struct mnq_graph *g, const double *sensitivity, const size_t *weights, enum mnq_wide wide,
                     double budget, struct mnq_wformat *format)
{
    double left = 0, noise = 0;
    for (int i = 0; i < g->n; i++) {
        if (wide == MNQ_WIDE_ALL && format[i].bits == 8) format[i].bits = 16;
        left += budget * (double)weights[i];
        if (weights[i] > 0) noise += sensitivity[i];
    }
    while (wide == MNQ_WIDE_AUTO && noise > WIDE_ENOUGH) {
        int best = -1;
        double best_gain = 0;
        for (int i = 0; i < g->n; i++) {
            if (format[i].bits != 8 || weights[i] == 0 || (double)weights[i] > left) continue;
            double gain = sensitivity[i] / (double)weights[i];
            if (gain > best_gain && !pruned(g, i)) {
                best = i;
                best_gain = gain;
            }
        }
        if (best < 0) return;
        format[best].bits = 16;
        left -= (double)weights[best];
        noise -= sensitivity[best];
    }
}

/* ---- 16-bit activations ---- */

/* Share of the tensors' noise that 16 bits are to remove. */
static const double WIDE_SHARE = 0.9;

/* Whether tensor i is wide: nodes that move values follow what they read. */
static bool is_wide(const struct mnq_graph *g, int i, const uint8_t *wide)
{
    while (mnq_node_moves(g, i)) i = g->node[i].in[0];
    return wide[i] != 0;
}

/* The network's tensors and layers as a plan sees them, these tensors wide. */
static void outline(const struct mnq_graph *g, const uint8_t *wide, struct mnq_qmodel *q)
{
    int layers = 0;
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        int t = mnq_lower_tensor_index(g, i);
        q->tensor[t] = (struct mnq_qtensor){.shape = nd->out,
                                            .dtype = is_wide(g, i, wide) || mnq_node_is_settled(g, i) ? MNQ_S16 : MNQ_S8};
        q->n_tensors = t + 1;
        if (!mnq_lower_is_layer(g, i)) continue;
        q->layer[layers++] = (struct mnq_qlayer){.in0 = mnq_lower_tensor_index(g, nd->in[0]),
                                                 .in1 = nd->n_in > 1 ? mnq_lower_tensor_index(g, nd->in[1]) : -1,
                                                 .out = t};
    }
    q->n_layers = layers;
    q->output = mnq_lower_tensor_index(g, g->output);
    q->n_more = g->n_more;
    for (int k = 0; k < g->n_more; k++) q->more[k] = mnq_lower_tensor_index(g, g->more[k]);
}

/* What only moves values has the type of what it reads. */
static bool may_be_wide(const struct mnq_graph *g, int i)
{
    return mnq_lower_is_layer(g, i) && !mnq_node_is_settled(g, i) && !mnq_node_moves(g, i);
}

/* A tensor that only global pools and dense layers read, or that they write: small, and made of the few strong responses
 * that decide the class, which pictures outside the sample drive beyond any range seen. */
static bool is_evidence(const struct mnq_graph *g, int i)
{
    if (g->node[i].out.h * g->node[i].out.w == 1) return true;
    for (int k = i + 1; k < g->n; k++)
        for (int j = 0; j < g->node[k].n_in; j++)
            if (g->node[k].in[j] == i && g->node[k].out.h * g->node[k].out.w > 1) return false;
    return true;
}

/* The most sensitive tensor that was not tried yet, or -1. */
static int next_tensor(const struct mnq_graph *g, const double *sensitivity, const uint8_t *tried)
{
    int best = -1;
    for (int i = 0; i < g->n; i++)
        if (may_be_wide(g, i) && !tried[i] && (best < 0 || sensitivity[i] > sensitivity[best])) best = i;
    return best;
}

/* The memory plan of layers at once, and its bytes with 8 bits throughout. */
struct at_once {
    const struct mnq_graph *g;
    struct mnq_qmodel *q;
    uint32_t limit;
};

static int plan_fits(void *context, const uint8_t *wide, struct mnq_err *e)
{
    struct at_once *p = context;
    bool fits;
    outline(p->g, wide, p->q);
    return mnq_qmodel_plan_fits(p->q, p->limit, &fits, e) != 0 ? -1 : fits;
}

int mnq_choose_wide_tensors(const struct mnq_graph *g, const double *sensitivity, enum mnq_wide mode, mnq_wide_fits *fits,
                            void *context, uint8_t *wide, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    struct mnq_qmodel q = {.tensor = mnq_arena_array(&arena, (size_t)g->n, sizeof *q.tensor),
                           .layer = mnq_arena_array(&arena, (size_t)g->n, sizeof *q.layer)};
    uint8_t *tried = mnq_arena_alloc(&arena, (size_t)g->n);
    struct at_once plan = {.g = g, .q = &q};
    double total = 0, removed = 0;
    int rc = -1;
    if (q.tensor == NULL || q.layer == NULL || tried == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    memset(wide, 0, (size_t)g->n);
    outline(g, wide, &q);
    if (mnq_qmodel_plan(&q, e) != 0) goto done;
    plan.limit = q.arena_bytes;
    for (int i = 0; i < g->n; i++) {
        total += sensitivity[i];
        wide[i] = tried[i] = may_be_wide(g, i) && (mode == MNQ_WIDE_ALL || (mode == MNQ_WIDE_AUTO && is_evidence(g, i)));
        if (wide[i]) removed += sensitivity[i];
    }
    if (fits == NULL) {
        fits = plan_fits;
        context = &plan;
    } else if (mode == MNQ_WIDE_AUTO && fits(context, wide, e) < 0) {
        goto done;
    }
    while (mode == MNQ_WIDE_AUTO && removed < WIDE_SHARE * total) {
        int best = next_tensor(g, sensitivity, tried);
        if (best < 0) break;
        tried[best] = wide[best] = 1;
        const int fit = fits(context, wide, e);
        if (fit < 0) goto done;
        if (fit == 0) wide[best] = 0;
        else removed += sensitivity[best];
    }
    rc = 0;
done:
    mnq_arena_free(&arena);
    return rc;
}
