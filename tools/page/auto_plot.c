/* SPDX-License-Identifier: Apache-2.0
 * The plot of what `--weights auto` tried.
 *
 * Two fronts are drawn: of the points whose weights are as they were, and of all points. Where they part, tuning pays. What
 * was given up early, or is over the core's budgets, lies on neither. */
#include "auto_plot.h"

#include "auto_text.h"
#include "figures.h"
#include "plot.h"

#include <math.h>
#include <stdio.h>

static const double RADIUS = 5, PICK = 8, CAP = 3.5; /* pixels: a mark, the circle around the chosen one, half a cap */
static const double APART = 9;                       /* pixels between an untuned point and its tuned twin */
enum { KINDS = 2, LABEL_TEXT = 32 };

struct plot {
    const char *cls; /* which screens show it */
    struct mnq_frame f;
};
static const struct plot broad = {"broad", {920, 400, 7, 38, 28, 16, 42}},
                         narrow = {"narrow", {344, 340, 5, 38, 28, 16, 42}};

/* One plot. */
struct drawing {
    const struct mnq_calib_report *r;
    const struct mnq_frame *f;
    double flash; /* 0: none */
    struct mnq_axis x, y;
    double *px, *py;    /* [n] positions of the marks */
    double *at;         /* [n] of the points themselves, from left to right */
    bool *front[KINDS]; /* [n] without tuning, with it */
    double *xy[KINDS];  /* corners of their stairs */
    int corners[KINDS];
};

bool mnq_auto_plot_counts(const struct mnq_calib_point *p)
{
    return p->complete && p->fits;
}

bool mnq_auto_plot_tuned(const struct mnq_calib_report *r)
{
    bool any = false;
    for (int i = 0; i < r->n_points; i++) any = any || r->point[i].tuned;
    return any;
}

/* ---- axes ---- */

/* What lies far above the limit and the chosen one does not stretch the axis; it lies at its top. */
static double top_of(const struct mnq_calib_report *r)
{
    static const double FAR = 3;
    double near = r->asked_drop, top = 1.2 * r->asked_drop;
    for (int i = 0; i < r->n_points; i++)
        if (r->point[i].chosen) near = fmax(near, r->point[i].drop.high);
    for (int i = 0; i < r->n_points; i++) {
        const struct mnq_calib_point *p = &r->point[i];
        if (p->drop.points > FAR * near) continue;
        top = fmax(top, fmin(1.05 * (mnq_auto_plot_counts(p) ? p->drop.high : p->drop.points), 1.2 * FAR * near));
    }
    return fmax(top, 0.1);
}

static void choose_axes(struct drawing *d)
{
    double lo = (double)INFINITY, hi = 0;
    for (int i = 0; i < d->r->n_points; i++) {
        lo = fmin(lo, d->r->point[i].bytes);
        hi = fmax(hi, d->r->point[i].bytes);
    }
    if (d->flash > 0 && d->flash < 2 * hi) hi = fmax(hi, d->flash);
    const double pad = hi > lo ? 0.08 * (hi - lo) : 0.1 * fmax(hi, 1);
    d->x = (struct mnq_axis){.lo = fmax(0, lo - pad), .hi = hi + pad, .from = d->f->left, .to = d->f->w - d->f->right};
    d->y = (struct mnq_axis){.lo = 0, .hi = top_of(d->r), .from = d->f->h - d->f->bottom, .to = d->f->top};
}

/* Where the points lie. A tuned one has the bytes of an untuned one: its mark is moved aside, or their intervals would be
 * one. The fronts stay where they are. */
static void place(struct drawing *d)
{
    for (int i = 0; i < d->r->n_points; i++) {
        const struct mnq_calib_point *p = &d->r->point[i];
        d->at[i] = mnq_axis_at(&d->x, p->bytes);
        d->px[i] = d->at[i] + (p->tuned ? APART : 0);
        d->py[i] = mnq_axis_at(&d->y, p->drop.points);
    }
}

/* ---- fronts ---- */

/* Of the points that count, tuned ones too or not. scratch  [2 n] */
static void find_front(struct drawing *d, int kind, double *scratch, int *order, bool *flag)
{
    const struct mnq_calib_report *r = d->r;
    double *cost = scratch, *gain = scratch + r->n_points;
    int n = 0;
    for (int i = 0; i < r->n_points; i++) {
        const struct mnq_calib_point *p = &r->point[i];
        d->front[kind][i] = false;
        if (!mnq_auto_plot_counts(p) || (p->tuned && kind == 0)) continue;
        cost[n] = p->bytes;
        gain[n] = -p->drop.points;
        order[n++] = i;
    }
    mnq_pareto(cost, gain, n, flag);
    for (int k = 0; k < n; k++) d->front[kind][order[k]] = flag[k];
    d->corners[kind] = mnq_plot_stairs(d->at, d->py, d->front[kind], r->n_points, d->f->w - d->f->right, order, d->xy[kind]);
}

/* ---- marks ---- */

static void square(struct mnq_svg *s, const char *cls, double x, double y, double r, const char *title)
{
    mnq_svg_rect(s, cls, x - r, y - r, 2 * r, 2 * r, title);
}

static void whisker(struct mnq_svg *s, const struct drawing *d, int i)
{
    const struct mnq_calib_point *p = &d->r->point[i];
    const char *cls = p->tuned ? "thin2" : "thin";
    const double x = d->px[i], low = mnq_axis_at(&d->y, p->drop.low), high = mnq_axis_at(&d->y, p->drop.high);
    if (!mnq_auto_plot_counts(p) || p->drop.low > d->y.hi) return;
    mnq_svg_line(s, cls, x, low, x, high);
    mnq_svg_line(s, cls, x - CAP, low, x + CAP, low);
    if (p->drop.high <= d->y.hi) mnq_svg_line(s, cls, x - CAP, high, x + CAP, high);
}

static void mark(struct mnq_svg *s, const struct drawing *d, int i)
{
    const struct mnq_calib_point *p = &d->r->point[i];
    const char *note = mnq_point_note(p), *cls;
    char title[200], formats[MNQ_POINT_TEXT];
    snprintf(title, sizeof title, "%s, %s: about %s, %.2f points, %.2f to %.2f%s%s", mnq_point_formats(p, formats),
             mnq_point_weights(p), mnq_fig_bytes((int64_t)p->bytes).s, p->drop.points, p->drop.low, p->drop.high,
             *note != '\0' ? ", " : "", note);
    if (!mnq_auto_plot_counts(p)) cls = "gone";
    else if (p->tuned) cls = d->front[1][i] ? "low" : "ring2";
    else cls = d->front[0][i] ? "dot" : "ring";
    if (p->tuned) square(s, cls, d->px[i], d->py[i], RADIUS - 0.5, title);
    else mnq_svg_circle(s, cls, d->px[i], d->py[i], RADIUS, title);
    if (p->chosen) mnq_svg_circle(s, "pick", d->px[i], d->py[i], PICK, NULL);
}

static void limits(struct mnq_svg *s, const struct drawing *d)
{
    const double bottom = d->f->h - d->f->bottom, right = d->f->w - d->f->right;
    if (d->r->asked_drop > 0) {
        double y = mnq_axis_at(&d->y, d->r->asked_drop);
        mnq_svg_line(s, "base", d->f->left, y, right, y);
    }
    if (d->flash > 0 && d->flash <= d->x.hi) {
        double x = mnq_axis_at(&d->x, d->flash);
        mnq_svg_line(s, "base", x, d->f->top, x, bottom);
    }
}

/* ---- labels ---- */

/* What labels keep clear of. How many boxes; there is room for 7 n + 8. */
static int obstacles(const struct drawing *d, struct mnq_box *box)
{
    int n = 0;
    for (int i = 0; i < d->r->n_points; i++) {
        const struct mnq_calib_point *p = &d->r->point[i];
        const double r = p->chosen ? PICK + 1 : RADIUS + 1, top = mnq_axis_at(&d->y, p->drop.high);
        box[n++] = (struct mnq_box){d->px[i] - r, d->py[i] - r, 2 * r, 2 * r};
        if (mnq_auto_plot_counts(p))
            box[n++] = (struct mnq_box){d->px[i] - CAP, top, 2 * CAP, mnq_axis_at(&d->y, p->drop.low) - top};
    }
    for (int k = 0; k < KINDS; k++) n += mnq_plot_stairs_boxes(d->xy[k], d->corners[k], box + n);
    return n;
}

/* "chosen", and of points above the axis how much they lose. */
static bool label_of(const struct drawing *d, int i, char text[LABEL_TEXT])
{
    const struct mnq_calib_point *p = &d->r->point[i];
    const bool above = p->drop.points > d->y.hi;
    if (above) snprintf(text, LABEL_TEXT, "\xe2\x86\x91 %.1f%s", p->drop.points, p->chosen ? ", chosen" : "");
    else snprintf(text, LABEL_TEXT, "chosen");
    return above || p->chosen;
}

static void labels(struct mnq_html *h, struct mnq_svg *s, const struct drawing *d, struct mnq_arena *arena)
{
    const size_t n = (size_t)d->r->n_points;
    struct mnq_label *l = mnq_arena_array(arena, n, sizeof *l);
    struct mnq_box *box = mnq_arena_array(arena, 7 * n + 8, sizeof *box);
    char(*text)[LABEL_TEXT] = mnq_arena_array(arena, n, sizeof *text);
    int count = 0;
    if (l == NULL || box == NULL || text == NULL) {
        h->failed = true;
        return;
    }
    for (int i = 0; i < d->r->n_points; i++) {
        if (!label_of(d, i, text[count])) continue;
        l[count] = mnq_plot_label(d->px[i], d->py[i], text[count]);
        count++;
    }
    mnq_place_labels(l, count, box, obstacles(d, box), mnq_plot_field(d->f));
    for (int k = 0; k < count; k++) mnq_plot_write(s, &l[k], text[k]);
}

/* ---- all of it ---- */

static int reserve(struct drawing *d, struct mnq_arena *arena)
{
    const size_t n = (size_t)d->r->n_points;
    d->px = mnq_arena_array(arena, n, sizeof *d->px);
    d->py = mnq_arena_array(arena, n, sizeof *d->py);
    d->at = mnq_arena_array(arena, n, sizeof *d->at);
    bool ok = d->px != NULL && d->py != NULL && d->at != NULL;
    for (int k = 0; k < KINDS; k++) {
        d->front[k] = mnq_arena_array(arena, n, sizeof *d->front[k]);
        d->xy[k] = mnq_arena_array(arena, 4 * n + 2, sizeof *d->xy[k]);
        ok = ok && d->front[k] != NULL && d->xy[k] != NULL;
    }
    return ok ? 0 : -1;
}

static void draw(struct mnq_html *h, const struct mnq_calib_report *r, int64_t flash, const struct plot *plot,
                 struct mnq_arena *arena)
{
    struct drawing d = {.r = r, .f = &plot->f, .flash = (double)flash};
    const size_t n = (size_t)r->n_points;
    double *scratch = mnq_arena_array(arena, 2 * n, sizeof *scratch);
    int *order = mnq_arena_array(arena, n, sizeof *order);
    bool *flag = mnq_arena_array(arena, n, sizeof *flag);
    if (scratch == NULL || order == NULL || flag == NULL || reserve(&d, arena) != 0) {
        h->failed = true;
        return;
    }
    choose_axes(&d);
    place(&d);
    for (int k = 0; k < KINDS; k++) find_front(&d, k, scratch, order, flag);
    struct mnq_svg s = mnq_svg_begin(h, plot->cls, d.f->w, d.f->h, "Expected loss in points against bytes of the file");
    mnq_plot_axes(&s, &d.x, &d.y, d.f, MNQ_PLOT_BYTES, "bytes of the file");
    limits(&s, &d);
    for (int i = 0; i < r->n_points; i++) whisker(&s, &d, i);
    if (d.corners[0] > 0) mnq_svg_path(&s, "front", d.xy[0], d.corners[0]);
    if (d.corners[1] > 0 && mnq_auto_plot_tuned(r)) mnq_svg_path(&s, "front2", d.xy[1], d.corners[1]);
    for (int i = 0; i < r->n_points; i++) mark(&s, &d, i);
    labels(h, &s, &d, arena);
    mnq_svg_end(&s);
}

/* ---- legend ---- */

enum sign { SIGN_UNTUNED, SIGN_TUNED, SIGN_GONE, SIGN_FRONT, SIGN_FRONT_TUNED, SIGN_LEVEL, SIGN_FLASH };

static void sign(struct mnq_html *h, enum sign what, const char *text)
{
    static const double line[] = {0, 7, 22, 7};
    mnq_html_put(h, "<span>");
    struct mnq_svg s = mnq_svg_begin(h, "sign", 22, 14, NULL);
    if (what == SIGN_UNTUNED) mnq_svg_circle(&s, "dot", 11, 7, RADIUS, NULL);
    if (what == SIGN_TUNED) square(&s, "low", 11, 7, RADIUS - 0.5, NULL);
    if (what == SIGN_GONE) square(&s, "gone", 11, 7, RADIUS - 0.5, NULL);
    if (what == SIGN_FRONT) mnq_svg_path(&s, "front", line, 2);
    if (what == SIGN_FRONT_TUNED) mnq_svg_path(&s, "front2", line, 2);
    if (what == SIGN_LEVEL) mnq_svg_line(&s, "base", 0, 7, 22, 7);
    if (what == SIGN_FLASH) mnq_svg_line(&s, "base", 11, 0, 11, 14);
    mnq_svg_end(&s);
    mnq_html_text(h, text);
    mnq_html_put(h, "</span>\n");
}

static void legend(struct mnq_html *h, const struct mnq_calib_report *r, int64_t flash)
{
    char text[120];
    bool over = false, given_up = false, inside = false;
    for (int i = 0; i < r->n_points; i++) {
        over = over || !r->point[i].fits;
        given_up = given_up || !r->point[i].complete;
        inside = inside || (double)flash < 2 * r->point[i].bytes;
    }
    mnq_html_put(h, "<p class=\"legend\">\n");
    sign(h, SIGN_UNTUNED, "weights as they are");
    if (mnq_auto_plot_tuned(r)) sign(h, SIGN_TUNED, "tuned weights");
    if (over || given_up)
        sign(h, SIGN_GONE,
             !over       ? "given up early"
             : !given_up ? "over the core's budgets"
                         : "given up, or over the budgets");
    sign(h, SIGN_FRONT, "front without tuning");
    if (mnq_auto_plot_tuned(r)) sign(h, SIGN_FRONT_TUNED, "front with tuning");
    if (r->asked_drop > 0) {
        snprintf(text, sizeof text, "--max-drop %g", r->asked_drop);
        sign(h, SIGN_LEVEL, text);
    }
    if (flash > 0) {
        snprintf(text, sizeof text, "--flash %s%s", mnq_fig_count(flash).s, inside ? "" : ", right of the plot");
        sign(h, SIGN_FLASH, text);
    }
    mnq_html_put(h, "</p>\n");
}

void mnq_auto_plot(struct mnq_html *h, const struct mnq_calib_report *r, int64_t flash, struct mnq_arena *arena)
{
    mnq_html_put(h, "<div class=\"pair one\"><figure>\n");
    draw(h, r, flash, &broad, arena);
    draw(h, r, flash, &narrow, arena);
    mnq_html_put(h, "</figure></div>\n");
    legend(h, r, flash);
}
