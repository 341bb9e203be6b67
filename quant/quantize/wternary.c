/* SPDX-License-Identifier: Apache-2.0
 * Rounding of a row to -1, 0 and 1 times a step. */
#include "quantize/wternary.h"

#include "quantize/wgrid.h"

#include <math.h>
#include <string.h>

enum { STARTS = 8, ROUNDS = 8 };
/* Steps that sweeps try, over the one for weights by themselves. Errors that spread let more of them pass half a step. */
static const double TRIED[STARTS] = {0.75, 0.85, 0.95, 1.0, 1.05, 1.15, 1.3, 1.5};

/* What nearest values leave; *mean: importance-weighted mean of what is beyond half a step, 0: nothing is. */
static double left_by(const double *w, const double *importance, int n, double step, double *mean)
{
    double error = 0, sum = 0, weight = 0;
    for (int k = 0; k < n; k++) {
        double by = importance != NULL ? importance[k] : 1, a = fabs(w[k]), d = a > step / 2 ? a - step : a;
        error += by * d * d;
        if (!(a > step / 2)) continue;
        sum += by * a;
        weight += by;
    }
    *mean = weight > 0 ? sum / weight : 0;
    return error;
}

double mnq_wternary_step(const double *w, const double *importance, int n)
{
    double top = 0, best = 1, least = HUGE_VAL;
    for (int k = 0; k < n; k++) top = fmax(top, fabs(w[k]));
    if (!(top > 0)) return 1;
    for (int start = 0; start < STARTS; start++) {
        double step = top * (start + 1) / STARTS;
        for (int round = 0; round < ROUNDS; round++) {
            double mean, error = left_by(w, importance, n, step, &mean);
            if (error < least) least = error, best = step;
            if (!(mean > 0) || mean == step) break;
            step = mean;
        }
    }
    return best;
}

/* The step that is best for the signs in value, `step` if there is none; value becomes that times them. */
static double refit(const double *w, const double *h, int n, double step, double *value, double *sign, double *hs)
{
    double over = 0, under = 0;
    for (int k = 0; k < n; k++) {
        sign[k] = value[k] > 0 ? -1 : value[k] < 0 ? 1 : 0; /* the opposite: what is subtracted below is added */
        hs[k] = 0;
    }
    mnq_grid_subtract(hs, h, sign, n, 1);
    for (int k = 0; k < n; k++) {
        over += hs[k] * w[k];
        under -= hs[k] * sign[k];
    }
    if (over > 0 && under > 0) step = over / under;
    for (int k = 0; k < n; k++) value[k] = -sign[k] * step;
    return step;
}

double mnq_wternary_row(const double *w, const double *importance, const double *h, const double *u, const uint8_t *zero,
                        int n, double *value, double *work)
{
    struct mnq_grid grid[STARTS];
    double error[STARTS], step = mnq_wternary_step(w, importance, n);
    double *at = work, *sign = at + n, *hs = sign + n, *scratch = hs + n, least, last = HUGE_VAL;
    int best = 0;
    for (int l = 0; l < STARTS; l++) {
        grid[l] = (struct mnq_grid){.step = step * TRIED[l], .qmax = 1};
        memcpy(work + (size_t)l * (size_t)n, w, (size_t)n * sizeof *work);
    }
    mnq_grid_sweep(work, u, zero, 0, n, STARTS, grid, error);
    for (int l = 1; l < STARTS; l++)
        if (error[l] < error[best]) best = l;
    memmove(at, work + (size_t)best * (size_t)n, (size_t)n * sizeof *at);
    memcpy(value, at, (size_t)n * sizeof *value);
    step = grid[best].step;
    least = error[best];
    struct mnq_grid g = grid[best];
    for (int round = 0; round < ROUNDS; round++) {
        double e;
        mnq_grid_descend(w, at, h, zero, n, 1, &g, scratch, &e);
        if (e < least) {
            least = e;
            step = g.step;
            memcpy(value, at, (size_t)n * sizeof *value);
        }
        if (e > 0.999 * last) break;
        last = e;
        g.step = refit(w, h, n, g.step, at, sign, hs);
    }
    return step;
}
