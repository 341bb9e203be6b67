/* SPDX-License-Identifier: Apache-2.0
 * Shapes of inline SVG, styled by class names of the page. */
#ifndef MNQ_SVG_H
#define MNQ_SVG_H

#include "html.h"

/** Horizontal positions and widths are percent of the drawing's width (percent, it then follows the page) or pixels. */
struct mnq_svg {
    struct mnq_html *h;
    bool percent;
};

/** A drawing as wide as its place and `height` pixels high. label: what it shows, for those who cannot see it. */
struct mnq_svg mnq_svg_begin_wide(struct mnq_html *h, const char *cls, int height, const char *label);

/** A drawing of fixed shape, scaled down if its place is narrower. */
struct mnq_svg mnq_svg_begin(struct mnq_html *h, const char *cls, int width, int height, const char *label);
void mnq_svg_end(struct mnq_svg *s);

void mnq_svg_line(struct mnq_svg *s, const char *cls, double x1, double y1, double x2, double y2);

/** title: what a pointer resting on the shape shows; NULL: nothing. */
void mnq_svg_rect(struct mnq_svg *s, const char *cls, double x, double y, double w, double h, const char *title);
void mnq_svg_circle(struct mnq_svg *s, const char *cls, double x, double y, double r, const char *title);

/** Text whose start, middle or end is at x, baseline at y. */
void mnq_svg_text(struct mnq_svg *s, const char *cls, const char *anchor, double x, double y, const char *text);

/** Line through n points x, y; pixels only. */
void mnq_svg_path(struct mnq_svg *s, const char *cls, const double *xy, int n);

#endif
