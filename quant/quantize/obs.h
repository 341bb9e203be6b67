/* SPDX-License-Identifier: Apache-2.0
 * The optimal brain surgeon for one output of a linear layer: which weights go, and what the others become.
 *
 * With H the (damped) covariance of the inputs, the mean square error of an output whose weights are w' instead of w is
 * (w' - w)^T H (w' - w). Removing weight p and adjusting all others at best adds w_p^2 / inverse(H)_pp (Hassibi & Stork
 * 1993); Frantar & Alistarh 2022 (arXiv:2208.11580) repeat that weight by weight, with a rank-1 downdate of the inverse
 * each. */
#ifndef MNQ_OBS_H
#define MNQ_OBS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is removed together, and what must not be. */
struct mnq_obs_pattern {
    int block; /* inputs [k * block, (k + 1) * block) leave together; 1: each alone */
    int group; /* of every `group` inputs (0: no such limit) ... */
    int most;  /* ... at most this many leave; not with blocks */
};

/**
 * Removes weights one by one (or block by block), the cheapest first, until none is left or the pattern allows no more.
 * Single precision: the order is what is asked for, and mnq_obs_refit() makes the weights.
 * hinv    [n][mnq_obs_stride(n)] inverse of H, lower triangle read; destroyed
 * w       [n]; destroyed
 * order   [n] inputs in the order they leave
 * error   [n] error after that many have left, error[k] belongs to order[0..k]; within a block only its last entry counts,
 *         the others repeat the value before it
 * work    mnq_obs_work(n) bytes, aligned for doubles
 * return  how many left
 */
int mnq_obs_trace(float *hinv, float *w, int n, struct mnq_obs_pattern p, int *order, double *error, void *work);

/** Floats from row to row of what mnq_obs_trace() works on, a multiple of 16. */
size_t mnq_obs_stride(int n);

/** Bytes of scratch memory of the functions here. */
size_t mnq_obs_work(int n);

/**
 * Best weights on a support: minimizes (w' - w)^T H (w' - w) with w'_i = 0 where gone[i]. Solves for the fewer of those
 * that stay and those that go.
 * h       [n][n] symmetric positive definite
 * hinv    [n][n] its inverse, both triangles
 * w       [n] in, w' out
 * scratch [n][n]
 * return  0, or -1 when h is not positive definite (w unchanged)
 */
int mnq_obs_refit(const double *h, const double *hinv, int n, const unsigned char *gone, double *w, double *scratch,
                  void *work);

/** inverse(A) of a symmetric positive definite matrix, lower triangle, in place; scratch [n][n]. -1 if it is not. */
int mnq_obs_invert(double *a, int n, double *scratch);

#ifdef __cplusplus
}
#endif
#endif
