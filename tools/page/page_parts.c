/* SPDX-License-Identifier: Apache-2.0
 * What the sections of the page share. */
#include "page_parts.h"

#include "util/utf8.h"

#include <string.h>

const char *mnq_page_shorten(struct mnq_page *p, const char *s, int most)
{
    int count = mnq_utf8_count(s), at = 0, head = (most - 1) / 2, tail = most - 1 - head;
    if (count <= most) return s;
    char *out = mnq_arena_alloc(p->arena, strlen(s) + 4);
    if (out == NULL) {
        p->h.failed = true;
        return s;
    }
    char *o = out;
    for (const unsigned char *c = (const unsigned char *)s; *c != '\0'; at++) {
        size_t n = mnq_utf8_length(c);
        if (n == 0) n = 1;
        if (at == head) {
            memcpy(o, "\xe2\x80\xa6", 3);
            o += 3;
        }
        if (at < head || at >= count - tail) {
            memcpy(o, c, n);
            o += n;
        }
        c += n;
    }
    return out;
}

void mnq_page_model_cell(struct mnq_page *p, int i)
{
    const struct mnq_subject *s = &p->r->subject[i];
    char formats[200];
    mnq_fig_formats(&p->r->stored[i], formats, sizeof formats);
    mnq_html_put(&p->h, "<th scope=\"row\"");
    mnq_html_attribute(&p->h, "title", s->file);
    mnq_html_put(&p->h, ">");
    mnq_html_tag(&p->h, "span", "name", p->name[i]);
    mnq_html_put(&p->h, "<span class=\"sub\">");
    mnq_html_text(&p->h, i == 0 && p->r->ev.n_models > 1 ? "base, " : "");
    mnq_html_text(&p->h, formats[0] != '\0' ? formats : mnq_subject_kind_name(s->kind));
    mnq_html_put(&p->h, "</span></th>");
}

const char *mnq_page_measure(const struct mnq_evaluation *ev)
{
    return ev->task.kind == MNQ_TASK_BINARY ? "accuracy" : "top-1";
}
