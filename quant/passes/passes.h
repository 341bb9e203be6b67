/* SPDX-License-Identifier: Apache-2.0
 * Passes over the float graph. Each copies what it keeps; the input graph stays untouched. */
#ifndef MNQ_PASSES_H
#define MNQ_PASSES_H

#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Raw graph -> legal graph: only INPUT, AFFINE directly behind INPUT, CONV, DWCONV, DENSE, AVGPOOL, MAXPOOL, ADD, MUL,
 * SELECT, UPSAMPLE, SPREAD, SOFTMAX (whose readers are depthwise), and at the end ACT(SIGMOID), with
 *  - BatchNormalization folded into the convolution or dense layer before it (in double; with or without its own
 *    bias), or, when it stands before a 1x1 or dense layer or alone, into an equivalent neighbour / 1x1 depthwise,
 *  - AFFINE elsewhere folded likewise (h-swish and h-sigmoid spelled with Rescaling or arithmetic are recognized first),
 *  - PAD absorbed by the convolution behind it,
 *  - RESHAPE removed (Flatten before DENSE keeps the NHWC order: DENSE on HxWxC becomes a CONV with an HxW kernel),
 *  - activations fused into their producer when it has no other reader, h-swish in every spelling:
 *    MUL(x, HSIGMOID(x)) in both orders -> HSWISH,
 *  - DENSE/CONV 1x1 with SIGMOID or SOFTMAX activations split into linear layer + SOFTMAX / final ACT,
 *  - HARD_SIGMOID_02 rewritten as HSIGMOID on a scaled input: hs02(x) = hsigmoid(1.2 x), where the scale is folded in
 *    the producer,
 *  - dilation as zeros among the weights, TCONV as CONV and SPREAD, CROP as a DWCONV with one tap per channel,
 *  - two different inputs for ADD and MUL, the second of the output's height and width or 1x1, of its channels or 1,
 *  - constant-free dead nodes dropped; the last node is an output.
 * Float results agree with the raw graph up to rounding. Patterns are matched on the graph, never on names.
 * Node names: the convolution's or dense layer's own name survives; `source` indexes the raw node that held w.
 * The result uses `arena`. 0, or -1 naming the first node that cannot be expressed.
 */
int mnq_graph_legalize(const struct mnq_graph *raw, struct mnq_graph *legal, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
