/* SPDX-License-Identifier: Apache-2.0
 * The little dense linear algebra that second-order rounding and pruning need, in a fixed order of operations. */
#ifndef MNQ_LINALG_H
#define MNQ_LINALG_H

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

/** Solves L L^T x = b in place, L from mnq_cholesky. */
void mnq_cholesky_solve(const double *l, int n, double *b);

#ifdef __cplusplus
}
#endif
#endif
