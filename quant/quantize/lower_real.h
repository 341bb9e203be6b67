/* SPDX-License-Identifier: Apache-2.0
 * What a layer in integers computes, in real numbers again. */
#ifndef MNQ_LOWER_REAL_H
#define MNQ_LOWER_REAL_H

#include "quantize/lower.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Weights and biases of y, which mnq_lower_node() made of node i; not of XNOR.
 * w     [mnq_node_weights()] in the graph's layout; 0 where the input's scale is 0
 * cell  [the same] how far one integer is from the next in each weight, or NULL
 * b     [C_out], corrections included
 */
void mnq_lower_real(const struct mnq_lowering *l, int i, const struct mnq_qlayer *y, float *w, float *cell, float *b);

#ifdef __cplusplus
}
#endif
#endif
