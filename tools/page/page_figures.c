/* SPDX-License-Identifier: Apache-2.0
 * The figures of tasks that a share of right samples does not tell: a table of them with intervals. */
#include "page_parts.h"

#include "task_text.h"

#include <stdio.h>

static void head_cell(struct mnq_page *p, const char *text)
{
    mnq_html_put(&p->h, "<th scope=\"col\">");
    mnq_html_text(&p->h, text);
    mnq_html_put(&p->h, "</th>");
}

static void row(struct mnq_page *p, int i)
{
    const struct mnq_eval_model *m = &p->r->ev.model[i], *first = &p->r->ev.model[0];
    mnq_html_put(&p->h, "<tr>");
    mnq_page_model_cell(p, i);
    for (int k = 0; k < first->n_figures; k++) {
        bool none = k >= m->n_figures || (i == 0 && m->figure[k].against_first);
        mnq_shell_number(&p->h, first->figure[k].title, NULL, none ? "" : mnq_figure_value(&m->figure[k]).s);
        mnq_shell_number(&p->h, "95 % interval", "dim", none ? "" : mnq_figure_interval(&m->figure[k]).s);
    }
    mnq_html_put(&p->h, "</tr>\n");
}

/* Output k behind the first: every model against the first one. */
static void further(struct mnq_page *p, int k)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    const struct mnq_eval_part *first = &ev->model[1].part[k - 1];
    char text[120];
    mnq_task_text(&p->r->subject[0].tasks[k], text, sizeof text);
    mnq_html_put(&p->h, "<p class=\"note\">");
    mnq_html_textf(&p->h, "Output %d, %s: %s; against %s.", k + 1, p->r->subject[0].output_name[k], text, p->name[0]);
    mnq_html_put(&p->h, "</p>\n<table class=\"stack\"><thead><tr><th class=\"l\" scope=\"col\">model</th>");
    for (int f = 0; f < first->n_figures; f++) {
        head_cell(p, first->figure[f].title);
        head_cell(p, "95 % interval");
    }
    mnq_html_put(&p->h, "</tr></thead><tbody>\n");
    for (int i = 1; i < ev->n_models; i++) {
        const struct mnq_eval_part *m = &ev->model[i].part[k - 1];
        mnq_html_put(&p->h, "<tr>");
        mnq_page_model_cell(p, i);
        for (int f = 0; f < first->n_figures; f++) {
            bool none = f >= m->n_figures;
            mnq_shell_number(&p->h, first->figure[f].title, NULL, none ? "" : mnq_figure_value(&m->figure[f]).s);
            mnq_shell_number(&p->h, "95 % interval", "dim", none ? "" : mnq_figure_interval(&m->figure[f]).s);
        }
        mnq_html_put(&p->h, "</tr>\n");
    }
    mnq_html_put(&p->h, "</tbody></table>\n");
}

/* The table of the first output's figures. */
static void own(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    const struct mnq_eval_model *first = &ev->model[0];
    mnq_html_put(&p->h, "<table class=\"stack\"><thead><tr><th class=\"l\" scope=\"col\">model</th>");
    for (int k = 0; k < first->n_figures; k++) {
        head_cell(p, first->figure[k].title);
        head_cell(p, "95 % interval");
    }
    mnq_html_put(&p->h, "</tr></thead><tbody>\n");
    for (int i = 0; i < ev->n_models; i++) row(p, i);
    mnq_html_put(&p->h, "</tbody></table>\n");
}

void mnq_page_figures(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    const struct mnq_eval_model *first = &ev->model[0];
    bool several = ev->n_outputs > 1 && ev->n_models > 1;
    char text[120];
    if (first->n_figures == 0 && !several) return;
    mnq_task_text(&ev->task, text, sizeof text);
    mnq_shell_section(&p->h, "figures", "Figures");
    if (first->n_figures > 0) own(p);
    for (int k = 1; several && k < ev->n_outputs; k++) further(p, k);
    mnq_html_put(&p->h, "<p class=\"note\">");
    mnq_html_textf(&p->h, "Output: %s. ", text);
    if (ev->n_models > 1) mnq_html_textf(&p->h, "First: %s. ", p->name[0]);
    mnq_html_text(&p->h,
                  "Intervals, 95 %: shares by Wilson, with one picture's decisions counted as the group they are; area "
                  "under the curve by DeLong; others by drawing the samples again.");
    mnq_html_put(&p->h, "</p>\n");
    mnq_shell_end_section(&p->h);
}
