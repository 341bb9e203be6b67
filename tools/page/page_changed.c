/* SPDX-License-Identifier: Apache-2.0
 * Pictures that a model sees differently from the first one, the surest first. */
#include "page_parts.h"

#include "dataset.h"
#include "image_jpeg_write.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 112, MOST = 12, MOST_OF_MANY = 6, MANY = 4, QUALITY = 85, TINY = 64 };

static int most(const struct mnq_page *p)
{
    return p->r->ev.n_models < MANY ? MOST : MOST_OF_MANY;
}

/* The samples to show for model i: how many changed; index [ev.n]. */
static int changed(const struct mnq_page *p, int i, int *index)
{
    return p->r->ev.model[i].agree < 0 ? 0 : mnq_changed(&p->r->ev, 0, i, index);
}

static const struct mnq_thumb *find(const struct mnq_page *p, int sample)
{
    for (int i = 0; i < p->n_thumbs; i++)
        if (p->thumb[i].sample == sample) return &p->thumb[i];
    return NULL;
}

/* As the first model gets it, but smaller. */
static int load(struct mnq_page *p, const struct mnq_dataset *d, int sample, int h, int w, uint8_t *pixels,
                struct mnq_err *e)
{
    const struct mnq_subject *s = &p->r->subject[0];
    struct mnq_thumb *t = &p->thumb[p->n_thumbs];
    *t = (struct mnq_thumb){.sample = sample, .w = w, .h = h};
    if (mnq_dataset_load(d, sample, &s->preprocess, pixels, e) != 0 ||
        mnq_image_jpeg(pixels, h, w, s->input.c, QUALITY, &t->jpeg, &t->n, p->arena, e) != 0)
        return -1;
    p->n_thumbs++;
    return 0;
}

int mnq_page_load_thumbs(struct mnq_page *p, struct mnq_err *e)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    const struct mnq_subject *s = &p->r->subject[0];
    if (s->input.c != 1 && s->input.c != 3) return 0; /* no picture to show */
    int longer = s->input.h > s->input.w ? s->input.h : s->input.w, side = longer < SIDE ? longer : SIDE;
    int h = s->input.h * side / longer, w = s->input.w * side / longer, rc = 0;
    if (h < 1) h = 1;
    if (w < 1) w = 1;
    int *index = mnq_arena_array(p->arena, (size_t)ev->n, sizeof *index);
    uint8_t *pixels = mnq_arena_alloc(p->arena, (size_t)h * (size_t)w * (size_t)s->input.c);
    p->thumb = mnq_arena_array(p->arena, (size_t)ev->n_models * MOST, sizeof *p->thumb);
    if (index == NULL || pixels == NULL || p->thumb == NULL) return mnq_fail_nomem(e);
    struct mnq_dataset *d = mnq_dataset_open_as(&p->r->data, &ev->task, h, w, s->input.c, e);
    if (d == NULL) return -1;
    for (int i = 1; i < ev->n_models && rc == 0; i++) {
        int n = changed(p, i, index);
        for (int k = 0; k < n && k < most(p) && rc == 0; k++)
            if (find(p, index[k]) == NULL) rc = load(p, d, index[k], h, w, pixels, e);
    }
    mnq_dataset_close(d);
    return rc;
}

static void picture(struct mnq_page *p, int sample)
{
    const struct mnq_thumb *t = find(p, sample);
    struct mnq_html *h = &p->h;
    if (t == NULL) {
        mnq_html_put(h, "<div></div>");
        return;
    }
    mnq_html_putf(h, "<img width=\"%d\" height=\"%d\"%s", t->w, t->h, t->w <= TINY && t->h <= TINY ? " class=\"tiny\"" : "");
    mnq_html_attribute(h, "alt", p->r->ev.name[sample]);
    mnq_html_put(h, " src=\"");
    mnq_html_data(h, "image/jpeg", t->jpeg, t->n);
    mnq_html_put(h, "\"/>");
}

/* "roses", or "class 985" where classes have no names. */
static void class_name(struct mnq_page *p, int c)
{
    char number[16];
    const char *name = mnq_eval_class(p->r, c, number);
    mnq_html_textf(&p->h, name == number ? "class %s" : "%s", name);
}

/* "✓ roses 0.931" */
static void prediction(struct mnq_page *p, int model, int sample)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    const struct mnq_eval_model *m = &ev->model[model];
    struct mnq_html *h = &p->h;
    int label = ev->accuracy ? ev->label[sample] : -1;
    mnq_html_put(h, "<p><span class=\"dim\">");
    mnq_html_text(h, mnq_page_shorten(p, p->name[model], 30));
    mnq_html_put(h, "</span><br/>");
    if (label >= 0) mnq_html_text(h, m->top1[sample] == label ? "\xe2\x9c\x93 " : "\xe2\x9c\x97 ");
    class_name(p, m->top1[sample]);
    mnq_html_text(h, " ");
    mnq_html_minus(h, mnq_fig_score((double)m->score[sample]).s);
    mnq_html_put(h, "</p>");
}

static void shot(struct mnq_page *p, int model, int sample)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    struct mnq_html *h = &p->h;
    int label = ev->accuracy ? ev->label[sample] : -1;
    const char *name = ev->name[sample], *cut = name;
    for (const char *c = name; *c != '\0'; c++)
        if (*c == '/' && c[1] != '\0') cut = c + 1;
    mnq_html_put(h, "<div class=\"shot\">");
    picture(p, sample);
    mnq_html_put(h, "<div>");
    if (label >= 0) {
        bool was = ev->model[0].top1[sample] == label, is = ev->model[model].top1[sample] == label;
        mnq_html_tag(h, "span", was ? "tag loss" : "tag", was ? "lost" : is ? "won" : "wrong in both");
        mnq_html_text(h, " \xc2\xb7 label ");
        class_name(p, label);
    }
    prediction(p, 0, sample);
    prediction(p, model, sample);
    mnq_html_put(h, "<p class=\"file\"");
    mnq_html_attribute(h, "title", name);
    mnq_html_put(h, ">");
    mnq_html_text(h, mnq_page_shorten(p, cut, 34));
    mnq_html_put(h, "</p></div></div>\n");
}

static void model(struct mnq_page *p, int i, const int *index, int n)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    struct mnq_html *h = &p->h;
    mnq_html_tag(h, "h3", NULL, p->name[i]);
    mnq_html_put(h, "<p class=\"note\">");
    mnq_html_textf(h, "%d of %d samples changed", n, ev->n);
    if (ev->accuracy) {
        struct mnq_pairing pair = mnq_pair(ev, 0, i);
        mnq_html_textf(h, ": %d lost, %d won, %d others", pair.lost, pair.won, n - pair.lost - pair.won);
    }
    if (n > most(p)) mnq_html_textf(h, "; %d shown", most(p));
    mnq_html_put(h, ".</p>\n<div class=\"shots\">\n");
    for (int k = 0; k < n && k < most(p); k++) shot(p, i, index[k]);
    mnq_html_put(h, "</div>\n");
}

void mnq_page_changed(struct mnq_page *p)
{
    const struct mnq_evaluation *ev = &p->r->ev;
    int *index = mnq_arena_array(p->arena, (size_t)ev->n, sizeof *index);
    bool begun = false;
    if (index == NULL) {
        p->h.failed = true;
        return;
    }
    for (int i = 1; i < ev->n_models; i++) {
        int n = changed(p, i, index);
        if (n == 0) continue;
        if (!begun) {
            mnq_shell_section(&p->h, "changed", "Changed images");
            mnq_html_put(&p->h, "<p class=\"note\">");
            mnq_html_textf(&p->h,
                           "Where a model's first class differs from that of %s; first those of which both are surest. %s",
                           p->name[0],
                           mnq_eval_probabilities(&p->r->subject[0]) && mnq_eval_probabilities(&p->r->subject[i])
                               ? "Numbers are probabilities."
                               : "Numbers are output values.");
            mnq_html_put(&p->h, "</p>\n");
            begun = true;
        }
        model(p, i, index, n);
    }
    if (begun) mnq_shell_end_section(&p->h);
}
