/* SPDX-License-Identifier: Apache-2.0
 * The plot of what `--weights auto` tried: expected loss against bytes, untuned and tuned. */
#ifndef MNQ_AUTO_PLOT_H
#define MNQ_AUTO_PLOT_H

#include "calib_opts.h"
#include "html.h"
#include "util/arena.h"

/**
 * The plot for broad and for narrow screens, and its legend.
 * flash  bytes of the file that were allowed; 0: no limit
 * Out of memory: h->failed is set.
 */
void mnq_auto_plot(struct mnq_html *h, const struct mnq_calib_report *r, int64_t flash, struct mnq_arena *arena);

/** Whether a point may be had: within the budgets, and asked of all pictures. */
bool mnq_auto_plot_counts(const struct mnq_calib_point *p);

/** Whether any point is tuned. */
bool mnq_auto_plot_tuned(const struct mnq_calib_report *r);

#endif
