/* SPDX-License-Identifier: Apache-2.0
 * Gram matrices of integer activations, summed exactly. */
#ifndef MNQ_GRAM_H
#define MNQ_GRAM_H

#include "quantize/lower.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Damping of the Gram matrix's diagonal, as a share of its mean (GPTQ uses 0.01). */
#define MNQ_GRAM_DAMPING 0.2

/**
 * Covariance of rows of int16 inputs and its factor for second-order rounding.
 * x        [rows][n], |x - zero| < 2^15; offsets by a zero point do not matter to the centred matrix
 * zero     integer zero point, for the mean squares in `diag`
 * centred  subtract the mean (the bias is re-fitted afterwards) or not
 * factor   whether to make `u` (n^3 work); otherwise only diag and order
 * out      arrays in arena
 */
int mnq_gram_make(const int16_t *x, size_t rows, int n, int zero, bool centred, bool factor, int threads,
                  struct mnq_gram *out, struct mnq_arena *arena, struct mnq_err *e);

/**
 * Adds the covariance of the inputs and what the float layer made of the same rows, for the re-fit.
 * x, zero, rows  as given to mnq_gram_make(), which was told to factor a centred matrix
 * y              [rows][outputs] pre-activations of the float layer
 * gram           u not NULL; gets `cross`, [outputs][n], in its order
 * Sums run in one order, whatever the number of threads.
 */
int mnq_gram_targets(const int16_t *x, const float *y, size_t rows, int zero, int outputs, int threads,
                     struct mnq_gram *gram, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
