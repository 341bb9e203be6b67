/* SPDX-License-Identifier: Apache-2.0
 * What every page has: frame, style sheet, sections, cells of tables. */
#include "page_shell.h"

#include "mnq/mnq.h"
#include "svg.h"

#include <math.h>
#include <string.h>

void mnq_shell_begin(struct mnq_html *h, const char *name, const char *what)
{
    mnq_html_put(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                    "<meta charset=\"utf-8\"/>\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                    "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
    mnq_html_text(h, name);
    if (what != NULL) mnq_html_textf(h, ": %s", what);
    mnq_html_put(h, "</title>\n<style>\n");
    for (int i = 0; mnq_page_style[i] != NULL; i++) mnq_html_put(h, mnq_page_style[i]);
    mnq_html_put(h, "</style>\n</head>\n<body>\n<main>\n");
}

void mnq_shell_end(struct mnq_html *h, const char *command)
{
    mnq_html_put(h, "<footer>");
    mnq_html_textf(h, "mnquant %d.%d.%d, %s", MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH, command);
    mnq_html_put(h, "</footer>\n</main>\n</body>\n</html>\n");
}

int mnq_shell_take(struct mnq_html *h, const char **text, size_t *n, struct mnq_arena *arena, struct mnq_err *e)
{
    char *copy = h->failed ? NULL : mnq_arena_alloc(arena, h->n);
    if (copy != NULL) memcpy(copy, h->text, h->n);
    *text = copy;
    *n = h->n;
    mnq_html_free(h);
    return copy != NULL ? 0 : mnq_fail_nomem(e);
}

void mnq_shell_section(struct mnq_html *h, const char *id, const char *title)
{
    mnq_html_putf(h, "<section id=\"%s\">\n", id);
    mnq_html_tag(h, "h2", NULL, title);
    mnq_html_put(h, "\n");
}

void mnq_shell_end_section(struct mnq_html *h)
{
    mnq_html_put(h, "</section>\n");
}

void mnq_shell_number(struct mnq_html *h, const char *label, const char *cls, const char *text)
{
    mnq_html_put(h, "<td");
    if (*text != '\0') mnq_html_attribute(h, "data-l", label);
    if (cls != NULL) mnq_html_attribute(h, "class", cls);
    mnq_html_put(h, ">");
    mnq_html_minus(h, text);
    mnq_html_put(h, "</td>");
}

void mnq_shell_bar(struct mnq_html *h, const char *label, double share, bool low, const char *text)
{
    mnq_html_put(h, "<td");
    if (*text != '\0') mnq_html_attribute(h, "data-l", label);
    mnq_html_put(h, ">");
    if (share >= 0) {
        struct mnq_svg s = mnq_svg_begin_wide(h, "row", 8, NULL);
        double w = 100 * fmin(share, 1);
        mnq_svg_rect(&s, low ? "low" : "fill", 100 - w, 0, w, 8, NULL);
        mnq_svg_end(&s);
    }
    if (*text != '\0') mnq_html_put(h, "<span>");
    mnq_html_minus(h, text);
    if (*text != '\0') mnq_html_put(h, "</span>");
    mnq_html_put(h, "</td>");
}
