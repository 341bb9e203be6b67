/* SPDX-License-Identifier: Apache-2.0
 * Points of a plot: the Pareto front, and labels that do not cover one another. */
#ifndef MNQ_SCATTER_H
#define MNQ_SCATTER_H

#include <stdbool.h>

/** front[i]: no other point costs at most as much and gains at least as much, with one of them strictly. Equal points are
 *  on the front together. */
void mnq_pareto(const double *cost, const double *gain, int n, bool *front);

struct mnq_box {
    double x, y, w, h; /* left, top, size */
};

/** A label of known size that belongs to a point. */
struct mnq_label {
    double x, y;        /* the point */
    struct mnq_box box; /* w, h given; x, y found */
    bool away;          /* so far from its point that a line should lead there */
};

/**
 * Places labels inside a field near their points, clear of one another and of `avoid` (points, other marks): directions
 * and distances are tried from near to far, and every label is tried again with the others in place until nothing changes.
 * What cannot be clear overlaps least. Deterministic.
 */
void mnq_place_labels(struct mnq_label *l, int n, const struct mnq_box *avoid, int n_avoid, struct mnq_box field);

/** Area that two boxes share. */
double mnq_box_overlap(struct mnq_box a, struct mnq_box b);

#endif
