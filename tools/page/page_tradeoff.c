/* SPDX-License-Identifier: Apache-2.0
 * Accuracy against bytes and against multiply-accumulates, with the Pareto front. */
#include "page_parts.h"

#include "scatter.h"
#include "svg.h"
#include "util/utf8.h"

#include <math.h>
#include <stdio.h>

enum { TICKS = 7, FEWEST = 3 };

struct plot {
    const char *cls; /* which screens show it */
    int w, h, label; /* pixels, longest label in characters */
};
static const struct plot broad = {"broad", 520, 380, 26}, narrow = {"narrow", 344, 340, 20};
static const double LEFT = 38, RIGHT = 12, TOP = 14, BOTTOM = 42, RADIUS = 5, LETTER = 6.7, LINE = 14;

/* One plot's data. */
struct data {
    bool bytes;
    double *cost, *gain;
    bool *front;
    int n;
    struct mnq_axis x, y;
};

static int compare_cost(const struct data *d, int a, int b)
{
    if (d->cost[a] < d->cost[b] || d->cost[a] > d->cost[b]) return d->cost[a] < d->cost[b] ? -1 : 1;
    return a - b;
}

static void choose_axes(struct data *d, const struct mnq_evaluation *ev, const struct plot *f)
{
    double lo = (double)INFINITY, hi = 0;
    for (int i = 0; i < d->n; i++) {
        lo = fmin(lo, d->cost[i]);
        hi = fmax(hi, d->cost[i]);
    }
    d->y = mnq_page_top1_axis(ev);
    d->y.from = f->h - BOTTOM;
    d->y.to = TOP;
    double pad = hi > lo ? 0.08 * (hi - lo) : 0.1 * fmax(hi, 1);
    d->x = (struct mnq_axis){.lo = lo > 0.4 * hi ? lo - pad : 0, .hi = hi + pad, .from = LEFT, .to = f->w - RIGHT};
    if (lo > 0 && hi / lo > 5) d->x = (struct mnq_axis){lo / 1.25, hi * 1.25, LEFT, f->w - RIGHT, true};
}

static void axes(struct mnq_svg *s, const struct data *d, const struct plot *f)
{
    double tick[MNQ_TICKS], bottom = f->h - BOTTOM;
    char text[64];
    int n = mnq_ticks(d->y.lo, d->y.hi, TICKS, tick);
    for (int t = 0; t < n; t++) {
        double y = mnq_axis_at(&d->y, tick[t]);
        mnq_svg_line(s, "grid", LEFT, y, f->w - RIGHT, y);
        snprintf(text, sizeof text, "%g", tick[t]);
        mnq_svg_text(s, "tick", "end", LEFT - 8, y + 4, text);
    }
    n = d->bytes   ? mnq_ticks_bytes(d->x.lo, d->x.hi, d->x.log, TICKS, tick)
        : d->x.log ? mnq_ticks_log(d->x.lo, d->x.hi, TICKS, tick)
                   : mnq_ticks(d->x.lo, d->x.hi, TICKS, tick);
    for (int t = 0; t < n; t++) {
        double x = mnq_axis_at(&d->x, tick[t]);
        mnq_svg_line(s, "edge", x, bottom, x, bottom + 4);
        if (d->bytes) snprintf(text, sizeof text, "%s", mnq_fig_round_bytes(tick[t]).s);
        else snprintf(text, sizeof text, "%g", tick[t] / 1e6);
        mnq_svg_text(s, "tick", "middle", x, bottom + 17, text);
    }
    mnq_svg_line(s, "edge", LEFT, bottom, f->w - RIGHT, bottom);
    snprintf(text, sizeof text, "%s%s", d->bytes ? "file bytes" : "multiply-accumulates, millions",
             d->x.log ? ", logarithmic" : "");
    mnq_svg_text(s, "tick", "end", f->w - RIGHT, bottom + 35, text);
}

/* The front as stairs: what accuracy can be had for at most so much. How many corners; xy holds 2 n + 1 of them. */
static int stairs(struct mnq_page *p, const struct data *d, const struct plot *f, double *xy)
{
    int *order = mnq_arena_array(p->arena, (size_t)d->n, sizeof *order), n = 0, at = 0;
    if (order == NULL) {
        p->h.failed = true;
        return 0;
    }
    for (int i = 0; i < d->n; i++) {
        if (!d->front[i]) continue;
        int k = n++;
        for (; k > 0 && compare_cost(d, i, order[k - 1]) < 0; k--) order[k] = order[k - 1];
        order[k] = i;
    }
    for (int k = 0; k < n; k++) {
        double x = mnq_axis_at(&d->x, d->cost[order[k]]), y = mnq_axis_at(&d->y, d->gain[order[k]]);
        if (k > 0) {
            xy[2 * at] = x;
            xy[2 * at + 1] = xy[2 * at - 1];
            at++;
        }
        xy[2 * at] = x;
        xy[2 * at + 1] = y;
        at++;
    }
    xy[2 * at] = f->w - RIGHT;
    xy[2 * at + 1] = xy[2 * at - 1];
    return at + 1;
}

/* What labels keep clear of: points, intervals, and the stairs' steps. How many; box holds 4 n + 1. */
static int obstacles(const struct mnq_page *p, const struct data *d, const double *xy, int corners, struct mnq_box *box)
{
    int n = 0;
    for (int i = 0; i < d->n; i++) {
        struct mnq_share v = mnq_wilson(p->r->ev.model[i].hits1, p->r->ev.labelled);
        double x = mnq_axis_at(&d->x, d->cost[i]), y = mnq_axis_at(&d->y, d->gain[i]), top = mnq_axis_at(&d->y, v.hi);
        box[n++] = (struct mnq_box){x - RADIUS - 1, y - RADIUS - 1, 2 * RADIUS + 2, 2 * RADIUS + 2};
        box[n++] = (struct mnq_box){x - 1, top, 2, mnq_axis_at(&d->y, v.lo) - top};
    }
    for (int k = 0; k + 1 < corners; k++) {
        double x = fmin(xy[2 * k], xy[2 * k + 2]), y = fmin(xy[2 * k + 1], xy[2 * k + 3]);
        box[n++] =
            (struct mnq_box){x - 1, y - 1, fabs(xy[2 * k + 2] - xy[2 * k]) + 2, fabs(xy[2 * k + 3] - xy[2 * k + 1]) + 2};
    }
    return n;
}

/* Below the axis: an arrow and the value beside the name. */
static const char *label_text(struct mnq_page *p, const struct data *d, const struct plot *f, int i)
{
    char text[400];
    const char *name = mnq_page_shorten(p, p->name[i], f->label), *copy = NULL;
    if (d->gain[i] >= d->y.lo) return name;
    snprintf(text, sizeof text, "\xe2\x86\x93 %s %s", name, mnq_fig_percent(p->r->ev.model[i].hits1, p->r->ev.labelled).s);
    copy = mnq_arena_strdup(p->arena, text);
    p->h.failed = p->h.failed || copy == NULL;
    return copy != NULL ? copy : name;
}

static void label(struct mnq_svg *s, const struct mnq_label *l, const char *text)
{
    const struct mnq_box *b = &l->box;
    bool right = b->x >= l->x, left = b->x + b->w <= l->x;
    double x = right ? b->x : left ? b->x + b->w : b->x + b->w / 2;
    double y = b->y > l->y ? b->y : b->y + b->h < l->y ? b->y + b->h : b->y + b->h / 2;
    if (l->away) mnq_svg_line(s, "mark", l->x, l->y, right || left ? x : l->x, y);
    mnq_svg_text(s, "halo", right ? "start" : left ? "end" : "middle", x, b->y + 11, text);
}

static void labels(struct mnq_page *p, struct mnq_svg *s, const struct data *d, const struct plot *f, const double *xy,
                   int corners)
{
    size_t n = (size_t)d->n;
    struct mnq_label *l = mnq_arena_array(p->arena, n, sizeof *l);
    struct mnq_box *avoid = mnq_arena_array(p->arena, 4 * n + 1, sizeof *avoid);
    const char **text = mnq_arena_array(p->arena, n, sizeof *text);
    if (l == NULL || avoid == NULL || text == NULL) {
        p->h.failed = true;
        return;
    }
    for (int i = 0; i < d->n; i++) {
        text[i] = label_text(p, d, f, i);
        l[i].x = mnq_axis_at(&d->x, d->cost[i]);
        l[i].y = mnq_axis_at(&d->y, d->gain[i]);
        l[i].box.w = LETTER * mnq_utf8_count(text[i]);
        l[i].box.h = LINE;
    }
    struct mnq_box field = {LEFT + 2, TOP - 10, f->w - RIGHT - LEFT, f->h - BOTTOM - TOP + 8};
    mnq_place_labels(l, d->n, avoid, obstacles(p, d, xy, corners, avoid), field);
    for (int i = 0; i < d->n; i++) label(s, &l[i], text[i]);
}

static void draw(struct mnq_page *p, struct data *d, const struct plot *f)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    double *xy = mnq_arena_array(p->arena, 4 * (size_t)d->n + 2, sizeof *xy);
    if (xy == NULL) {
        p->h.failed = true;
        return;
    }
    choose_axes(d, ev, f);
    struct mnq_svg s =
        mnq_svg_begin(&p->h, f->cls, f->w, f->h,
                      d->bytes ? "Top-1 accuracy against file bytes" : "Top-1 accuracy against multiply-accumulates");
    axes(&s, d, f);
    for (int i = 0; i < d->n; i++) {
        struct mnq_share v = mnq_wilson(ev->model[i].hits1, ev->labelled);
        double x = mnq_axis_at(&d->x, d->cost[i]);
        mnq_svg_line(&s, "thin", x, mnq_axis_at(&d->y, v.lo), x, mnq_axis_at(&d->y, v.hi));
    }
    int corners = stairs(p, d, f, xy);
    mnq_svg_path(&s, "front", xy, corners);
    labels(p, &s, d, f, xy, corners);
    for (int i = 0; i < d->n; i++) {
        char title[400];
        snprintf(title, sizeof title, "%s: %s %%, %s%s", p->name[i], mnq_fig_percent(ev->model[i].hits1, ev->labelled).s,
                 d->bytes ? mnq_fig_bytes((int64_t)d->cost[i]).s : mnq_fig_count((int64_t)d->cost[i]).s,
                 d->bytes ? "" : " MACs");
        mnq_svg_circle(&s, d->front[i] ? "dot" : "ring", mnq_axis_at(&d->x, d->cost[i]), mnq_axis_at(&d->y, d->gain[i]),
                       RADIUS, title);
    }
    mnq_svg_end(&s);
}

static void against(struct mnq_page *p, bool bytes)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    size_t n = (size_t)ev->n_models;
    struct data d = {.bytes = bytes, .n = ev->n_models};
    d.cost = mnq_arena_array(p->arena, n, sizeof *d.cost);
    d.gain = mnq_arena_array(p->arena, n, sizeof *d.gain);
    d.front = mnq_arena_array(p->arena, n, sizeof *d.front);
    if (d.cost == NULL || d.gain == NULL || d.front == NULL) {
        p->h.failed = true;
        return;
    }
    for (int i = 0; i < d.n; i++) {
        const struct mnq_subject *s = &p->r->subject[i];
        d.cost[i] = bytes ? (double)s->file_bytes : (double)s->macs;
        d.gain[i] = 100.0 * ev->model[i].hits1 / ev->labelled;
    }
    mnq_pareto(d.cost, d.gain, d.n, d.front);
    mnq_html_put(&p->h, "<figure><h3>");
    mnq_html_text(&p->h, bytes ? "Top-1 % against file bytes" : "Top-1 % against multiply-accumulates");
    mnq_html_put(&p->h, "</h3>\n");
    draw(p, &d, &broad);
    draw(p, &d, &narrow);
    mnq_html_put(&p->h, "</figure>\n");
}

void mnq_page_tradeoff(struct mnq_page *p)
{
    if (p->r->ev.n_models < FEWEST || !p->r->ev.accuracy) return;
    mnq_page_section(p, "tradeoff", "Trade-off");
    mnq_html_put(&p->h, "<div class=\"pair\">\n");
    against(p, true);
    against(p, false);
    mnq_html_put(&p->h, "</div>\n<p class=\"note\">");
    mnq_html_text(
        &p->h,
        "Filled points lie on the Pareto front (the stairs): no other model here costs at most as much and is at "
        "least as accurate. Thin lines are 95 % intervals. The accuracy axis is cut; an arrow marks what lies below it. "
        "Multiply-accumulates are counted as if no weight were zero.");
    mnq_html_put(&p->h, "</p>\n");
    mnq_page_end_section(p);
}
