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

void mnq_grid_sweep(double *w, const double *u, const uint8_t *zero, int n, int lanes, const struct mnq_grid *grid,
                    double *error)
{
    void (*axpy)(double *, const double *, double, int) = mnq_fkernels_best()->axpy;
    for (int l = 0; l < lanes; l++) error[l] = 0;
    for (int k = 0; k < n; k++) {
        const double *row = u + (size_t)k * (size_t)n;
        for (int l = 0; l < lanes; l++) {
            double *x = w + (size_t)l * (size_t)n;
            double v = zero != NULL && zero[k] ? 0 : mnq_grid_nearest(&grid[l], x[k]), err = (x[k] - v) / row[k];
            x[k] = v;
            error[l] += err * err;
            axpy(x + k + 1, row + k + 1, err, n - k - 1);
        }
    }
}

double mnq_grid_descend(const double *w, double *value, const double *h, const uint8_t *zero, int n,
                        const struct mnq_grid *grid, double *scratch)
{
    enum { PASSES = 8 };
    void (*axpy)(double *, const double *, double, int) = mnq_fkernels_best()->axpy;
    double *pull = scratch, *off = scratch + n, error = 0; /* h (w - value) */
    for (int k = 0; k < n; k++) {
        pull[k] = 0;
        off[k] = value[k] - w[k];
    }
    mnq_fkernels_best()->axpys(pull, h, (size_t)n, off, 1, n, n);
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
    for (int k = 0; k < n; k++) error += (w[k] - value[k]) * pull[k];
    return error;
}
