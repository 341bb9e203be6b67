/* SPDX-License-Identifier: Apache-2.0
 * Lowering: one node of the legal graph becomes one integer layer. */
#ifndef MNQ_LOWER_H
#define MNQ_LOWER_H

#include "pack/qmodel.h"
#include "quantize/qparams.h"

/** What lowering needs to know of the whole graph. */
struct mnq_lowering {
    const struct mnq_graph *g;
    const struct mnq_qparams *qp; /* [g->n] */
    const struct mnq_preprocess *p;
    const double *pre_max; /* [g->n] largest |pre-activation| seen, for HSWISH and HSIGMOID */
    struct mnq_arena *arena;
};

/** Second-order information about a layer's inputs. */
struct mnq_gram {
    int n;        /* inputs per output: kh * kw * cin (1x1, dense: cin) */
    double *diag; /* [n] mean square of each input, in integer units around its zero point */
    int *order;   /* [n] columns by falling mean square */
    double *u;    /* [n][n] upper Cholesky factor of the inverse of the damped Gram matrix, in that order; NULL: nearest */
};

/** How the weights of one layer are rounded. */
struct mnq_rounding_job {
    int bits;                    /* 8 or 16 */
    const struct mnq_gram *gram; /* NULL: nearest rounding, step from the largest weight */
};

/** Tensor index of a node in the integer model: nodes in order, AFFINE behind INPUT shares the input's. */
int mnq_lower_tensor_index(const struct mnq_graph *g, int node);

/** Bits that an accumulator of magnitude `worst` (>= 1) needs, sign included. */
int mnq_lower_acc_bits(double worst);

/** Whether a node becomes a layer (all but INPUT and AFFINE). */
bool mnq_lower_is_layer(const struct mnq_graph *g, int node);

/** Whether a node has weights that rounding concerns (CONV, DWCONV, DENSE). */
bool mnq_lower_has_weights(const struct mnq_graph *g, int node);

/** Whether the node is a 1x1 convolution or dense layer, for which a Gram matrix can be collected. */
bool mnq_lower_is_pointwise(const struct mnq_graph *g, int node);

/**
 * Lowers node i. job is read only for nodes with weights.
 * The bias holds the float bias and the input zero point; mnq_lower_shift_bias() corrects it afterwards.
 */
int mnq_lower_node(const struct mnq_lowering *l, int i, const struct mnq_rounding_job *job, struct mnq_qlayer *out,
                   struct mnq_err *e);

/** Adds delta[o] (real, before the activation) to the layer's bias, as far as the accumulator's bound allows. */
void mnq_lower_shift_bias(struct mnq_qlayer *l, const double *delta, int channels);

/** Float weights of node i as `bits`-bit nearest rounding would leave them (graph layout, w has mnq_node_weights() entries).
 */
int mnq_lower_fake_quantize(const struct mnq_lowering *l, int i, int bits, float *w);

/** Fills tensors, input, output and the fixed fields of an integer model for g (layers are the caller's). */
int mnq_lower_frame(const struct mnq_lowering *l, struct mnq_qmodel *q, struct mnq_err *e);

#endif
