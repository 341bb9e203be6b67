/* SPDX-License-Identifier: Apache-2.0
 * Rounding of a row to -1, 0 and 1 times a step. */
#ifndef MNQ_WTERNARY_H
#define MNQ_WTERNARY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The step whose nearest values (nothing up to half a step, else one step) leave the least sum of
 * importance[k] * (w[k] - value)^2: fixed points of "the mean of what is beyond half a step" (TWN, Li et al. 2016,
 * arXiv:1605.04711, with its threshold found, not assumed) from several starts.
 * w           [n]
 * importance  [n], or NULL: all alike
 * return      > 0; a row of zeros gives 1
 */
double mnq_wternary_step(const double *w, const double *importance, int n);

/**
 * Step and values under a Gram matrix: second-order sweeps with several steps, then in turn coordinate descent and the step
 * that is best for the signs found (least squares under h).
 * w           [n] in the matrices' order
 * importance  [n] diagonal of the Gram matrix, for the first step
 * h, u        [n][n] damped Gram matrix, and the upper Cholesky factor of its inverse
 * zero        [n] nonzero where the weight has to be 0
 * value       [n] filled
 * work        [8 n]
 * return      the step, > 0
 */
double mnq_wternary_row(const double *w, const double *importance, const double *h, const double *u, const uint8_t *zero,
                        int n, double *value, double *work);

#ifdef __cplusplus
}
#endif
#endif
