/* SPDX-License-Identifier: Apache-2.0
 * Accuracy against bytes and against multiply-accumulates, with the Pareto front. */
#include "page_parts.h"

#include "plot.h"

#include <math.h>
#include <stdio.h>

enum { TICKS = 7, FEWEST = 3 };

struct plot {
    const char *cls; /* which screens show it */
    int label;       /* longest, in characters */
    struct mnq_frame f;
};
static const struct plot broad = {"broad", 26, {520, 380, TICKS, 38, 12, 14, 42}},
                         narrow = {"narrow", 20, {344, 340, TICKS, 38, 12, 14, 42}};
static const double RADIUS = 5;

/* One plot's data. */
struct data {
    bool bytes;
    double *cost, *gain;
    bool *front;
    int n;
    struct mnq_axis x, y;
};

static void choose_axes(struct data *d, const struct mnq_evaluation *ev, const struct mnq_frame *f)
{
    double lo = (double)INFINITY, hi = 0;
    for (int i = 0; i < d->n; i++) {
        lo = fmin(lo, d->cost[i]);
        hi = fmax(hi, d->cost[i]);
    }
    d->y = mnq_page_top1_axis(ev);
    d->y.from = f->h - f->bottom;
    d->y.to = f->top;
    double pad = hi > lo ? 0.08 * (hi - lo) : 0.1 * fmax(hi, 1);
    d->x = (struct mnq_axis){.lo = lo > 0.4 * hi ? lo - pad : 0, .hi = hi + pad, .from = f->left, .to = f->w - f->right};
    if (lo > 0 && hi / lo > 5) d->x = (struct mnq_axis){lo / 1.25, hi * 1.25, f->left, f->w - f->right, true};
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
    return n + mnq_plot_stairs_boxes(xy, corners, box + n);
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
        l[i] = mnq_plot_label(mnq_axis_at(&d->x, d->cost[i]), mnq_axis_at(&d->y, d->gain[i]), text[i]);
    }
    mnq_place_labels(l, d->n, avoid, obstacles(p, d, xy, corners, avoid), mnq_plot_field(&f->f));
    for (int i = 0; i < d->n; i++) mnq_plot_write(s, &l[i], text[i]);
}

static void draw(struct mnq_page *p, struct data *d, const struct plot *f)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    size_t n = (size_t)d->n;
    double *xy = mnq_arena_array(p->arena, 4 * n + 2, sizeof *xy), *at = mnq_arena_array(p->arena, 2 * n, sizeof *at);
    int *order = mnq_arena_array(p->arena, n, sizeof *order);
    if (xy == NULL || at == NULL || order == NULL) {
        p->h.failed = true;
        return;
    }
    choose_axes(d, ev, &f->f);
    for (int i = 0; i < d->n; i++) {
        at[i] = mnq_axis_at(&d->x, d->cost[i]);
        at[d->n + i] = mnq_axis_at(&d->y, d->gain[i]);
    }
    struct mnq_svg s =
        mnq_svg_begin(&p->h, f->cls, f->f.w, f->f.h,
                      d->bytes ? "Top-1 accuracy against file bytes" : "Top-1 accuracy against multiply-accumulates");
    mnq_plot_axes(&s, &d->x, &d->y, &f->f, d->bytes ? MNQ_PLOT_BYTES : MNQ_PLOT_MILLIONS,
                  d->bytes ? "file bytes" : "multiply-accumulates");
    for (int i = 0; i < d->n; i++) {
        struct mnq_share v = mnq_wilson(ev->model[i].hits1, ev->labelled);
        mnq_svg_line(&s, "thin", at[i], mnq_axis_at(&d->y, v.lo), at[i], mnq_axis_at(&d->y, v.hi));
    }
    int corners = mnq_plot_stairs(at, at + d->n, d->front, d->n, f->f.w - f->f.right, order, xy);
    mnq_svg_path(&s, "front", xy, corners);
    labels(p, &s, d, f, xy, corners);
    for (int i = 0; i < d->n; i++) {
        char title[400];
        snprintf(title, sizeof title, "%s: %s %%, %s%s", p->name[i], mnq_fig_percent(ev->model[i].hits1, ev->labelled).s,
                 d->bytes ? mnq_fig_bytes((int64_t)d->cost[i]).s : mnq_fig_count((int64_t)d->cost[i]).s,
                 d->bytes ? "" : " MACs");
        mnq_svg_circle(&s, d->front[i] ? "dot" : "ring", at[i], at[d->n + i], RADIUS, title);
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
    mnq_shell_section(&p->h, "tradeoff", "Trade-off");
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
    mnq_shell_end_section(&p->h);
}
