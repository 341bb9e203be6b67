/* SPDX-License-Identifier: Apache-2.0
 * Shapes of inline SVG. */
#include "svg.h"

#include <stdio.h>
#include <string.h>

/* " key="12.5"", at most two decimals and none that say nothing. */
static void number(struct mnq_svg *s, const char *key, double v, bool across)
{
    char text[48];
    snprintf(text, sizeof text, "%.2f", v);
    size_t n = strlen(text);
    while (text[n - 1] == '0') text[--n] = '\0';
    if (text[n - 1] == '.') text[--n] = '\0';
    mnq_html_putf(s->h, " %s=\"%s%s\"", key, strcmp(text, "-0") == 0 ? "0" : text, across && s->percent ? "%" : "");
}

static void shape(struct mnq_svg *s, const char *name, const char *cls)
{
    mnq_html_putf(s->h, "<%s class=\"%s\"", name, cls);
}

static void finish(struct mnq_svg *s, const char *name, const char *title)
{
    if (title == NULL) {
        mnq_html_put(s->h, "/>");
        return;
    }
    mnq_html_put(s->h, ">");
    mnq_html_tag(s->h, "title", NULL, title);
    mnq_html_putf(s->h, "</%s>", name);
}

static void label_it(struct mnq_html *h, const char *label)
{
    if (label != NULL) {
        mnq_html_put(h, " role=\"img\"");
        mnq_html_attribute(h, "aria-label", label);
    } else {
        mnq_html_put(h, " aria-hidden=\"true\"");
    }
    mnq_html_put(h, ">");
}

struct mnq_svg mnq_svg_begin_wide(struct mnq_html *h, const char *cls, int height, const char *label)
{
    mnq_html_putf(h, "<svg class=\"%s\" width=\"100%%\" height=\"%d\"", cls, height);
    label_it(h, label);
    return (struct mnq_svg){h, true};
}

struct mnq_svg mnq_svg_begin(struct mnq_html *h, const char *cls, int width, int height, const char *label)
{
    mnq_html_putf(h, "<svg class=\"%s\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"", cls, width, height, width,
                  height);
    label_it(h, label);
    return (struct mnq_svg){h, false};
}

void mnq_svg_end(struct mnq_svg *s)
{
    mnq_html_put(s->h, "</svg>\n");
}

void mnq_svg_line(struct mnq_svg *s, const char *cls, double x1, double y1, double x2, double y2)
{
    shape(s, "line", cls);
    number(s, "x1", x1, true);
    number(s, "y1", y1, false);
    number(s, "x2", x2, true);
    number(s, "y2", y2, false);
    finish(s, "line", NULL);
}

void mnq_svg_rect(struct mnq_svg *s, const char *cls, double x, double y, double w, double h, const char *title)
{
    shape(s, "rect", cls);
    number(s, "x", x, true);
    number(s, "y", y, false);
    number(s, "width", w, true);
    number(s, "height", h, false);
    finish(s, "rect", title);
}

void mnq_svg_circle(struct mnq_svg *s, const char *cls, double x, double y, double r, const char *title)
{
    shape(s, "circle", cls);
    number(s, "cx", x, true);
    number(s, "cy", y, false);
    number(s, "r", r, false);
    finish(s, "circle", title);
}

void mnq_svg_text(struct mnq_svg *s, const char *cls, const char *anchor, double x, double y, const char *text)
{
    shape(s, "text", cls);
    number(s, "x", x, true);
    number(s, "y", y, false);
    mnq_html_putf(s->h, " text-anchor=\"%s\">", anchor);
    mnq_html_text(s->h, text);
    mnq_html_put(s->h, "</text>");
}

void mnq_svg_path(struct mnq_svg *s, const char *cls, const double *xy, int n)
{
    shape(s, "path", cls);
    mnq_html_put(s->h, " d=\"");
    for (int i = 0; i < n; i++) mnq_html_putf(s->h, "%s%.1f %.1f", i == 0 ? "M" : "L", xy[2 * i], xy[2 * i + 1]);
    mnq_html_put(s->h, "\"/>");
}
