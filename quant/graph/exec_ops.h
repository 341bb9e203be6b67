/* SPDX-License-Identifier: Apache-2.0
 * The executor's operators: one node, its inputs and its output in memory. */
#ifndef MNQ_EXEC_OPS_H
#define MNQ_EXEC_OPS_H

#include "graph/fkernel/fkernel.h"
#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A node's weights in the layout of matmul, as they were at `of`. */
struct mnq_exec_packed {
    float *to; /* mnq_exec_packed_floats() floats */
    const float *of;
};

/** What an operator computes with; scratch holds mnq_exec_scratch() floats. */
struct mnq_exec_op {
    const struct mnq_graph *g;
    const struct mnq_node *nd;
    const struct mnq_fkernels *kernels;
    const float *in[2];
    float *out, *scratch;
    struct mnq_exec_packed *kept; /* NULL: weights are packed anew */
};

/** Floats of scratch memory that node nd needs; SIZE_MAX if that overflows. */
size_t mnq_exec_scratch(const struct mnq_graph *g, const struct mnq_node *nd);

/** Floats that nd's packed weights take; 0 if it has none, or they are not worth keeping. */
size_t mnq_exec_packed_floats(const struct mnq_graph *g, const struct mnq_node *nd);

/** Computes op->out up to, and without, the node's activation. */
void mnq_exec_linear(const struct mnq_exec_op *op);

/** Applies nd's activation to op->out. */
void mnq_exec_act(const struct mnq_exec_op *op);

#ifdef __cplusplus
}
#endif
#endif
