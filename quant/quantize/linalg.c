/* SPDX-License-Identifier: Apache-2.0
 * Dense linear algebra in a fixed order of operations. */
#include "quantize/linalg.h"

#include "graph/fkernel/fkernel.h"

#include <math.h>
#include <stddef.h>

/* Row-oriented factorizations whose inner loops are axpys over contiguous rows. PANEL rows are worked off at a time, so that
 * what they do to ROWS rows behind them is done while values lie in registers. Every element meets the same operations in
 * the same order as without panels. */
enum { PANEL = MNQ_PANEL, ROWS = 4 };

static double *row(double *a, int n, int i)
{
    return a + (size_t)i * (size_t)n;
}

/* Rows i .. i + count - 1 from column i on: what rows first .. end - 1 of the factor take from them. What lies left of the
 * diagonal is written and means nothing. */
static void cholesky_downdate(double *a, int n, int i, int count, int first, int end)
{
    double f[ROWS][PANEL];
    const struct mnq_faxpys d = {count, end - first, n - i, n, n, PANEL};
    for (int r = 0; r < count; r++)
        for (int q = first; q < end; q++) f[r][q - first] = row(a, n, q)[i + r];
    mnq_fkernels_best()->axpys(&d, row(a, n, i) + i, row(a, n, first) + i, f[0]);
}

/* A = U^T U, upper triangle in place. */
static int cholesky_upper(double *a, int n)
{
    void (*axpy)(double *, const double *, double, int) = mnq_fkernels_best()->axpy;
    for (int first = 0; first < n; first += PANEL) {
        int end = n - first < PANEL ? n : first + PANEL;
        for (int k = first; k < end; k++) {
            double *rk = row(a, n, k);
            for (int q = first; q < k; q++) axpy(rk + k, row(a, n, q) + k, row(a, n, q)[k], n - k);
            if (!(rk[k] > 0)) return -1;
            double d = sqrt(rk[k]), inv = 1 / d;
            rk[k] = d;
            for (int j = k + 1; j < n; j++) rk[j] *= inv;
        }
        for (int i = end; i < n; i += ROWS) cholesky_downdate(a, n, i, n - i < ROWS ? n - i : ROWS, first, end);
    }
    return 0;
}

/* Row i of the inverse = inv * (e_i - sum over k > i of u[i][k] * row k of the inverse): the part of one k, whose row is
 * inverted already, up to column `end`; returns u[i][k], which is replaced. */
static double invert_step(double *u, int n, int i, int k, int end)
{
    double *ri = row(u, n, i), f = ri[k];
    const double *rk = row(u, n, k);
    ri[k] = -f * rk[k];
    for (int j = k + 1; j < end; j++) ri[j] -= f * rk[j];
    return f;
}

/* The parts of k = last .. from, from the last on, for rows i .. i + count - 1: behind column `last` all at once. */
static void invert_steps(double *u, int n, int i, int count, int from, int last)
{
    double f[ROWS][PANEL];
    const struct mnq_faxpys d = {count, last - from + 1, n - last - 1, n, -(ptrdiff_t)n, PANEL};
    for (int r = 0; r < count; r++)
        for (int k = last; k >= from; k--) f[r][last - k] = invert_step(u, n, i + r, k, last + 1);
    mnq_fkernels_best()->axpys(&d, row(u, n, i) + last + 1, row(u, n, last) + last + 1, f[0]);
}

/* Inverse of an upper triangular matrix, in place. */
static void invert_upper(double *u, int n)
{
    for (int end = n; end > 0; end -= PANEL) {
        int first = end > PANEL ? end - PANEL : 0;
        for (int last = n - 1; last >= end; last -= PANEL)
            for (int i = first; i < end; i += ROWS)
                invert_steps(u, n, i, end - i < ROWS ? end - i : ROWS, last - PANEL + 1 > end ? last - PANEL + 1 : end,
                             last);
        for (int i = end - 1; i >= first; i--) {
            double *ri = row(u, n, i), inv = 1 / ri[i];
            if (i < end - 1) invert_steps(u, n, i, 1, i + 1, end - 1);
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

size_t mnq_panel_stride(int n)
{
    size_t lines = ((size_t)n + 7) / 8;
    return (lines | 1) * 8;
}

int mnq_cholesky_panels(double *a, int n, double *v)
{
    const struct mnq_fkernels *kernels = mnq_fkernels_best();
    size_t stride = mnq_panel_stride(n);
    for (int first = 0; first < n; first += PANEL) {
        int end = n - first < PANEL ? n : first + PANEL;
        for (int k = first; k < end; k++) {
            double *vk = v + (size_t)(k - first) * stride, d = row(a, n, k)[k];
            for (int q = first; q < k; q++) d -= row(a, n, k)[q] * row(a, n, k)[q];
            if (!(d > 0)) return -1;
            d = row(a, n, k)[k] = sqrt(d);
            for (int i = k + 1; i < n; i++) vk[i] = row(a, n, i)[k];
            struct mnq_fouter one = {.rows = 1, .cols = n - k - 1, .k = k - first, .u_stride = stride, .v_stride = stride};
            kernels->outer(&one, vk + k + 1, v + k, v + k + 1);
            for (int i = k + 1; i < n; i++) row(a, n, i)[k] = vk[i] /= d;
        }
        struct mnq_fouter o = {.rows = n - end, .cols = n - end, .k = end - first, .lower = true};
        o.a_stride = (size_t)n;
        o.u_stride = o.v_stride = stride;
        if (end < n) kernels->outer(&o, row(a, n, end) + end, v + end, v + end);
    }
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
    int i = 0;
    for (; i + ROWS <= n; i += ROWS) { /* so many chains of sums at a time */
        const double *li = l + (size_t)i * (size_t)n;
        double s[ROWS];
        for (int r = 0; r < ROWS; r++) s[r] = b[i + r];
        for (int k = 0; k < i; k++)
            for (int r = 0; r < ROWS; r++) s[r] -= li[(size_t)r * (size_t)n + (size_t)k] * b[k];
        for (int r = 0; r < ROWS; r++) {
            const double *lr = li + (size_t)r * (size_t)n;
            for (int k = i; k < i + r; k++) s[r] -= lr[k] * b[k];
            b[i + r] = s[r] / lr[i + r];
        }
    }
    for (; i < n; i++) {
        const double *li = l + (size_t)i * (size_t)n;
        double s = b[i];
        for (int k = 0; k < i; k++) s -= li[k] * b[k];
        b[i] = s / li[i];
    }
    for (i = n - 1; i >= 0; i--) {
        double s = b[i];
        for (int k = i + 1; k < n; k++) s -= l[(size_t)k * (size_t)n + (size_t)i] * b[k];
        b[i] = s / l[(size_t)i * (size_t)n + (size_t)i];
    }
}

void mnq_cholesky_solve_many(const double *l, int n, double *b, int count)
{
    const struct mnq_fkernels *kernels = mnq_fkernels_best();
    size_t wide = (size_t)count;
    struct mnq_fouter o = {.rows = 1, .cols = count, .u_stride = 1, .v_stride = wide};
    for (int i = 0; i < n; i++) {
        const double *li = l + (size_t)i * (size_t)n;
        double *bi = b + (size_t)i * wide;
        o.k = i;
        kernels->outer(&o, bi, li, b);
        for (int c = 0; c < count; c++) bi[c] /= li[i];
    }
    o.u_stride = (size_t)n;
    for (int i = n - 1; i >= 0; i--) {
        const double *li = l + (size_t)i * (size_t)n;
        double *bi = b + (size_t)i * wide;
        o.k = n - 1 - i;
        if (o.k > 0) kernels->outer(&o, bi, li + n + i, bi + wide);
        for (int c = 0; c < count; c++) bi[c] /= li[i];
    }
}
