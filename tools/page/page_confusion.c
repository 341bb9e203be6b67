/* SPDX-License-Identifier: Apache-2.0
 * Which classes are taken for which: matrices, or for many classes the most confused pairs. */
#include "page_parts.h"

#include <math.h>
#include <stdio.h>

enum { MATRIX_MAX = 30, PAIRS = 12 };

static const char *class_name(struct mnq_page *p, int c)
{
    char number[16];
    const char *name = mnq_eval_class(p->r, c, number);
    const char *copy = mnq_arena_strdup(p->arena, name);
    p->h.failed = p->h.failed || copy == NULL;
    return copy != NULL ? copy : "";
}

static void matrix(struct mnq_page *p, int i, const int *count)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    int cols = mnq_eval_columns(&p->r->ev, i);
    struct mnq_html *h = &p->h;
    mnq_html_put(h, "<figure><h3>");
    mnq_html_text(h, p->name[i]);
    mnq_html_put(h, "</h3><table class=\"heat\"><thead><tr><th scope=\"col\"></th>");
    for (int c = 0; c < cols; c++) {
        mnq_html_put(h, "<th scope=\"col\"");
        mnq_html_attribute(h, "title", class_name(p, c));
        mnq_html_putf(h, ">%d</th>", c);
    }
    mnq_html_put(h, "</tr></thead><tbody>\n");
    for (int r = 0; r < ev->classes; r++) {
        int total = 0;
        char number[16];
        for (int c = 0; c < cols; c++) total += count[r * cols + c];
        snprintf(number, sizeof number, "%d", r);
        mnq_html_put(h, "<tr><th scope=\"row\"");
        mnq_html_attribute(h, "title", class_name(p, r));
        mnq_html_put(h, ">");
        mnq_html_textf(h, "%s %d", mnq_eval_class(p->r, r, number) == number ? "class" : class_name(p, r), r);
        mnq_html_put(h, "</th>");
        for (int c = 0; c < cols; c++) {
            int k = count[r * cols + c];
            double v = total > 0 ? sqrt((double)k / total) : 0;
            const char *hot = v > 0.62 ? " hot" : "", *diagonal = r == c ? "d" : "e";
            if (k == 0) mnq_html_put(h, "<td class=\"z\">0</td>");
            else mnq_html_putf(h, "<td class=\"%s%s\" style=\"--v:%.2f\">%d</td>", diagonal, hot, v, k);
        }
        mnq_html_put(h, "</tr>\n");
    }
    mnq_html_put(h, "</tbody></table></figure>\n");
}

/* The off-diagonal cells with most samples, as label * cols + class; of equals the lower label, then class. */
static int most_confused(const int *count, int rows, int cols, int64_t *pair)
{
    int n = 0;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) {
            int64_t cell = (int64_t)r * cols + c;
            if (r == c || count[cell] == 0) continue;
            if (n == PAIRS && count[cell] <= count[pair[n - 1]]) continue;
            int at = n < PAIRS ? n++ : n - 1;
            for (; at > 0 && count[cell] > count[pair[at - 1]]; at--) pair[at] = pair[at - 1];
            pair[at] = cell;
        }
    return n;
}

static void pairs(struct mnq_page *p, int i, const int *count, const int *base)
{
    int cols = mnq_eval_columns(&p->r->ev, i);
    int64_t pair[PAIRS];
    int n = most_confused(count, p->r->ev.classes, cols, pair);
    struct mnq_html *h = &p->h;
    mnq_html_put(h, "<figure><h3>");
    mnq_html_text(h, p->name[i]);
    mnq_html_put(h, "</h3><table class=\"pairs\"><thead><tr><th class=\"l\" scope=\"col\">label</th>"
                    "<th class=\"l\" scope=\"col\">taken for</th><th scope=\"col\">samples</th>");
    if (base != NULL) mnq_html_put(h, "<th scope=\"col\">by the base</th>");
    mnq_html_put(h, "</tr></thead><tbody>\n");
    for (int k = 0; k < n; k++) {
        mnq_html_put(h, "<tr>");
        mnq_html_tag(h, "td", "l", class_name(p, (int)(pair[k] / cols)));
        mnq_html_tag(h, "td", "l", class_name(p, (int)(pair[k] % cols)));
        mnq_html_putf(h, "<td>%d</td>", count[pair[k]]);
        if (base != NULL) mnq_html_putf(h, "<td>%d</td>", base[pair[k]]);
        mnq_html_put(h, "</tr>\n");
    }
    mnq_html_put(h, "</tbody></table></figure>\n");
}

void mnq_page_confusion(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    const int *base = NULL;
    if (!ev->accuracy) return;
    bool small = ev->classes <= MATRIX_MAX;
    for (int i = 0; i < ev->n_models; i++) small = small && mnq_eval_columns(ev, i) <= MATRIX_MAX;
    mnq_shell_section(&p->h, "confusion", "Confusion");
    mnq_html_tag(
        &p->h, "p", "note",
        small ? "Rows are labels, columns predicted classes by number, cells samples. Shade: square root of the share of "
                "the row; the diagonal is right, everything else wrong."
              : "The pairs of classes confused most often.");
    mnq_html_put(&p->h, "<div class=\"grids\">\n");
    for (int i = 0; i < ev->n_models; i++) {
        const int *count = mnq_confusion(ev, i, p->arena);
        if (count == NULL) {
            p->h.failed = true;
            return;
        }
        if (small) matrix(p, i, count);
        else pairs(p, i, count, i > 0 && mnq_eval_columns(ev, i) == mnq_eval_columns(ev, 0) ? base : NULL);
        if (i == 0) base = count;
    }
    mnq_html_put(&p->h, "</div>\n");
    mnq_shell_end_section(&p->h);
}
