/* SPDX-License-Identifier: Apache-2.0
 * Rounding of weights to integers. */
#include "quantize/wround.h"

#include "graph/fkernel/fkernel.h"

#include <math.h>
#include <stddef.h>

static double quantum(double v, int qmax)
{
    double q = floor(fabs(v) + 0.5);
    if (q > qmax) q = qmax;
    return v < 0 ? -q : q;
}

double mnq_wround_step(const double *w, const double *importance, int n, int qmax)
{
    /* Shrink by 1/80 at a time; those behind the last are computed and not looked at. */
    enum { STEPS = 40, ALL = (STEPS + MNQ_FSTEPS) / MNQ_FSTEPS * MNQ_FSTEPS };
    double top = 0;
    for (int k = 0; k < n; k++) top = fmax(top, fabs(w[k]));
    if (!(top > 0)) return 1.0 / qmax;
    double full = top / qmax;
    if (importance == NULL) return full;

    double best = full, best_e = HUGE_VAL, step[ALL], inv[ALL], e[ALL];
    for (int i = 0; i < ALL; i++) {
        step[i] = full * (1 - i / 80.0);
        inv[i] = 1 / step[i];
    }
    const struct mnq_fsteps s = {ALL, step, inv};
    mnq_fkernels_best()->round_noise(w, importance, n, qmax, &s, e);
    for (int i = 0; i <= STEPS; i++) {
        if (e[i] < best_e) {
            best_e = e[i];
            best = step[i];
        }
    }
    return best;
}

void mnq_wround_nearest(const double *w, int n, double step, int qmax, int16_t *q)
{
    double inv = 1 / step;
    for (int k = 0; k < n; k++) q[k] = (int16_t)quantum(w[k] * inv, qmax);
}
