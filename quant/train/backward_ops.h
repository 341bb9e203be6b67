/* SPDX-License-Identifier: Apache-2.0
 * Gradients of the float operators: one node, from its output's gradient to those of its inputs and weights. */
#ifndef MNQ_BACKWARD_OPS_H
#define MNQ_BACKWARD_OPS_H

#include "graph/fkernel/fkernel.h"
#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One node at work. Gradients of inputs and weights are added to, so they have to hold something. */
struct mnq_backward_op {
    const struct mnq_graph *g;
    const struct mnq_node *nd;
    const struct mnq_fkernels *kernels;
    const float *in[2];      /* what the node read */
    const float *dy;         /* gradient of its output before the activation */
    float *dx[2];            /* of its inputs, NULL: not wanted */
    float *dw, *db;          /* of its weights and biases, NULL: not wanted */
    const float *transposed; /* weights [cout][kh kw cin], packed: mnq_backward_transpose(); CONV and DENSE with dx */
    float *scratch;          /* mnq_backward_scratch() floats */
};

/** Whether a node has gradients here; if not, *what names its operator or activation. */
bool mnq_backward_known(const struct mnq_graph *g, const struct mnq_node *nd, const char **what);

/** Floats of scratch memory that a node's gradients need, at most. */
size_t mnq_backward_scratch(const struct mnq_graph *g, const struct mnq_node *nd);

/** Floats of the transposed weights: of CONV and DENSE, else 0; and filling them. scratch: as many weights as the node has.
 */
size_t mnq_backward_transposed(const struct mnq_graph *g, const struct mnq_node *nd);
void mnq_backward_transpose(const struct mnq_graph *g, const struct mnq_node *nd, const struct mnq_fkernels *kernels,
                            float *scratch, float *transposed);

/** Runs one node. Every sum has one fixed order: the same bits on every host. */
void mnq_backward_linear(const struct mnq_backward_op *op);

/**
 * Multiplies d by the derivative of nd's activation.
 * pre  what the activation read: HSWISH, HSIGMOID, HARD_SIGMOID_02, LEAKY; NULL else
 * y    what it gave
 */
void mnq_backward_act(const struct mnq_node *nd, const float *pre, const float *y, float *d);

/** Whether mnq_backward_act() wants `pre`. */
bool mnq_backward_wants_pre(const struct mnq_node *nd);

#ifdef __cplusplus
}
#endif
#endif
