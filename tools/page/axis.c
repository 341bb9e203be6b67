/* SPDX-License-Identifier: Apache-2.0
 * Axes of plots. */
#include "axis.h"

#include <math.h>

double mnq_axis_at(const struct mnq_axis *a, double v)
{
    double t = a->log ? log(v / a->lo) / log(a->hi / a->lo) : (v - a->lo) / (a->hi - a->lo);
    return a->from + (a->to - a->from) * (t > 0 ? t < 1 ? t : 1 : 0);
}

double mnq_tick_step(double lo, double hi, int most)
{
    static const double round[] = {1, 2, 5, 10};
    double rough = (hi - lo) / (most - 1), ten = pow(10, floor(log10(rough)));
    for (int i = 0; i < 4; i++)
        if (round[i] * ten >= rough * (1 - 1e-9)) return round[i] * ten;
    return 10 * ten;
}

int mnq_ticks(double lo, double hi, int most, double *tick)
{
    double step = mnq_tick_step(lo, hi, most);
    int n = 0;
    for (double k = ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step && n < most; k++)
        tick[n++] = k * step + 0.0; /* no -0 */
    return n;
}

/* From coarse to fine: the finest set that has at most `most`. */
int mnq_ticks_log(double lo, double hi, int most, double *tick)
{
    static const double set[3][4] = {{1, 2, 5, 0}, {1, 3, 0, 0}, {1, 0, 0, 0}};
    for (int s = 0; s < 3; s++) {
        int n = 0;
        bool fits = true;
        for (double ten = pow(10, floor(log10(lo))); ten <= hi; ten *= 10)
            for (int i = 0; set[s][i] > 0; i++) {
                double v = set[s][i] * ten;
                if (v < lo * (1 - 1e-9) || v > hi * (1 + 1e-9)) continue;
                if (n == most) fits = false;
                else tick[n++] = v;
            }
        if (fits || s == 2) return n;
    }
    return 0;
}

int mnq_ticks_bytes(double lo, double hi, bool log, int most, double *tick)
{
    double unit = 1;
    if (!log) {
        while (hi / unit >= 1000) unit *= 1024; /* the unit that the largest is printed in */
        int n = mnq_ticks(lo / unit, hi / unit, most, tick);
        for (int i = 0; i < n; i++) tick[i] *= unit;
        return n;
    }
    static const double coarse[] = {1, 10, 100}, fine[] = {1, 2, 5, 10, 20, 50, 100, 200, 500}, mid[] = {1, 4, 16, 64, 256};
    static const struct {
        const double *v;
        int n;
    } set[] = {{fine, 9}, {mid, 5}, {coarse, 3}};
    for (int s = 0; s < 3; s++) {
        int n = 0;
        bool fits = true;
        for (unit = 1; unit <= hi; unit *= 1024)
            for (int i = 0; i < set[s].n; i++) {
                double v = set[s].v[i] * unit;
                if (v < lo || v > hi) continue;
                if (n == most) fits = false;
                else tick[n++] = v;
            }
        if (fits || s == 2) return n;
    }
    return 0;
}

void mnq_axis_percent(double *lo, double *hi)
{
    double range = *hi - *lo, step = range > 40 ? 10 : range > 12 ? 5 : range > 4 ? 2 : 1;
    *lo = floor(*lo / step) * step;
    *hi = ceil(*hi / step) * step;
    while (*hi - *lo < 5) {
        if (*hi < 100) *hi += step;
        if (*lo > 0 && *hi - *lo < 5) *lo -= step;
    }
    if (*hi > 100) *hi = 100;
    if (*lo < 0) *lo = 0;
}
