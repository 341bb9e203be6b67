/* SPDX-License-Identifier: Apache-2.0
 * Axes of plots: from values to positions, and where the ticks go. */
#ifndef MNQ_AXIS_H
#define MNQ_AXIS_H

#include <stdbool.h>

enum { MNQ_TICKS = 32 };

/** Values lo..hi lie at positions from..to; log: at their logarithms, lo > 0. lo < hi. */
struct mnq_axis {
    double lo, hi, from, to;
    bool log;
};

/** Position of a value, clamped to the axis. */
double mnq_axis_at(const struct mnq_axis *a, double v);

/** Distance of round ticks (1, 2 or 5 times a power of ten) of which at most `most` fit between lo and hi. most >= 2. */
double mnq_tick_step(double lo, double hi, int most);

/** Round ticks on a linear axis within [lo, hi]; how many. most <= MNQ_TICKS. */
int mnq_ticks(double lo, double hi, int most, double *tick);

/** Ticks at 1, 2 and 5 times powers of ten on a logarithmic axis, or fewer of these if they are more than `most`. */
int mnq_ticks_log(double lo, double hi, int most, double *tick);

/** Ticks that are round as KiB, MiB, ...; linear or logarithmic. */
int mnq_ticks_bytes(double lo, double hi, bool log, int most, double *tick);

/** Widens lo..hi (0 <= lo <= hi <= 100) to round percents that differ by at least 5. */
void mnq_axis_percent(double *lo, double *hi);

#endif
