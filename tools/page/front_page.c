/* SPDX-License-Identifier: Apache-2.0
 * The page of fit and sweep: what was tried, and what can be had for how much. */
#include "front_page.h"

#include "page_shell.h"
#include "plot.h"
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct mnq_frame frame = {.w = 460, .h = 260, .ticks = 5, .left = 52, .right = 14, .top = 14, .bottom = 44};

enum cost { COST_FLASH, COST_RAM, COST_CYCLES, COST_FILE };

static double cost_of(const struct mnq_trial_result *r, enum cost c)
{
    int64_t ram = r->ram_rows >= 0 && r->ram_rows < r->ram ? r->ram_rows : r->ram;
    return (double)(c == COST_FLASH ? r->flash : c == COST_RAM ? ram : c == COST_CYCLES ? r->cycles : r->file);
}

/* Whether it is a point of the plot: what was made for no core has no costs there. */
static bool shown(const struct mnq_front_row *row, enum cost c)
{
    return row->result->state == MNQ_TRIAL_MADE && !isnan(row->result->drop) && cost_of(row->result, c) >= 0;
}

static bool any_shown(const struct mnq_front *f, enum cost c)
{
    for (int i = 0; i < f->n; i++)
        if (shown(&f->row[i], c)) return true;
    return false;
}

/* ---- plots ---- */

static void choose_axes(const struct mnq_front *f, enum cost c, struct mnq_axis *x, struct mnq_axis *y)
{
    double lo = INFINITY, hi = 0, most = 1;
    for (int i = 0; i < f->n; i++) {
        if (!shown(&f->row[i], c)) continue;
        lo = fmin(lo, cost_of(f->row[i].result, c));
        hi = fmax(hi, cost_of(f->row[i].result, c));
        most = fmax(most, f->row[i].result->drop);
    }
    *x = (struct mnq_axis){.lo = lo * 0.9, .hi = hi * 1.1, .from = frame.left, .to = frame.w - frame.right};
    *y = (struct mnq_axis){.lo = 0, .hi = most * 1.1, .from = frame.h - frame.bottom, .to = frame.top};
}

static void plot(struct mnq_html *h, const struct mnq_front *f, enum cost c)
{
    static const char *const name[] = {"flash", "RAM", "instructions", "bytes of the file"};
    struct mnq_axis x, y;
    char title[300];
    choose_axes(f, c, &x, &y);
    mnq_html_put(h, "<figure><h3>");
    mnq_html_textf(h, "Expected loss, points, against %s", name[c]);
    mnq_html_put(h, "</h3>\n");
    struct mnq_svg s = mnq_svg_begin(h, "plot", frame.w, frame.h, name[c]);
    mnq_plot_axes(&s, &x, &y, &frame, c == COST_CYCLES ? MNQ_PLOT_MILLIONS : MNQ_PLOT_BYTES, name[c]);
    for (int i = 0; i < f->n; i++) {
        const struct mnq_front_row *row = &f->row[i];
        if (!shown(row, c)) continue;
        double px = mnq_axis_at(&x, cost_of(row->result, c)), py = mnq_axis_at(&y, row->result->drop);
        snprintf(title, sizeof title, "%.200s: %.2f points", row->label, row->result->drop);
        mnq_svg_circle(&s, row->front ? "dot" : "ring", px, py, row->chosen ? 7 : 4, title);
        if (row->chosen)
            mnq_svg_text(&s, "halo", px > frame.w / 2.0 ? "end" : "start", px > frame.w / 2.0 ? px - 10 : px + 10, py - 8,
                         "chosen");
    }
    mnq_svg_end(&s);
    mnq_html_put(h, "</figure>\n");
}

/* ---- table ---- */

static void number(struct mnq_html *h, const char *text)
{
    mnq_html_put(h, "<td class=\"n\">");
    mnq_html_minus(h, text);
    mnq_html_put(h, "</td>");
}

static void count(struct mnq_html *h, int64_t v)
{
    char a[32];
    number(h, v < 0 ? "" : mnq_text_count(a, v));
}

static void points(struct mnq_html *h, double v, const char *format)
{
    char a[32];
    snprintf(a, sizeof a, format, v);
    number(h, isnan(v) ? "" : a);
}

static void row(struct mnq_html *h, const struct mnq_front *f, const struct mnq_front_row *x)
{
    const struct mnq_trial_result *r = x->result;
    char text[64];
    mnq_html_put(h, "<tr><th scope=\"row\">");
    mnq_html_textf(h, "%s%s", x->label, x->chosen ? " (chosen)" : x->front ? " *" : "");
    mnq_html_put(h, "</th>");
    if (r->state == MNQ_TRIAL_MADE) {
        points(h, r->drop, "%.2f");
        snprintf(text, sizeof text, "%.2f to %.2f", r->low, r->high);
        number(h, isnan(r->low) ? "" : text);
        points(h, r->agreement, "%.1f");
        points(h, r->accuracy, "%.1f");
        if (f->target != NULL) {
            count(h, r->flash);
            count(h, r->ram);
            count(h, r->ram_rows);
            count(h, r->cycles);
        }
        count(h, r->file);
        count(h, r->macs);
    } else {
        mnq_html_putf(h, "<td colspan=\"%d\">", f->target != NULL ? 10 : 6);
        mnq_html_text(h, r->state == MNQ_TRIAL_OPEN ? "not tried: the time was over" : r->why);
        mnq_html_put(h, "</td>");
    }
    mnq_html_put(h, "</tr>\n");
}

static void table(struct mnq_html *h, const struct mnq_front *f)
{
    mnq_html_put(
        h,
        "<section id=\"tried\"><h2>What was tried</h2>\n<div class=\"scroll\"><table><thead><tr><th>recipe</th><th>expected "
        "loss</th><th>95 %</th><th>agreement %</th><th>top-1 %</th>");
    if (f->target != NULL) mnq_html_put(h, "<th>flash</th><th>RAM</th><th>RAM, rows pushed</th><th>instructions</th>");
    mnq_html_put(h, "<th>file</th><th>MACs</th></tr></thead><tbody>\n");
    for (int i = 0; i < f->n; i++) row(h, f, &f->row[i]);
    mnq_html_put(h, "</tbody></table></div>\n<p class=\"note\">");
    const bool fit = strcmp(f->command, "fit") == 0;
    mnq_html_text(h,
                  fit ? "An asterisk marks the Pareto front: no other recipe here loses less and takes no more of anything."
                      : "An asterisk marks the Pareto front of each model: no other recipe makes a file of it that loses "
                        "less and has no more bytes.");
    mnq_html_text(h,
                  " The loss is what the float network's own probabilities say of changed answers, on pictures that nothing "
                  "was fitted to, whole and in parts; ");
    mnq_html_text(h, fit ? "recipes were chosen by these same pictures, which flatters the chosen one a little."
                         : "of tasks without decisions it is calibration's own estimate.");
    mnq_html_put(h, "</p></section>\n");
}

static void recipes(struct mnq_html *h, const struct mnq_front *f)
{
    mnq_html_put(h, "<section id=\"recipes\"><h2>Recipes of the front</h2>\n");
    for (int i = 0; i < f->n; i++) {
        if (!f->row[i].front && !f->row[i].chosen) continue;
        mnq_html_put(h, "<details><summary>");
        mnq_html_text(h, f->row[i].label);
        mnq_html_put(h, "</summary><pre>");
        mnq_html_text(h, f->row[i].recipe);
        mnq_html_put(h, "</pre></details>\n");
    }
    mnq_html_put(h, "</section>\n");
}

int mnq_front_page_make(const struct mnq_front *f, const char **text, size_t *n, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_html h = {.failed = false};
    const int first = f->target == NULL ? COST_FILE : COST_FLASH, last = f->target == NULL ? COST_FILE : COST_CYCLES;
    mnq_shell_begin(&h, f->title, NULL);
    mnq_html_tag(&h, "h1", NULL, f->title);
    mnq_html_put(&h, "\n");
    mnq_html_tag(&h, "p", "lede", f->said);
    mnq_html_put(&h, "\n");
    if (any_shown(f, (enum cost)first)) {
        mnq_html_put(&h, "<section id=\"front\"><h2>What accuracy costs</h2>\n<div class=\"pair\">\n");
        for (int c = first; c <= last; c++) plot(&h, f, (enum cost)c);
        mnq_html_put(&h, "</div></section>\n");
    }
    table(&h, f);
    recipes(&h, f);
    mnq_shell_end(&h, f->command);
    return mnq_shell_take(&h, text, n, arena, e);
}
