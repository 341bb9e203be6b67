/* SPDX-License-Identifier: Apache-2.0
 * Gram matrices of integer activations, summed exactly. */
#ifndef MNQ_GRAM_H
#define MNQ_GRAM_H

#include "quantize/lower.h"

/** Damping of the Gram matrix's diagonal, as a share of its mean (GPTQ uses 0.01). */
#define MNQ_GRAM_DAMPING 0.01

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

#endif
