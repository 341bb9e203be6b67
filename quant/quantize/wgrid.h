/* SPDX-License-Identifier: Apache-2.0
 * Grids of values that a weight may take, and the second-order sweep that rounds a row to one. */
#ifndef MNQ_WGRID_H
#define MNQ_WGRID_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_LEVELS_MAX = 16, MNQ_GRID_LANES = 8 };

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
 * Several rows, or several grids for one row, are tried at a time, so that u is read once for all.
 *
 * w      [lanes][n], permuted into that order by the caller; replaced by values of the grids
 * u      [n][n] upper Cholesky factor of the inverse Gram matrix (mnq_inverse_cholesky), in the same order
 * zero   nonzero where the weight has to be 0 (pruned), or NULL: [n] of lane 0, zeros_apart later that of lane 1 (0: the
 * same) lanes  1 to MNQ_GRID_LANES error  [lanes] filled with the growth of the output error, the quadratic form of the
 * damped Gram matrix
 */
void mnq_grid_sweep(double *w, const double *u, const uint8_t *zero, int zeros_apart, int n, int lanes,
                    const struct mnq_grid *grid, double *error);

/**
 * Coordinate descent on rounded rows: each weight in turn takes the grid's value that is best beside all others, until
 * none moves (QuantEase, Behdin et al. 2023, arXiv:2309.01885). The error never rises.
 *
 * w        [lanes][n] what was rounded
 * value    [lanes][n] values of the grids, improved in place
 * h        [n][n] the damped Gram matrix, symmetric
 * zero     [lanes][n] or NULL
 * lanes    1 to MNQ_GRID_LANES
 * grid     [lanes]
 * scratch  [lanes][n]
 * error    [lanes] filled with (w - value)^T h (w - value)
 */
void mnq_grid_descend(const double *w, double *value, const double *h, const uint8_t *zero, int n, int lanes,
                      const struct mnq_grid *grid, double *scratch, double *error);

/**
 * rhs[l][j] -= x[l][k] a[k][j] for all k, one after the other: what a matrix that is read once makes of several rows.
 * rhs  [lanes][n]
 * a    [n][n]
 * x    [lanes][n]
 */
void mnq_grid_subtract(double *rhs, const double *a, const double *x, int n, int lanes);

/** The same for an upper triangular matrix: j >= k. */
void mnq_grid_subtract_upper(double *rhs, const double *u, const double *x, int n, int lanes);

#ifdef __cplusplus
}
#endif
#endif
