/* SPDX-License-Identifier: Apache-2.0
 * Accuracy with intervals and paired differences. Without labels: agreement with the first model. */
#include "page_parts.h"

#include "svg.h"

#include <stdio.h>

enum { ROW = 40, AXIS = 20, TICKS = 7 };

int mnq_page_top1(const struct mnq_evaluation *ev, int i, int *of)
{
    *of = ev->accuracy ? ev->labelled : ev->n;
    return ev->accuracy ? ev->model[i].hits1 : i == 0 ? -1 : ev->model[i].agree;
}

struct mnq_axis mnq_page_top1_axis(const struct mnq_evaluation *ev)
{
    static const double far = 25; /* points */
    struct mnq_axis a = {.lo = 100, .hi = 0, .from = 2, .to = 98};
    double best = 0;
    for (int i = 0; i < ev->n_models; i++) {
        int n, k = mnq_page_top1(ev, i, &n);
        if (k >= 0 && 100.0 * k / n > best) best = 100.0 * k / n;
    }
    for (int i = 0; i < ev->n_models; i++) {
        int n, k = mnq_page_top1(ev, i, &n);
        if (k < 0 || 100.0 * k / n < best - far) continue;
        struct mnq_share s = mnq_wilson(k, n);
        if (s.lo < a.lo) a.lo = s.lo;
        if (s.hi > a.hi) a.hi = s.hi;
    }
    if (a.lo > a.hi) a.lo = a.hi = 100;
    mnq_axis_percent(&a.lo, &a.hi);
    return a;
}

static bool binary(const struct mnq_evaluation *ev)
{
    return ev->task.kind == MNQ_TASK_BINARY;
}

static void plot(struct mnq_page *p, int i, const struct mnq_axis *a)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    double tick[TICKS], y = ROW / 2.0;
    int n, k = mnq_page_top1(ev, i, &n), ticks = mnq_ticks(a->lo, a->hi, TICKS, tick);
    char label[200];
    if (k >= 0) snprintf(label, sizeof label, "%s %% %s", mnq_fig_percent(k, n).s, mnq_fig_interval(k, n).s);
    struct mnq_svg s = mnq_svg_begin_wide(&p->h, "row", ROW, k >= 0 ? label : NULL);
    for (int t = 0; t < ticks; t++) {
        double x = mnq_axis_at(a, tick[t]);
        mnq_svg_line(&s, "grid", x, 0, x, ROW);
    }
    if (ev->accuracy && ev->n_models > 1) {
        double x = mnq_axis_at(a, 100.0 * ev->model[0].hits1 / ev->labelled);
        mnq_svg_line(&s, "base", x, 0, x, ROW);
    }
    if (k >= 0 && 100.0 * k / n < a->lo) {
        char text[64];
        snprintf(text, sizeof text, "\xe2\x86\x90 %s, outside", mnq_fig_percent(k, n).s);
        mnq_svg_text(&s, "out", "start", mnq_axis_at(a, a->lo), y + 4, text);
    } else if (k >= 0) {
        struct mnq_share v = mnq_wilson(k, n);
        double lo = mnq_axis_at(a, v.lo), hi = mnq_axis_at(a, v.hi);
        mnq_svg_line(&s, "ci", lo, y, hi, y);
        mnq_svg_line(&s, "cap", lo, y - 5, lo, y + 5);
        mnq_svg_line(&s, "cap", hi, y - 5, hi, y + 5);
        mnq_svg_circle(&s, i == 0 ? "ring" : "dot", mnq_axis_at(a, v.percent), y, 5, label);
    }
    mnq_svg_end(&s);
}

static void axis(struct mnq_page *p, const struct mnq_axis *a, int columns)
{
    double tick[TICKS];
    int n = mnq_ticks(a->lo, a->hi, TICKS, tick);
    mnq_html_put(&p->h, "<tfoot><tr class=\"axis\"><td></td><td class=\"plot\">");
    struct mnq_svg s = mnq_svg_begin_wide(&p->h, "row", AXIS, NULL);
    for (int t = 0; t < n; t++) {
        char text[24];
        snprintf(text, sizeof text, "%g", tick[t]);
        mnq_svg_text(&s, "tick", "middle", mnq_axis_at(a, tick[t]), 14, text);
    }
    mnq_svg_end(&s);
    mnq_html_putf(&p->h, "</td><td colspan=\"%d\"></td></tr></tfoot>", columns);
}

static void row(struct mnq_page *p, int i, const struct mnq_axis *a)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    const struct mnq_eval_model *m = &ev->model[i];
    mnq_html_put(&p->h, "<tr>");
    mnq_page_model_cell(p, i);
    mnq_html_put(&p->h, "<td class=\"plot\">");
    plot(p, i, a);
    mnq_html_put(&p->h, "</td>");
    if (ev->accuracy) {
        mnq_shell_number(&p->h, binary(ev) ? "accuracy %" : "top-1 %", NULL, mnq_fig_percent(m->hits1, ev->labelled).s);
        mnq_shell_number(&p->h, "95 % interval", "dim", mnq_fig_interval(m->hits1, ev->labelled).s);
        if (i == 0) {
            mnq_html_put(&p->h, "<td></td><td></td><td></td><td></td><td></td>");
        } else {
            struct mnq_pairing pair = mnq_pair(ev, 0, i);
            char lost[24], won[24];
            bool worse = pair.points < 0 && pair.p < MNQ_PAGE_P;
            snprintf(lost, sizeof lost, "%d", pair.lost);
            snprintf(won, sizeof won, "%d", pair.won);
            mnq_shell_number(&p->h, "points", worse ? "loss" : NULL, mnq_fig_points(pair.points).s);
            mnq_shell_number(&p->h, "points, 95 %", "dim", mnq_fig_points_interval(pair.low, pair.high).s);
            mnq_shell_number(&p->h, "lost", NULL, lost);
            mnq_shell_number(&p->h, "won", NULL, won);
            mnq_shell_number(&p->h, "p", worse ? "loss" : NULL, mnq_fig_p(pair.p).s);
        }
    }
    if (ev->n_models > 1) mnq_shell_number(&p->h, "agree %", NULL, i == 0 ? "" : mnq_fig_percent(m->agree, ev->n).s);
    if (!ev->accuracy && ev->n_models > 1)
        mnq_shell_number(&p->h, "95 % interval", "dim", i == 0 ? "" : mnq_fig_interval(m->agree, ev->n).s);
    mnq_html_put(&p->h, "</tr>\n");
}

static void table(struct mnq_page *p, const struct mnq_axis *a)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    int columns = ev->accuracy ? 7 + (ev->n_models > 1) : 2;
    mnq_html_put(&p->h,
                 "<table class=\"stack\"><thead><tr><th class=\"l\" scope=\"col\">model</th><th class=\"l\" scope=\"col\">");
    if (ev->accuracy) mnq_html_textf(&p->h, "%s %% with 95 %% interval", mnq_page_measure(ev));
    else mnq_html_text(&p->h, "agreement % with 95 % interval");
    mnq_html_put(&p->h, "</th>");
    if (ev->accuracy) mnq_html_putf(&p->h, "<th scope=\"col\">%s %%</th>", mnq_page_measure(ev));
    if (ev->accuracy)
        mnq_html_put(&p->h, "<th scope=\"col\">95 % interval</th><th scope=\"col\">points</th>"
                            "<th scope=\"col\">95 % interval</th><th scope=\"col\">lost</th><th scope=\"col\">won</th><th "
                            "scope=\"col\">p</th>");
    if (ev->n_models > 1) mnq_html_put(&p->h, "<th scope=\"col\">agree %</th>");
    if (!ev->accuracy && ev->n_models > 1) mnq_html_put(&p->h, "<th scope=\"col\">95 % interval</th>");
    mnq_html_put(&p->h, "</tr></thead><tbody>\n");
    for (int i = 0; i < ev->n_models; i++) row(p, i, a);
    mnq_html_put(&p->h, "</tbody>");
    axis(p, a, columns);
    mnq_html_put(&p->h, "</table>\n");
}

static void notes(struct mnq_page *p, const struct mnq_axis *a)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    mnq_html_put(&p->h, "<p class=\"note\">");
    if (a->lo > 0 || a->hi < 100) mnq_html_textf(&p->h, "The axis is cut: it runs from %g to %g %%. ", a->lo, a->hi);
    mnq_html_text(&p->h, "Intervals: Wilson, 95 %. ");
    if (ev->accuracy && ev->n_models > 1)
        mnq_html_textf(
            &p->h,
            "Points, lost and won are against %s on the same %d samples: lost were right there and are wrong here, "
            "won the other way round. p: exact McNemar test, the probability of so uneven a split by chance. ",
            p->name[0], ev->labelled);
    if (ev->n_models > 1) mnq_html_textf(&p->h, "Agree: same %s as %s.", binary(ev) ? "answer" : "top-1 class", p->name[0]);
    mnq_html_put(&p->h, "</p>\n");
}

static void steps(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    if (ev->n_models < 3 || !ev->accuracy) return;
    mnq_html_put(&p->h, "<h3>Step by step</h3><p class=\"note\">Each model against the one before it, in the order of the "
                        "command line.</p>\n<table class=\"stack\"><thead><tr><th class=\"l\" scope=\"col\">from</th>"
                        "<th class=\"l\" scope=\"col\">to</th><th scope=\"col\">points</th><th scope=\"col\">lost</th>"
                        "<th scope=\"col\">won</th><th scope=\"col\">p</th></tr></thead><tbody>\n");
    for (int i = 1; i < ev->n_models; i++) {
        struct mnq_pairing pair = mnq_pair(ev, i - 1, i);
        bool worse = pair.points < 0 && pair.p < MNQ_PAGE_P;
        char lost[24], won[24];
        snprintf(lost, sizeof lost, "%d", pair.lost);
        snprintf(won, sizeof won, "%d", pair.won);
        mnq_html_put(&p->h, "<tr><th scope=\"row\">");
        mnq_html_text(&p->h, p->name[i - 1]);
        mnq_html_put(&p->h, "</th><td class=\"l wide\">");
        mnq_html_textf(&p->h, "\xe2\x86\x92 %s", p->name[i]);
        mnq_html_put(&p->h, "</td>");
        mnq_shell_number(&p->h, "points", worse ? "loss" : NULL, mnq_fig_points(pair.points).s);
        mnq_shell_number(&p->h, "lost", NULL, lost);
        mnq_shell_number(&p->h, "won", NULL, won);
        mnq_shell_number(&p->h, "p", worse ? "loss" : NULL, mnq_fig_p(pair.p).s);
        mnq_html_put(&p->h, "</tr>\n");
    }
    mnq_html_put(&p->h, "</tbody></table>\n");
}

void mnq_page_accuracy(struct mnq_page *p)
{
    if (!mnq_task_is_vector_decision(&p->r->ev.task)) return;
    if (!p->r->ev.accuracy && p->r->ev.n_models < 2) return;
    struct mnq_axis a = mnq_page_top1_axis(&p->r->ev);
    mnq_shell_section(&p->h, "accuracy", p->r->ev.accuracy ? "Accuracy" : "Agreement");
    table(p, &a);
    notes(p, &a);
    steps(p);
    mnq_shell_end_section(&p->h);
}
