/* SPDX-License-Identifier: Apache-2.0
 * Binary bases: a row of weights as a sum of few scaled sign vectors. */
#include "quantize/wbinary.h"

#include "quantize/linalg.h"
#include "quantize/wgrid.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { STARTS = 5, ROUNDS = 4 };

/* Sum of the combination whose bit m says + for base m. */
static double combination(const double *coef, int bases, int bits)
{
    double v = 0;
    for (int m = 0; m < bases; m++) v += (bits >> m & 1) != 0 ? coef[m] : -coef[m];
    return v;
}

static struct mnq_grid grid_of(const double *coef, int bases)
{
    struct mnq_grid g = {.levels = 1 << bases};
    for (int i = 0; i < g.levels; i++) g.level[i] = combination(coef, bases, i);
    return g;
}

/* The grid's level nearest to value; its bit m says + for base m. */
static int nearest_level(const struct mnq_grid *g, double value)
{
    int best = 0;
    double least = fabs(g->level[0] - value);
    for (int i = 1; i < g->levels; i++) {
        double off = fabs(g->level[i] - value);
        if (off < least) {
            least = off;
            best = i;
        }
    }
    return best;
}

int mnq_wbinary_sign(const double *coef, int bases, double value, int m)
{
    struct mnq_grid g = grid_of(coef, bases);
    return (nearest_level(&g, value) >> m & 1) != 0 ? 1 : -1;
}

/* Greedy bases: the mean of what is left, its signs, and so on. */
static void greedy(const double *w, int n, int bases, double *coef, double *value, double *rest)
{
    memcpy(rest, w, (size_t)n * sizeof *rest);
    memset(value, 0, (size_t)n * sizeof *value);
    for (int m = 0; m < bases; m++) {
        double sum = 0;
        for (int k = 0; k < n; k++) sum += fabs(rest[k]);
        coef[m] = sum / n > 0 ? sum / n : 1e-30;
        for (int k = 0; k < n; k++) {
            double v = rest[k] < 0 ? -coef[m] : coef[m];
            value[k] += v;
            rest[k] -= v;
        }
    }
}

/* hx = h x, each element summed in the order of rows; x is negated meanwhile. */
static void multiply(const double *h, double *x, int n, double *restrict hx)
{
    for (int k = 0; k < n; k++) {
        hx[k] = 0;
        x[k] = -x[k];
    }
    mnq_grid_subtract(hx, h, x, n, 1);
    for (int k = 0; k < n; k++) x[k] = -x[k];
}

static double dot(const double *a, const double *b, int n)
{
    double s = 0;
    for (int k = 0; k < n; k++) s += a[k] * b[k];
    return s;
}

/* Best scales for the signs in value: least squares under h. hw = h w. Replaces coef and value; returns the error. */
static double refit(const double *hw, double whw, const double *h, int n, int bases, double *coef, double *value,
                    double *sign, double *hs)
{
    double a[MNQ_WBINARY_MAX * MNQ_WBINARY_MAX] = {0}, b[MNQ_WBINARY_MAX] = {0};
    struct mnq_grid grid = grid_of(coef, bases);
    for (int k = 0; k < n; k++) {
        int bits = nearest_level(&grid, value[k]);
        for (int m = 0; m < bases; m++) sign[m * n + k] = (bits >> m & 1) != 0 ? 1 : -1;
    }
    for (int m = 0; m < bases; m++) {
        multiply(h, sign + m * n, n, hs);
        for (int i = 0; i <= m; i++) a[m * bases + i] = a[i * bases + m] = dot(hs, sign + i * n, n);
        b[m] = dot(hw, sign + m * n, n);
    }
    double rhs[MNQ_WBINARY_MAX], full[MNQ_WBINARY_MAX * MNQ_WBINARY_MAX], trace = 0;
    memcpy(rhs, b, sizeof rhs);
    memcpy(full, a, sizeof full);
    for (int m = 0; m < bases; m++) trace += a[m * bases + m];
    for (int m = 0; m < bases; m++) a[m * bases + m] += 1e-9 * trace;
    if (trace > 0 && mnq_cholesky(a, bases) == 0) {
        mnq_cholesky_solve(a, bases, b);
        for (int m = 0; m < bases; m++) {
            if (b[m] < 0) { /* the base with opposite signs */
                for (int k = 0; k < n; k++) sign[m * n + k] = -sign[m * n + k];
                for (int i = 0; i < bases; i++) {
                    if (i == m) continue;
                    full[m * bases + i] = -full[m * bases + i];
                    full[i * bases + m] = -full[i * bases + m];
                }
                rhs[m] = -rhs[m];
            }
            coef[m] = fmax(fabs(b[m]), 1e-30);
        }
    }
    double e = whw;
    for (int m = 0; m < bases; m++) {
        e -= 2 * coef[m] * rhs[m];
        for (int i = 0; i < bases; i++) e += coef[m] * coef[i] * full[m * bases + i];
    }
    for (int k = 0; k < n; k++) {
        value[k] = 0;
        for (int m = 0; m < bases; m++) value[k] += coef[m] * sign[m * n + k];
    }
    return e;
}

static void sort_falling(double *coef, int bases)
{
    for (int i = 1; i < bases; i++)
        for (int j = i; j > 0 && coef[j] > coef[j - 1]; j--) {
            double t = coef[j];
            coef[j] = coef[j - 1];
            coef[j - 1] = t;
        }
}

/* The best found so far. */
struct best {
    double error, *coef, *value;
    int n, bases;
};

static void keep_better(struct best *b, double error, const double *coef, const double *value)
{
    if (error >= b->error) return;
    b->error = error;
    memcpy(b->coef, coef, (size_t)b->bases * sizeof *coef);
    memcpy(b->value, value, (size_t)b->n * sizeof *value);
}

double mnq_wbinary_row(const double *w, const double *h, const double *u, int n, int bases, enum mnq_binary_fit fit,
                       double *coef, double *value, double *work)
{
    double *sign = work, *hw = work + bases * n, *at = hw + n, *hs = at + n, top = 0;
    struct best best = {HUGE_VAL, coef, value, n, bases};
    if (fit == MNQ_BINARY_MEAN || h == NULL || u == NULL) {
        greedy(w, n, bases, coef, value, work);
        double e = 0;
        for (int k = 0; k < n; k++) e += (w[k] - value[k]) * (w[k] - value[k]);
        sort_falling(coef, bases);
        return e;
    }
    for (int k = 0; k < n; k++) top = fmax(top, fabs(w[k]));
    memcpy(at, w, (size_t)n * sizeof *at);
    multiply(h, at, n, hw);
    double whw = dot(hw, w, n);
    for (int start = 0; start < STARTS; start++) {
        double c[MNQ_WBINARY_MAX], e, last = HUGE_VAL;
        if (start == 0) { /* mean |w| with its own signs, other scales */
            greedy(w, n, bases, c, at, hs);
            e = refit(hw, whw, h, n, bases, c, at, sign, hs);
            keep_better(&best, e, c, at);
        } else { /* the uniform grid, its ends at 1, 0.8, 0.6, 0.4 of the largest weight */
            for (int m = 0; m < bases; m++)
                c[m] = fmax(top, 1e-30) * (1.2 - 0.2 * start) * (1 << (bases - 1 - m)) / ((1 << bases) - 1);
        }
        for (int round = 0; round < ROUNDS; round++) {
            struct mnq_grid g = grid_of(c, bases);
            memcpy(at, w, (size_t)n * sizeof *at);
            mnq_grid_sweep(at, u, NULL, 0, n, 1, &g, &e);
            mnq_grid_descend(w, at, h, NULL, n, 1, &g, hs, &e);
            keep_better(&best, e, c, at);
            e = refit(hw, whw, h, n, bases, c, at, sign, hs);
            keep_better(&best, e, c, at);
            if (e > 0.999 * last) break;
            last = e;
        }
    }
    sort_falling(coef, bases);
    return best.error;
}
