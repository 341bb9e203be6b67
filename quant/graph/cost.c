/* SPDX-License-Identifier: Apache-2.0
 * Cost model: multiply-accumulates, parameters and bytes of a graph. */
#include "graph/cost.h"

/* The depthwise convolution whose channels a 1x1 convolution combines: BatchNormalization, activations, arithmetic
 * and a squeeze-excite gate may stand between them. -1 if there is none. */
static int depthwise_before(const struct mnq_graph *g, int pointwise)
{
    int i = g->node[pointwise].in[0];
    while (i > 0) {
        const struct mnq_node *nd = &g->node[i];
        switch (nd->op) {
        case MNQ_OP_DWCONV:
            return i;
        case MNQ_OP_ACT:
        case MNQ_OP_BATCHNORM:
        case MNQ_OP_AFFINE:
        case MNQ_OP_MUL:
            i = nd->in[0];
            break;
        default:
            return -1;
        }
    }
    return -1;
}

/* Cost of the separable pair over the standard convolution: (D^2 M A + M A N) / (D^2 M N), M channels, depth multiplier A
 * (Howard et al. 2017, arXiv:1704.04861, section 3.1, where A = 1). */
static void find_pair(const struct mnq_graph *g, int i, struct mnq_cost *cost)
{
    const struct mnq_node *dw = &g->node[i];
    for (int k = i + 1; k < g->n; k++) {
        const struct mnq_node *pw = &g->node[k];
        if (pw->op != MNQ_OP_CONV || pw->kh != 1 || pw->kw != 1 || depthwise_before(g, k) != i) continue;
        cost->pair = k;
        cost->saving = dw->mult * (1.0 / pw->out.c + 1.0 / ((double)dw->kh * dw->kw));
        return;
    }
}

struct mnq_cost mnq_cost_node(const struct mnq_graph *g, int i)
{
    const struct mnq_node *nd = &g->node[i];
    int64_t pixels = (int64_t)nd->out.h * nd->out.w, c = nd->out.c;
    struct mnq_cost cost = {.activation = pixels * c, .pair = -1};
    switch (nd->op) {
    case MNQ_OP_CONV:
    case MNQ_OP_DWCONV:
    case MNQ_OP_DENSE:
        cost.weights = (int64_t)mnq_node_weights(g, nd);
        cost.macs = pixels * cost.weights;
        cost.params = cost.weights + (nd->b != NULL ? c : 0);
        break;
    case MNQ_OP_TCONV: /* every weight once per pixel of the input */
        cost.weights = (int64_t)mnq_node_weights(g, nd);
        cost.macs = (int64_t)g->node[nd->in[0]].out.h * g->node[nd->in[0]].out.w * cost.weights;
        cost.params = cost.weights + (nd->b != NULL ? c : 0);
        break;
    case MNQ_OP_BATCHNORM:
        cost.params = nd->kept > 0 ? nd->kept : c * (2 + (nd->gamma != NULL) + (nd->beta != NULL));
        break;
    case MNQ_OP_AFFINE:
        cost.params = nd->kept;
        break;
    default:
        break;
    }
    if (nd->act == MNQ_ACT_PRELU) cost.params += nd->op == MNQ_OP_ACT && nd->kept > 0 ? nd->kept : c;
    if (nd->op == MNQ_OP_DWCONV) find_pair(g, i, &cost);
    return cost;
}

/* No sum overflows: a graph has 65,536 nodes of 2^28 values at most, windows of 2^14 a side. */
struct mnq_demand mnq_cost_demand(const struct mnq_graph *g)
{
    struct mnq_demand sum = {0};
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        const struct mnq_cost c = mnq_cost_node(g, i);
        const uint64_t values = mnq_elements(nd->out), taps = (uint64_t)nd->kh * (uint64_t)nd->kw;
        bool window = nd->op == MNQ_OP_AVGPOOL || nd->op == MNQ_OP_MAXPOOL;
        const uint64_t work = (uint64_t)c.macs + values * (window ? taps : 1);
        sum.operations = work > UINT64_MAX - sum.operations ? UINT64_MAX : sum.operations + work;
        sum.values += values;
    }
    return sum;
}

struct mnq_cost mnq_cost_total(const struct mnq_graph *g)
{
    struct mnq_cost sum = {.pair = -1};
    for (int i = 0; i < g->n; i++) {
        struct mnq_cost c = mnq_cost_node(g, i);
        sum.macs += c.macs;
        if (g->node[i].twin < 0) sum.params += c.params;
        sum.weights += c.weights;
        sum.activation += c.activation;
    }
    return sum;
}
