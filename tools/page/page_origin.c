/* SPDX-License-Identifier: Apache-2.0
 * Where everything came from: recipes, files, checksums, preprocessing, data. */
#include "page_parts.h"

#include "recipe.h"

#include <stdio.h>

static void row(struct mnq_page *p, const char *key, const char *value)
{
    if (value == NULL || *value == '\0') return;
    mnq_html_put(&p->h, "<tr><th scope=\"row\" class=\"l\">");
    mnq_html_text(&p->h, key);
    mnq_html_put(&p->h, "</th>");
    mnq_html_tag(&p->h, "td", NULL, value);
    mnq_html_put(&p->h, "</tr>\n");
}

/* The file it was made from, and whether that is one of those evaluated here. */
static void source(struct mnq_page *p, const struct mnq_qmodel *q)
{
    char text[700];
    const char *here = NULL;
    if (q->source_name == NULL) return;
    for (int i = 0; i < p->r->ev.n_models; i++)
        if (p->r->subject[i].kind == MNQ_SUBJECT_FLOAT && p->r->subject[i].file_crc == q->source_crc)
            here = p->r->subject[i].file;
    snprintf(text, sizeof text, "%s, CRC-32 %08x, %s%s", q->source_name, (unsigned)q->source_crc,
             here != NULL ? "in this list: " : "not in this list", here != NULL ? here : "");
    row(p, "made from", text);
}

static const char *from(enum mnq_preprocess_from f)
{
    static const char *const name[] = {
        [MNQ_FROM_OPTION] = "stated on the command line",
        [MNQ_FROM_MODEL] = "the model's own",
        [MNQ_FROM_FAMILY] = "usual for the network's family",
        [MNQ_FROM_SIBLING] = "as in the .mnq made from it",
        [MNQ_FROM_NOWHERE] = "assumed",
        [MNQ_FROM_DATA] = "by what fits the data",
    };
    return name[f];
}

static void model(struct mnq_page *p, int i)
{
    const struct mnq_subject *s = &p->r->subject[i];
    const struct mnq_preprocess *pp = &s->preprocess;
    bool packed = s->kind == MNQ_SUBJECT_INT8;
    char text[700], task[120];
    mnq_html_tag(&p->h, "h3", NULL, p->name[i]);
    mnq_html_put(&p->h, "<table class=\"kv\"><tbody>\n");
    row(p, "file", s->file);
    snprintf(text, sizeof text, "%s bytes, CRC-32 %08x", mnq_fig_count((int64_t)s->file_bytes).s, (unsigned)s->file_crc);
    row(p, "contents", text);
    if (!packed) row(p, "kind", s->raw.origin);
    if (packed) row(p, "made by", s->package.q.tool);
    if (packed) source(p, &s->package.q);
    snprintf(text, sizeof text, "%d x %d x %d, %d outputs", s->input.h, s->input.w, s->input.c, s->outputs);
    row(p, "input", text);
    mnq_task_text(&s->task, task, sizeof task);
    snprintf(text, sizeof text, "%s, %s", task, mnq_task_from_text(s->task.from));
    row(p, "output", text);
    snprintf(text, sizeof text, "%s (%s), resize %s, filter %s", pp->name, from(s->preprocess_from),
             mnq_resize_words[pp->resize], mnq_filter_words[pp->filter]);
    row(p, "preprocessing", text);
    mnq_html_put(&p->h, "</tbody></table>\n");
    if (!packed || s->package.q.recipe == NULL) return;
    mnq_html_put(&p->h, "<details><summary>Effective recipe</summary>");
    mnq_html_tag(&p->h, "pre", NULL, s->package.q.recipe);
    mnq_html_put(&p->h, "</details>\n");
}

void mnq_page_origin(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    char text[200];
    mnq_shell_section(&p->h, "origin", "Recipes and provenance");
    mnq_html_put(&p->h, "<table class=\"kv\"><tbody>\n");
    snprintf(text, sizeof text, "mnquant %d.%d.%d", MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH);
    row(p, "evaluated by", text);
    for (int i = 0; i < p->r->data.n; i++) row(p, "data", p->r->data.path[i]);
    snprintf(text, sizeof text, "%d, %d labelled, %d classes", ev->n, ev->labelled, ev->classes);
    row(p, "samples", text);
    row(p, "not used", ev->left_out);
    mnq_html_put(&p->h, "</tbody></table>\n");
    for (int i = 0; i < ev->n_models; i++) model(p, i);
    mnq_shell_end_section(&p->h);
}
