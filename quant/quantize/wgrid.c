/* SPDX-License-Identifier: Apache-2.0
 * Grids of values that a weight may take, and the second-order sweep that rounds a row to one. */
#include "quantize/wgrid.h"

#include "graph/fkernel/fkernel.h"

#include <math.h>
#include <stddef.h>

double mnq_grid_nearest(const struct mnq_grid *g, double v)
{
    if (g->levels == 0) {
        double q = floor(fabs(v) / g->step + 0.5);
        if (q > g->qmax) q = g->qmax;
        return v < 0 ? -q * g->step : q * g->step;
    }
    double best = g->level[0];
    for (int i = 1; i < g->levels; i++)
        if (fabs(g->level[i] - v) < fabs(best - v)) best = g->level[i];
    return best;
}

/* Columns that are rounded before what they do to the columns behind them is done, for all of them at once. Every value
 * meets the same operations in the same order as one column at a time. */
enum { PANEL = 16 };

/* Columns first .. end - 1 of one row; the errors over the diagonal, which spread, go to f. */
static void sweep_panel(double *x, const double *u, const uint8_t *zero, int n, int first, int end,
                        const struct mnq_grid *grid, double *f, double *error)
{
    for (int k = first; k < end; k++) {
        const double *row = u + (size_t)k * (size_t)n;
        double v = zero != NULL && zero[k] ? 0 : mnq_grid_nearest(grid, x[k]), err = (x[k] - v) / row[k];
        x[k] = v;
        *error += err * err;
        for (int j = k + 1; j < end; j++) x[j] -= err * row[j];
        f[k - first] = err;
    }
}

void mnq_grid_sweep(double *w, const double *u, const uint8_t *zero, int zeros_apart, int n, int lanes,
                    const struct mnq_grid *grid, double *error)
{
    double f[MNQ_GRID_LANES][PANEL];
    for (int l = 0; l < lanes; l++) error[l] = 0;
    for (int k = 0; k < n; k += PANEL) {
        int end = n - k < PANEL ? n : k + PANEL;
        for (int l = 0; l < lanes; l++)
            sweep_panel(w + (size_t)l * (size_t)n, u, zero == NULL ? NULL : zero + (size_t)l * (size_t)zeros_apart, n, k,
                        end, &grid[l], f[l], &error[l]);
        const struct mnq_faxpys d = {lanes, end - k, n - end, n, n, PANEL};
        mnq_fkernels_best()->axpys(&d, w + end, u + (size_t)k * (size_t)n + (size_t)end, f[0]);
    }
}

void mnq_grid_subtract(double *rhs, const double *a, const double *x, int n, int lanes)
{
    for (int k = 0; k < n; k += PANEL) {
        const struct mnq_faxpys d = {lanes, n - k < PANEL ? n - k : PANEL, n, n, n, n};
        mnq_fkernels_best()->axpys(&d, rhs, a + (size_t)k * (size_t)n, x + k);
    }
}

void mnq_grid_subtract_upper(double *rhs, const double *u, const double *x, int n, int lanes)
{
    for (int first = 0; first < n; first += PANEL) {
        const int end = n - first < PANEL ? n : first + PANEL;
        const struct mnq_faxpys d = {lanes, end - first, n - end, n, n, n};
        for (int l = 0; l < lanes; l++)
            for (int k = first; k < end; k++)
                for (int j = k; j < end; j++) rhs[l * n + j] -= x[l * n + k] * u[(size_t)k * (size_t)n + (size_t)j];
        mnq_fkernels_best()->axpys(&d, rhs + end, u + (size_t)first * (size_t)n + (size_t)end, x + first);
    }
}

/* One row; pull = h (w - value), kept up to date. */
static void descend_row(double *value, double *pull, const double *h, const uint8_t *zero, int n,
                        const struct mnq_grid *grid)
{
    enum { PASSES = 8 };
    void (*axpy)(double *, const double *, double, int) = mnq_fkernels_best()->axpy;
    for (int pass = 0, moved = 1; moved != 0 && pass < PASSES; pass++) {
        moved = 0;
        for (int k = 0; k < n; k++) {
            const double *row = h + (size_t)k * (size_t)n;
            if (zero != NULL && zero[k]) continue;
            double v = mnq_grid_nearest(grid, value[k] + pull[k] / row[k]), d = v - value[k];
            if (d * (2 * pull[k] - d * row[k]) <= 1e-12 * fabs(d * pull[k])) continue; /* the fall of the error */
            value[k] = v;
            moved = 1;
            axpy(pull, row, d, n);
        }
    }
}

void mnq_grid_descend(const double *w, double *value, const double *h, const uint8_t *zero, int n, int lanes,
                      const struct mnq_grid *grid, double *scratch, double *error)
{
    const size_t all = (size_t)lanes * (size_t)n;
    double f[MNQ_GRID_LANES][PANEL];
    for (size_t i = 0; i < all; i++) scratch[i] = 0;
    for (int k = 0; k < n; k += PANEL) {
        const struct mnq_faxpys d = {lanes, n - k < PANEL ? n - k : PANEL, n, n, n, PANEL};
        for (int l = 0; l < lanes; l++)
            for (int q = 0; q < d.k; q++) f[l][q] = -(w[l * n + k + q] - value[l * n + k + q]);
        mnq_fkernels_best()->axpys(&d, scratch, h + (size_t)k * (size_t)n, f[0]);
    }
    for (int l = 0; l < lanes; l++) {
        const size_t at = (size_t)l * (size_t)n;
        descend_row(value + at, scratch + at, h, zero == NULL ? NULL : zero + at, n, &grid[l]);
        error[l] = 0;
        for (int k = 0; k < n; k++) error[l] += (w[at + (size_t)k] - value[at + (size_t)k]) * scratch[at + (size_t)k];
    }
}
