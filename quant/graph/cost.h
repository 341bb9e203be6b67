/* SPDX-License-Identifier: Apache-2.0
 * Cost model: multiply-accumulates, parameters and bytes of a graph. */
#ifndef MNQ_COST_H
#define MNQ_COST_H

#include "graph/graph.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Cost of one node. */
struct mnq_cost {
    int64_t macs;   /* convolutions and dense: out_h * out_w * kh * kw * cin(/depthwise: 1) * cout; else 0 */
    int64_t params; /* as Keras counts: kernel, bias, four per channel of BatchNormalization, two without scale and center */
    int64_t weights;    /* quantizable weights, without bias and BatchNormalization */
    int64_t activation; /* elements of the output tensor */
    double saving;      /* DWCONV followed by a 1x1 CONV: the pair's cost over the standard convolution's; else 0 */
    int pair;           /* node index of that 1x1 CONV, else -1 */
};

/** Cost of node i of a raw or legal graph. */
struct mnq_cost mnq_cost_node(const struct mnq_graph *g, int i);

/**
 * What one pass of a graph asks of the machine, quant/BUDGETS.md.
 * operations  multiply-accumulates, taps of pooling windows, and one for every value made
 * values      of all tensors together
 */
struct mnq_demand {
    uint64_t operations, values;
};
struct mnq_demand mnq_cost_demand(const struct mnq_graph *g);

/** Sum over all nodes (saving and pair unset). */
struct mnq_cost mnq_cost_total(const struct mnq_graph *g);

#ifdef __cplusplus
}
#endif
#endif
