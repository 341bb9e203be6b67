/* SPDX-License-Identifier: Apache-2.0
 * What plots of something against its cost share. */
#include "plot.h"

#include "figures.h"
#include "util/utf8.h"

#include <math.h>
#include <stdio.h>

static const double LETTER = 6.7, LINE = 14; /* pixels: a letter's width on average, a line's height */

void mnq_plot_axes(struct mnq_svg *s, const struct mnq_axis *x, const struct mnq_axis *y, const struct mnq_frame *f,
                   enum mnq_plot_unit unit, const char *name)
{
    double tick[MNQ_TICKS], bottom = f->h - f->bottom;
    const bool bytes = unit == MNQ_PLOT_BYTES;
    char text[64];
    int n = mnq_ticks(y->lo, y->hi, f->ticks, tick);
    for (int t = 0; t < n; t++) {
        double at = mnq_axis_at(y, tick[t]);
        mnq_svg_line(s, "grid", f->left, at, f->w - f->right, at);
        snprintf(text, sizeof text, "%g", tick[t]);
        mnq_svg_text(s, "tick", "end", f->left - 8, at + 4, text);
    }
    n = bytes    ? mnq_ticks_bytes(x->lo, x->hi, x->log, f->ticks, tick)
        : x->log ? mnq_ticks_log(x->lo, x->hi, f->ticks, tick)
                 : mnq_ticks(x->lo, x->hi, f->ticks, tick);
    for (int t = 0; t < n; t++) {
        double at = mnq_axis_at(x, tick[t]);
        mnq_svg_line(s, "edge", at, bottom, at, bottom + 4);
        if (bytes) snprintf(text, sizeof text, "%s", mnq_fig_round_bytes(tick[t]).s);
        else snprintf(text, sizeof text, "%g", tick[t] / 1e6);
        mnq_svg_text(s, "tick", "middle", at, bottom + 17, text);
    }
    mnq_svg_line(s, "edge", f->left, bottom, f->w - f->right, bottom);
    snprintf(text, sizeof text, "%s%s%s", name, bytes ? "" : ", millions", x->log ? ", logarithmic" : "");
    mnq_svg_text(s, "tick", "end", f->w - f->right, bottom + 35, text);
}

int mnq_plot_stairs(const double *x, const double *y, const bool *front, int n, double edge, int *order, double *xy)
{
    int on = 0, at = 0;
    for (int i = 0; i < n; i++) {
        if (!front[i]) continue;
        int k = on++;
        for (; k > 0 && x[i] < x[order[k - 1]]; k--) order[k] = order[k - 1];
        order[k] = i;
    }
    if (on == 0) return 0;
    for (int k = 0; k < on; k++) {
        if (k > 0) {
            xy[2 * at] = x[order[k]];
            xy[2 * at + 1] = xy[2 * at - 1];
            at++;
        }
        xy[2 * at] = x[order[k]];
        xy[2 * at + 1] = y[order[k]];
        at++;
    }
    xy[2 * at] = edge;
    xy[2 * at + 1] = xy[2 * at - 1];
    return at + 1;
}

int mnq_plot_stairs_boxes(const double *xy, int corners, struct mnq_box *box)
{
    for (int k = 0; k + 1 < corners; k++) {
        double x = fmin(xy[2 * k], xy[2 * k + 2]), y = fmin(xy[2 * k + 1], xy[2 * k + 3]);
        box[k] =
            (struct mnq_box){x - 1, y - 1, fabs(xy[2 * k + 2] - xy[2 * k]) + 2, fabs(xy[2 * k + 3] - xy[2 * k + 1]) + 2};
    }
    return corners > 0 ? corners - 1 : 0;
}

struct mnq_label mnq_plot_label(double x, double y, const char *text)
{
    return (struct mnq_label){.x = x, .y = y, .box = {.w = LETTER * mnq_utf8_count(text), .h = LINE}};
}

struct mnq_box mnq_plot_field(const struct mnq_frame *f)
{
    return (struct mnq_box){f->left + 2, f->top - 10, f->w - f->right - f->left, f->h - f->bottom - f->top + 8};
}

void mnq_plot_write(struct mnq_svg *s, const struct mnq_label *l, const char *text)
{
    const struct mnq_box *b = &l->box;
    bool right = b->x >= l->x, left = b->x + b->w <= l->x;
    double x = right ? b->x : left ? b->x + b->w : b->x + b->w / 2;
    double y = b->y > l->y ? b->y : b->y + b->h < l->y ? b->y + b->h : b->y + b->h / 2;
    if (l->away) mnq_svg_line(s, "mark", l->x, l->y, right || left ? x : l->x, y);
    mnq_svg_text(s, "halo", right ? "start" : left ? "end" : "middle", x, b->y + 11, text);
}
