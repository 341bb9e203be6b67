/* SPDX-License-Identifier: Apache-2.0
 * Rounding of weights to integers, row by row (one row per output channel). */
#ifndef MNQ_WROUND_H
#define MNQ_WROUND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Step of one row: the largest weight over qmax, or, with `importance`, the shrunken step that minimizes
 * sum importance[k] * (w[k] - step * round(w[k] / step))^2 (a search over 0.5 .. 1 times the largest).
 * w           [n]
 * importance  [n], or NULL
 * return      > 0; a row of zeros gives 1 / qmax
 */
double mnq_wround_step(const double *w, const double *importance, int n, int qmax);

/** q[k] = clamp(round(w[k] / step)), round half away from zero. */
void mnq_wround_nearest(const double *w, int n, double step, int qmax, int16_t *q);

#ifdef __cplusplus
}
#endif
#endif
