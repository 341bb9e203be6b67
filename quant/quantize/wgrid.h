/* SPDX-License-Identifier: Apache-2.0
 * Grids of values that a weight may take, and the second-order sweep that rounds a row to one. */
#ifndef MNQ_WGRID_H
#define MNQ_WGRID_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_LEVELS_MAX = 16 };

/** Values a weight may take: step * (-qmax .. qmax), or a list. */
struct mnq_grid {
    double step;
    int qmax;
    int levels; /* 0 = uniform */
    double level[MNQ_LEVELS_MAX];
};

/** The grid's value nearest to v; halves away from zero, of two equally near levels the first. */
double mnq_grid_nearest(const struct mnq_grid *g, double v);

/**
 * Second-order rounding: weights are rounded one after the other, in the given order of columns, and each error is spread
 * over the columns still open so that the layer's output error, measured by the Gram matrix of its inputs, grows least
 * (OBQ, Frantar and Alistarh 2022, arXiv:2208.11580; the fixed order of GPTQ, arXiv:2210.17323).
 * Several grids are tried on one row at a time, so that u is read once for all.
 *
 * w      [lanes][n], permuted into that order by the caller; replaced by values of the grids
 * u      [n][n] upper Cholesky factor of the inverse Gram matrix (mnq_inverse_cholesky), in the same order
 * zero   [n] nonzero where the weight has to be 0 (pruned), or NULL
 * error  [lanes] filled with the growth of the output error, the quadratic form of the damped Gram matrix
 */
void mnq_grid_sweep(double *w, const double *u, const uint8_t *zero, int n, int lanes, const struct mnq_grid *grid,
                    double *error);

/**
 * Coordinate descent on a rounded row: each weight in turn takes the grid's value that is best beside all others, until
 * none moves (QuantEase, Behdin et al. 2023, arXiv:2309.01885). The error never rises.
 *
 * w        [n] what was rounded
 * value    [n] values of the grid, improved in place
 * h        [n][n] the damped Gram matrix, symmetric
 * scratch  [2 * n]
 * return   (w - value)^T h (w - value)
 */
double mnq_grid_descend(const double *w, double *value, const double *h, const uint8_t *zero, int n,
                        const struct mnq_grid *grid, double *scratch);

#ifdef __cplusplus
}
#endif
#endif
