/* SPDX-License-Identifier: Apache-2.0
 * The little dense linear algebra that second-order rounding and pruning need, in a fixed order of operations. */
#ifndef MNQ_LINALG_H
#define MNQ_LINALG_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Upper Cholesky factor U of the inverse of a symmetric positive definite matrix: inverse(A) = U^T U.
 * a       [n][n] row-major, destroyed; U is left in its upper triangle (lower triangle undefined)
 * return  0, or -1 when A is not positive definite
 */
int mnq_inverse_cholesky(double *a, int n);

/** In-place Cholesky A = L L^T, lower triangle; -1 when not positive definite. */
int mnq_cholesky(double *a, int n);

/** Columns (or rows) that are worked off at a time. */
enum { MNQ_PANEL = 32 };

/** Doubles from row to row of MNQ_PANEL rows of n: an odd number of cache lines, so that rows do not evict each other. */
size_t mnq_panel_stride(int n);

/** The same bits as mnq_cholesky, for large n: MNQ_PANEL columns at a time; v [MNQ_PANEL][mnq_panel_stride(n)] is scratch.
 */
int mnq_cholesky_panels(double *a, int n, double *v);

/** Solves L L^T x = b in place, L from mnq_cholesky. */
void mnq_cholesky_solve(const double *l, int n, double *b);

/** The same for each column of b [n][count]. */
void mnq_cholesky_solve_many(const double *l, int n, double *b, int count);

#ifdef __cplusplus
}
#endif
#endif
