/* SPDX-License-Identifier: Apache-2.0
 * Binary bases: a row of weights as a sum of few scaled sign vectors. */
#ifndef MNQ_WBINARY_H
#define MNQ_WBINARY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_WBINARY_MAX = 4 };

/** How the bases of a row are found. */
enum mnq_binary_fit {
    MNQ_BINARY_MEAN, /* XNOR-Net: a = mean |residual|, s = sign(residual), one base after the other; inputs are not looked at
                      */
    MNQ_BINARY_FIT /* least squares of the scales on the layer's inputs, alternating with second-order rounding to the signs
                    */
};

/**
 * w ~ sum over m of coef[m] * sign[m][k], with the least output error found. Rastegari et al. 2016 (arXiv:1603.05279) for
 * the mean; Lin et al. 2017 (arXiv:1711.11294) for several bases; the alternation is Lloyd's with the Gram matrix as metric.
 * The uniform grid of 2^bases levels is among the starting points, so the result is never worse than rounding to it.
 *
 * w      [n] in the order of h and u
 * h, u   [n][n] damped Gram matrix, symmetric, and the upper Cholesky factor of its inverse; NULL with MEAN
 * coef   [bases], filled, > 0, falling
 * value  [n], filled with the sums, which are on the grid of the 2^bases combinations
 * work   [(bases + 8) * n] scratch
 * return the output error (w - value)^T h (w - value); with MEAN the plain squared error
 */
double mnq_wbinary_row(const double *w, const double *h, const double *u, int n, int bases, enum mnq_binary_fit fit,
                       double *coef, double *value, double *work);

/** Sign (+1, -1) of base m in the combination that gives `value` nearest. */
int mnq_wbinary_sign(const double *coef, int bases, double value, int m);

#ifdef __cplusplus
}
#endif
#endif
