/* SPDX-License-Identifier: Apache-2.0
 * Points of a plot. */
#include "scatter.h"

#include <math.h>

void mnq_pareto(const double *cost, const double *gain, int n, bool *front)
{
    for (int i = 0; i < n; i++) {
        front[i] = true;
        for (int k = 0; k < n && front[i]; k++)
            if (cost[k] <= cost[i] && gain[k] >= gain[i] && (cost[k] < cost[i] || gain[k] > gain[i])) front[i] = false;
    }
}

double mnq_box_overlap(struct mnq_box a, struct mnq_box b)
{
    double w = fmin(a.x + a.w, b.x + b.w) - fmax(a.x, b.x), h = fmin(a.y + a.h, b.y + b.h) - fmax(a.y, b.y);
    return w > 0 && h > 0 ? w * h : 0;
}

enum { DIRECTIONS = 16, RINGS = 14, ROUNDS = 6, AWAY = 2 };
static const double GAP = 7, RING = 9; /* pixels from the point, and from ring to ring */

/* Box of a label in one direction: its nearest side or corner lies on the ring. */
static struct mnq_box candidate(const struct mnq_label *l, int direction, int ring)
{
    static const double pi = 3.14159265358979323846;
    double angle = 2 * pi * direction / DIRECTIONS, r = GAP + RING * ring;
    double cx = cos(angle), cy = sin(angle);
    struct mnq_box b = {.w = l->box.w, .h = l->box.h};
    b.x = l->x + r * cx + (fabs(cx) < 0.1 ? -0.5 : cx > 0 ? 0 : -1) * b.w;
    b.y = l->y + r * cy + (fabs(cy) < 0.5 ? -0.5 : cy > 0 ? 0 : -1) * b.h;
    return b;
}

/* Distance of a point from a box, 0 inside. */
static double distance(struct mnq_box b, double x, double y)
{
    double dx = fmax(fmax(b.x - x, x - b.x - b.w), 0), dy = fmax(fmax(b.y - y, y - b.y - b.h), 0);
    return sqrt(dx * dx + dy * dy);
}

/* What it costs that a label, or the line to it, comes near another label's point: it would seem to be that one's. */
static double confusion(const struct mnq_label *l, int n, int self, struct mnq_box b, bool away)
{
    static const double near = 16, beside = 7; /* pixels from the text, from the line */
    double c = 0, ex = fmin(fmax(l[self].x, b.x), b.x + b.w), ey = fmin(fmax(l[self].y, b.y), b.y + b.h);
    double dx = ex - l[self].x, dy = ey - l[self].y, length = dx * dx + dy * dy;
    for (int i = 0; i < n; i++) {
        double px = l[i].x - l[self].x, py = l[i].y - l[self].y;
        if (i == self || px * px + py * py < 1) continue;
        c += 30 * fmax(0, near - distance(b, l[i].x, l[i].y));
        if (!away || length <= 0) continue;
        double t = fmin(fmax((px * dx + py * dy) / length, 0), 1);
        c += 30 * fmax(0, beside - hypot(px - t * dx, py - t * dy));
    }
    return c;
}

static double cost(const struct mnq_label *l, int n, int self, struct mnq_box b, const struct mnq_box *avoid, int n_avoid,
                   struct mnq_box field)
{
    static const double margin = 2; /* pixels between two labels */
    struct mnq_box wide = {b.x - margin, b.y - margin, b.w + 2 * margin, b.h + 2 * margin};
    double c = 50 * (b.w * b.h - mnq_box_overlap(b, field));
    for (int i = 0; i < n; i++)
        if (i != self) c += 20 * mnq_box_overlap(wide, l[i].box);
    for (int i = 0; i < n_avoid; i++) c += 8 * mnq_box_overlap(b, avoid[i]);
    return c;
}

static bool place(struct mnq_label *l, int n, int i, const struct mnq_box *avoid, int n_avoid, struct mnq_box field)
{
    /* Right, left, below, above, then the slanted ones: the order in which a reader looks. */
    static const int order[DIRECTIONS] = {0, 8, 4, 12, 15, 1, 14, 2, 9, 7, 10, 6, 13, 3, 11, 5};
    struct mnq_box best = l[i].box;
    double least = (double)INFINITY;
    int at = 0;
    for (int ring = 0; ring < RINGS; ring++)
        for (int d = 0; d < DIRECTIONS; d++) {
            struct mnq_box b = candidate(&l[i], order[d], ring);
            double c = cost(l, n, i, b, avoid, n_avoid, field) + confusion(l, n, i, b, ring >= AWAY) + 4 * ring + 0.1 * d;
            if (c >= least) continue;
            least = c;
            best = b;
            at = ring;
        }
    bool moved = fabs(best.x - l[i].box.x) + fabs(best.y - l[i].box.y) > 1e-9;
    l[i].box = best;
    l[i].away = at >= AWAY;
    return moved;
}

void mnq_place_labels(struct mnq_label *l, int n, const struct mnq_box *avoid, int n_avoid, struct mnq_box field)
{
    for (int i = 0; i < n; i++) l[i].box.x = l[i].box.y = -1e6; /* nowhere yet */
    for (int round = 0; round < ROUNDS; round++) {
        bool moved = false;
        for (int i = 0; i < n; i++) moved = place(l, n, i, avoid, n_avoid, field) || moved;
        if (!moved) return;
    }
}
