/* SPDX-License-Identifier: Apache-2.0
 * Top of the page: what changed, in one sentence and six figures. */
#include "page_parts.h"

#include "task_text.h"

#include <stdio.h>
#include <string.h>

static bool has_changed(const struct mnq_page *p)
{
    for (int i = 1; i < p->r->ev.n_models; i++)
        if (p->r->ev.model[i].agree >= 0 && p->r->ev.model[i].agree < p->r->ev.n) return true;
    return false;
}

static void data_line(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    struct mnq_html *h = &p->h;
    mnq_html_put(h, "<p class=\"over\">");
    mnq_html_textf(h, "%d samples", ev->n);
    if (ev->labelled > 0) mnq_html_textf(h, ev->labelled < ev->n ? ", %d with a label" : ", all with a label", ev->labelled);
    if (ev->classes > 0) mnq_html_textf(h, ", %d classes", ev->classes);
    for (int i = 0; i < p->r->data.n; i++) mnq_html_textf(h, "%s%s", i == 0 ? ": " : ", ", p->r->data.path[i]);
    mnq_html_put(h, "</p>\n");
}

static void title(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    const struct mnq_eval_model *m = &ev->model[p->headline], *base = &ev->model[0];
    struct mnq_html *h = &p->h;
    mnq_html_put(h, "<h1>");
    mnq_html_text(h, p->name[p->headline]);
    if (p->headline == 0) {
        if (ev->accuracy) mnq_html_textf(h, ": %s %s %%", mnq_page_measure(ev), mnq_fig_percent(m->hits1, ev->labelled).s);
    } else {
        mnq_html_textf(h, ": %s\xc2\xa0%% of the weights' bytes",
                       mnq_fig_part(m->subject->weight_bytes, base->subject->weight_bytes).s);
        if (ev->accuracy) {
            mnq_html_text(h, ", ");
            mnq_html_minus(h, mnq_fig_points(mnq_pair(ev, 0, p->headline).points).s);
            mnq_html_textf(h, "\xc2\xa0points %s", mnq_page_measure(ev));
        } else if (m->agree >= 0) {
            mnq_html_textf(h, ", %s\xc2\xa0%% agreement", mnq_fig_percent(m->agree, ev->n).s);
        }
    }
    mnq_html_put(h, "</h1>\n");
}

/* ": 3 lost, 5 won, a difference that chance can explain (McNemar p = 0.727)." */
static void chance(struct mnq_page *p, struct mnq_pairing pair)
{
    struct mnq_html *h = &p->h;
    if (pair.lost + pair.won == 0) {
        mnq_html_text(h, ", the same ones.");
        return;
    }
    mnq_html_textf(h, ": %d lost, %d won, ", pair.lost, pair.won);
    mnq_html_text(h, pair.p >= MNQ_PAGE_P ? "a difference that chance can explain" : "more than chance explains");
    mnq_html_textf(h, " (McNemar p = %s).", mnq_fig_p(pair.p).s);
}

static void sentence(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    int i = p->headline;
    const struct mnq_eval_model *m = &ev->model[i], *base = &ev->model[0];
    struct mnq_html *h = &p->h;
    if (i == 0) return;
    mnq_html_put(h, "<p class=\"lede\">");
    if (ev->accuracy) {
        struct mnq_pairing pair = mnq_pair(ev, 0, i);
        bool good = pair.low >= -MNQ_PAGE_MARGIN;
        if (ev->n_models > 2)
            mnq_html_textf(
                h,
                good ? "Of %d models the smallest for which this data excludes a loss of more than %g point against %s. "
                     : "Of %d models the most accurate; for none of them does this data exclude a loss of more than "
                       "%g point against %s. ",
                ev->n_models - 1, MNQ_PAGE_MARGIN, p->name[0]);
        mnq_html_textf(h, "%s: ", p->name[i]);
        mnq_html_minus(h, mnq_fig_points(pair.points).s);
        mnq_html_text(h, " points, 95\xc2\xa0% interval ");
        mnq_html_minus(h, mnq_fig_points_interval(pair.low, pair.high).s);
        mnq_html_textf(h,
                       ". Its weights take %s where those of %s take %s, and it is right on %d of %d samples instead of %d",
                       mnq_fig_bytes(m->subject->weight_bytes).s, p->name[0], mnq_fig_bytes(base->subject->weight_bytes).s,
                       m->hits1, ev->labelled, base->hits1);
        chance(p, pair);
    } else {
        mnq_html_textf(h, "The weights of %s take %s where those of %s take %s", p->name[i],
                       mnq_fig_bytes(m->subject->weight_bytes).s, p->name[0], mnq_fig_bytes(base->subject->weight_bytes).s);
        if (m->agree >= 0)
            mnq_html_textf(h, ", and gives the same %s on %d of %d samples",
                           ev->task.kind == MNQ_TASK_BINARY ? "answer" : "class", m->agree, ev->n);
        mnq_html_text(h, ".");
    }
    mnq_html_put(h, "</p>\n");
}

static void figure(struct mnq_page *p, const char *what, const char *value, const char *unit, const char *from)
{
    struct mnq_html *h = &p->h;
    mnq_html_put(h, "<div>");
    mnq_html_tag(h, "dt", NULL, what);
    mnq_html_put(h, "<dd class=\"big\">");
    mnq_html_text(h, value);
    mnq_html_text(h, unit);
    mnq_html_put(h, "</dd><dd class=\"from\">");
    mnq_html_text(h, from);
    mnq_html_put(h, "</dd></div>\n");
}

static void cost(struct mnq_page *p, const char *what, int64_t v, int64_t base, bool bytes)
{
    char from[120] = "";
    struct mnq_fig value = bytes ? mnq_fig_bytes(v) : mnq_fig_count(v),
                   was = bytes ? mnq_fig_bytes(base) : mnq_fig_count(base);
    if (p->headline > 0) snprintf(from, sizeof from, "from %s, x %s", was.s, mnq_fig_ratio(v, base).s);
    figure(p, what, value.s, "", from);
}

static void figures(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    const struct mnq_eval_model *m = &ev->model[p->headline], *base = &ev->model[0];
    const struct mnq_subject *s = m->subject, *b = base->subject;
    const struct mnq_stored *w = &p->r->stored[p->headline], *bw = &p->r->stored[0];
    char from[160];
    mnq_html_put(&p->h, "<dl class=\"key\">\n");
    if (ev->accuracy) {
        snprintf(from, sizeof from, "%s, n = %d", mnq_fig_interval(m->hits1, ev->labelled).s, ev->labelled);
        if (p->headline > 0)
            snprintf(from, sizeof from, "%s, from %s", mnq_fig_interval(m->hits1, ev->labelled).s,
                     mnq_fig_percent(base->hits1, ev->labelled).s);
        figure(p, ev->task.kind == MNQ_TASK_BINARY ? "Accuracy" : "Top-1", mnq_fig_percent(m->hits1, ev->labelled).s, " %",
               from);
    }
    if (p->headline > 0 && m->agree >= 0)
        figure(p, "Agreement", mnq_fig_percent(m->agree, ev->n).s, " %", mnq_fig_interval(m->agree, ev->n).s);
    for (int k = 0; !mnq_task_is_vector_decision(&ev->task) && k < m->n_figures; k++)
        if (p->headline > 0 || !m->figure[k].against_first)
            figure(p, m->figure[k].title, mnq_figure_value(&m->figure[k]).s, "", mnq_figure_interval(&m->figure[k]).s);
    cost(p, "Weights", s->weight_bytes, b->weight_bytes, true);
    cost(p, "File", (int64_t)s->file_bytes, (int64_t)b->file_bytes, true);
    cost(p, "RAM", s->arena_bytes, b->arena_bytes, true);
    cost(p, "Multiply-accumulates", s->macs, b->macs, false);
    if (p->headline > 0) snprintf(from, sizeof from, "from %s", mnq_fig_bits(bw->bytes, bw->weights).s);
    else from[0] = '\0';
    figure(p, "Bits per weight", mnq_fig_bits(w->bytes, w->weights).s, "", from);
    mnq_html_put(&p->h, "</dl>\n");
}

static void contents(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    bool integer = false;
    for (int i = 0; i < ev->n_models; i++) integer = integer || p->r->subject[i].kind == MNQ_SUBJECT_INT8;
    mnq_html_put(&p->h, "<nav aria-label=\"Sections\">");
    if (ev->model[0].n_figures > 0) mnq_html_put(&p->h, "<a href=\"#figures\">Figures</a>");
    if (mnq_task_is_vector_decision(&ev->task) && (ev->accuracy || ev->n_models > 1))
        mnq_html_put(&p->h, ev->accuracy ? "<a href=\"#accuracy\">Accuracy</a>" : "<a href=\"#accuracy\">Agreement</a>");
    mnq_html_put(&p->h, "<a href=\"#cost\">Cost</a>");
    if (ev->n_models > 2 && ev->accuracy) mnq_html_put(&p->h, "<a href=\"#tradeoff\">Trade-off</a>");
    if (integer) mnq_html_put(&p->h, "<a href=\"#layers\">Layers</a>");
    if (ev->accuracy) mnq_html_put(&p->h, "<a href=\"#confusion\">Confusion</a>");
    if (has_changed(p)) mnq_html_put(&p->h, "<a href=\"#changed\">Changed images</a>");
    mnq_html_put(&p->h, "<a href=\"#origin\">Recipes and provenance</a></nav>\n");
}

void mnq_page_headline(struct mnq_page *p)
{
    mnq_html_put(&p->h, "<header>\n");
    data_line(p);
    title(p);
    sentence(p);
    if (p->r->ev.note != NULL) mnq_html_tag(&p->h, "p", "note", p->r->ev.note);
    figures(p);
    contents(p);
    mnq_html_put(&p->h, "</header>\n");
}
