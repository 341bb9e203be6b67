/* SPDX-License-Identifier: Apache-2.0
 * What plots of something against its cost share: the frame with its axes, stairs through a front, labels. */
#ifndef MNQ_PLOT_H
#define MNQ_PLOT_H

#include "axis.h"
#include "scatter.h"
#include "svg.h"

/** A plot's size, and what lies around its field, in pixels. */
struct mnq_frame {
    int w, h, ticks; /* ticks: of an axis at most */
    double left, right, top, bottom;
};

/** What the horizontal axis counts. */
enum mnq_plot_unit { MNQ_PLOT_BYTES, MNQ_PLOT_MILLIONS };

/** Grid, ticks and the name of the horizontal axis. The vertical one is in plain numbers, and the heading names it. */
void mnq_plot_axes(struct mnq_svg *s, const struct mnq_axis *x, const struct mnq_axis *y, const struct mnq_frame *f,
                   enum mnq_plot_unit unit, const char *name);

/**
 * A front as stairs: what can be had for at most so much. From the point with the least x to the edge of the field.
 * x, y    positions of the points
 * order   [n] scratch
 * xy      2 n + 1 corners at most
 * return  how many; 0 if no point is on the front
 */
int mnq_plot_stairs(const double *x, const double *y, const bool *front, int n, double edge, int *order, double *xy);

/** Boxes that labels keep clear of: the steps of stairs. How many: corners - 1. */
int mnq_plot_stairs_boxes(const double *xy, int corners, struct mnq_box *box);

/** Size of a label before it is placed. */
struct mnq_label mnq_plot_label(double x, double y, const char *text);

/** Where labels may lie. */
struct mnq_box mnq_plot_field(const struct mnq_frame *f);

/** Writes a label that was placed, and a line to it if it lies away. */
void mnq_plot_write(struct mnq_svg *s, const struct mnq_label *l, const char *text);

#endif
