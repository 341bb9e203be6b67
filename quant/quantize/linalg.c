/* SPDX-License-Identifier: Apache-2.0
 * Dense linear algebra in a fixed order of operations. */
#include "quantize/linalg.h"

#include "graph/fkernel/fkernel.h"

#include <math.h>
#include <stddef.h>

/* Row-oriented factorizations whose inner loops are axpys over contiguous rows. PANEL rows are worked off at a time, so that
 * what they do to a row behind them is done while it lies in the first-level cache. Every element meets the same operations
 * in the same order as without panels. */
enum { PANEL = 32 };

static double *row(double *a, int n, int i)
{
    return a + (size_t)i * (size_t)n;
}

/* A = U^T U, upper triangle in place. */
static int cholesky_upper(double *a, int n)
{
    void (*axpys)(double *, const double *, size_t, const double *, size_t, int, int) = mnq_fkernels_best()->axpys;
    for (int first = 0; first < n; first += PANEL) {
        int end = n - first < PANEL ? n : first + PANEL;
        for (int k = first; k < end; k++) {
            double *rk = row(a, n, k);
            axpys(rk + k, row(a, n, first) + k, (size_t)n, row(a, n, first) + k, (size_t)n, k - first, n - k);
            if (!(rk[k] > 0)) return -1;
            double d = sqrt(rk[k]), inv = 1 / d;
            rk[k] = d;
            for (int j = k + 1; j < n; j++) rk[j] *= inv;
        }
        for (int i = end; i < n; i++)
            axpys(row(a, n, i) + i, row(a, n, first) + i, (size_t)n, row(a, n, first) + i, (size_t)n, end - first, n - i);
    }
    return 0;
}

/* Row i of the inverse = inv * (e_i - sum over k > i of u[i][k] * row k of the inverse): the part of one k, whose row is
 * inverted already; u[i][k] is read before it is replaced. */
static void invert_step(double *u, int n, int i, int k)
{
    double *ri = row(u, n, i), f = ri[k];
    const double *rk = row(u, n, k);
    ri[k] = -f * rk[k];
    mnq_fkernels_best()->axpy(ri + k + 1, rk + k + 1, f, n - k - 1);
}

/* Inverse of an upper triangular matrix, in place. */
static void invert_upper(double *u, int n)
{
    for (int end = n; end > 0; end -= PANEL) {
        int first = end > PANEL ? end - PANEL : 0;
        for (int k = n - 1; k >= end; k--)
            for (int i = first; i < end; i++) invert_step(u, n, i, k);
        for (int i = end - 1; i >= first; i--) {
            double *ri = row(u, n, i), inv = 1 / ri[i];
            for (int k = end - 1; k > i; k--) invert_step(u, n, i, k);
            for (int j = i + 1; j < n; j++) ri[j] *= inv;
            ri[i] = inv;
        }
    }
}

/* Reflects the upper triangle at the antidiagonal: for a symmetric matrix that reverses rows and columns. */
static void reflect(double *a, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = i; i + j < n - 1; j++) {
            double *p = row(a, n, i) + j, *q = row(a, n, n - 1 - j) + (n - 1 - i), t = *p;
            *p = *q;
            *q = t;
        }
}

int mnq_inverse_cholesky(double *a, int n)
{
    /* With A reversed = V^T V, R = V^T reversed is upper triangular and A = R R^T, so inverse(A) = R^-T R^-1: U = R^-1. */
    reflect(a, n);
    if (cholesky_upper(a, n) != 0) return -1;
    reflect(a, n);
    invert_upper(a, n);
    return 0;
}

int mnq_cholesky(double *a, int n)
{
    for (int i = 0; i < n; i++) {
        double *ri = row(a, n, i);
        for (int j = 0; j <= i; j++) {
            const double *rj = row(a, n, j);
            double s = ri[j];
            for (int k = 0; k < j; k++) s -= ri[k] * rj[k];
            if (j < i) {
                ri[j] = s / rj[j];
            } else {
                if (!(s > 0)) return -1;
                ri[j] = sqrt(s);
            }
        }
    }
    return 0;
}

void mnq_cholesky_solve(const double *l, int n, double *b)
{
    for (int i = 0; i < n; i++) {
        const double *li = l + (size_t)i * (size_t)n;
        double s = b[i];
        for (int k = 0; k < i; k++) s -= li[k] * b[k];
        b[i] = s / li[i];
    }
    for (int i = n - 1; i >= 0; i--) {
        double s = b[i];
        for (int k = i + 1; k < n; k++) s -= l[(size_t)k * (size_t)n + (size_t)i] * b[k];
        b[i] = s / l[(size_t)i * (size_t)n + (size_t)i];
    }
}
