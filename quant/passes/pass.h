/* SPDX-License-Identifier: Apache-2.0
 * The passes of mnq_graph_legalize() in their order; each 0 or -1. */
#ifndef MNQ_PASS_H
#define MNQ_PASS_H

#include "passes/rewrite.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Activations become nodes of their own; those that do nothing vanish. */
int mnq_split_act(struct mnq_rw *rw, struct mnq_err *e);
/** Sums and products: of a tensor with itself, and of sizes that no integer layer has. CROP becomes a convolution. */
int mnq_expand(struct mnq_rw *rw, struct mnq_err *e);
/** Sums, products and selections of one tensor, which it may be only since what lay between vanished. How many, or -1. */
int mnq_join_twice(struct mnq_rw *rw, struct mnq_err *e);
/** Windows with gaps get zeros for weights; TCONV becomes CONV and SPREAD. */
int mnq_expand_conv(struct mnq_rw *rw, struct mnq_err *e);
/** RESHAPE vanishes; dense layers on H x W x C become convolutions. */
int mnq_drop_reshape(struct mnq_rw *rw, struct mnq_err *e);
/** A mix of the picture's channels moves into the convolutions behind it. */
int mnq_fold_mix(struct mnq_rw *rw, struct mnq_err *e);
/** h-sigmoid, h-swish and swish in every spelling become activations. */
int mnq_match_act(struct mnq_rw *rw, struct mnq_err *e);
/** Nodes that only move values sink behind activations and affine maps, which so reach the layer before. */
int mnq_sink_moves(struct mnq_rw *rw, struct mnq_err *e);
/** BATCHNORM and AFFINE move into weights, as far as that is possible. */
int mnq_fold_bn(struct mnq_rw *rw, struct mnq_err *e);
/** PAD moves into convolutions, as far as that is possible. */
int mnq_absorb_pad(struct mnq_rw *rw, struct mnq_err *e);
/** PAD, then AFFINE that are left become depthwise convolutions. */
int mnq_pad_to_dwconv(struct mnq_rw *rw, struct mnq_err *e);
int mnq_affine_to_dwconv(struct mnq_rw *rw, struct mnq_err *e);
/** Activations move into their producers, or into identity convolutions. */
int mnq_fuse_act(struct mnq_rw *rw, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
