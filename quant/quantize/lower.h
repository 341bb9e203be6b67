/* SPDX-License-Identifier: Apache-2.0
 * Lowering: one node of the legal graph becomes one integer layer. */
#ifndef MNQ_LOWER_H
#define MNQ_LOWER_H

#include "pack/qmodel.h"
#include "quantize/qparams.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What lowering needs to know of the whole graph. */
struct mnq_lowering {
    const struct mnq_graph *g;
    const struct mnq_qparams *qp; /* [g->n] */
    const struct mnq_preprocess *p;
    const double *pre_max; /* [g->n] largest |pre-activation| seen, where mnq_lower_needs_range() */
    struct mnq_arena *arena;
};

/** Format of one layer's weights. 4 bits and fewer are for 1x1 and dense layers. */
struct mnq_wformat {
    uint8_t bits;   /* 16, 8, 4, 2 (ternary: -1, 0, 1) or 1 */
    uint8_t bases;  /* of 1-bit weights, 1..4; else 0 */
    uint8_t inputs; /* 1: the activations are binarized too (XNOR, one base); else 8 */
};

/** 8-bit weights. */
#define MNQ_WFORMAT_INT8 ((struct mnq_wformat){8, 0, 8})

/** Second-order information about a layer's inputs. Matrices are in the order of `order`. */
struct mnq_gram {
    int n;         /* inputs per output: kh * kw * cin (1x1, dense: cin) */
    double *diag;  /* [n] mean square of each input, in integer units around its zero point */
    int *order;    /* [n] columns by falling mean square */
    double damp;   /* added to the diagonal */
    double *h;     /* [n][n] damped Gram matrix, symmetric */
    double *u;     /* [n][n] upper Cholesky factor of its inverse; NULL: round to nearest */
    double *cross; /* [C_out][n] covariance of input k and the float layer's pre-activation o; NULL: no re-fit */
};

/** What binarized inputs keep of the integers x: x ~ mean + amplitude * (sign - mean_sign), least squares. */
struct mnq_sign_stats {
    double *mean;      /* [C_in] of x around its zero point */
    double *amplitude; /* [C_in], >= 0 */
    double *mean_sign; /* [C_in], -1 .. 1 */
};

/** How the weights of one layer are rounded. */
struct mnq_rounding_job {
    struct mnq_wformat format;
    const struct mnq_gram *gram;       /* NULL: nearest rounding, step from the largest weight; binary: mean |w| */
    const int16_t *threshold;          /* [C_in] of the inputs' signs, format.inputs == 1 only */
    const struct mnq_sign_stats *sign; /* likewise; NULL: amplitude 1 and mean 0 */
    bool nearest;                      /* round re-fitted weights to the nearest, no error spread; not for 1-bit formats */
    int threads;
    const double *level; /* [rows][max(bases, 1)] of weights of fewer than 8 bits that lie on a grid: their step or coefficients, in
                          * real units of a row with the input's scales absorbed; NULL: to be found */
};

/** Tensor index of a node in the integer model: nodes in order, AFFINE behind INPUT shares the input's. */
int mnq_lower_tensor_index(const struct mnq_graph *g, int node);

/** Bits that an accumulator of magnitude `worst` (>= 1) needs, sign included. */
int mnq_lower_acc_bits(double worst);

/** Whether a node becomes a layer (all but INPUT and AFFINE). */
bool mnq_lower_is_layer(const struct mnq_graph *g, int node);

/** Whether a node's activation needs the largest |pre-activation| that was seen. */
bool mnq_lower_needs_range(const struct mnq_node *nd);

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

/** Fills tensors, input, output and the fixed fields of an integer model for g (layers are the caller's). */
int mnq_lower_frame(const struct mnq_lowering *l, struct mnq_qmodel *q, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
