/* SPDX-License-Identifier: Apache-2.0
 * Every integer model layer by layer: a strip over the network's depth, and the table. */
#include "page_parts.h"

#include "command.h"
#include "svg.h"

#include <math.h>
#include <stdio.h>

enum { LABEL = 22, GAP = 8, TICKS = 4 }; /* px above the bars, with and without a label */
enum { OPEN = 2 };                       /* tables shown unfolded up to so many models */

/* One row of bars over the layers. */
struct strip {
    const char *title, *unit;
    int height;        /* px of the bars */
    double step, most; /* between ticks; axis end, a multiple of it */
    bool bytes;        /* ticks are in bytes */
    const double *v;   /* [n], NaN: no bar */
    const char **tip;  /* [n] */
    int n;
    double line;    /* a level worth a line, bars below it stand out; NaN: none */
    int pointed;    /* the bar that gets a label, -1: none */
    char note[200]; /* its label */
};

static int band(const struct strip *t)
{
    return t->pointed >= 0 ? LABEL : GAP;
}

static int ticks(const struct strip *t)
{
    return (int)(t->most / t->step + 0.5) + 1;
}

static double level(const struct strip *t, double v)
{
    return band(t) + t->height * (1 - v / t->most);
}

static void axis(struct mnq_page *p, const struct strip *t)
{
    struct mnq_svg s = mnq_svg_begin_wide(&p->h, "row", t->height + band(t) + 8, NULL);
    for (int i = 0; i < ticks(t); i++) {
        char text[24];
        snprintf(text, sizeof text, "%g", i * t->step);
        mnq_svg_text(&s, "tick", "start", 0, level(t, i * t->step) + 4,
                     t->bytes ? mnq_fig_round_bytes(i * t->step).s : text);
    }
    mnq_svg_end(&s);
}

static void bars(struct mnq_page *p, const struct strip *t)
{
    double step = 100.0 / t->n, bottom = band(t) + t->height;
    struct mnq_svg s = mnq_svg_begin_wide(&p->h, "row", t->height + band(t) + 8, t->title);
    for (int i = 0; i < ticks(t); i++)
        mnq_svg_line(&s, i == 0 ? "edge" : "grid", 0, level(t, i * t->step), 100, level(t, i * t->step));
    for (int i = 0; i < t->n; i++) {
        if (isnan(t->v[i])) continue;
        double v = fmax(0, fmin(t->v[i], t->most)), h = fmax(1, t->height * v / t->most);
        bool low = t->v[i] < t->line;
        mnq_svg_rect(&s, low ? "low" : "fill", step * (i + 0.1), bottom - h, step * 0.8, h, t->tip[i]);
    }
    if (!isnan(t->line)) {
        mnq_svg_line(&s, "base", 0, level(t, t->line), 100, level(t, t->line));
    }
    if (t->pointed >= 0) {
        double x = step * (t->pointed + 0.5), v = fmax(0, fmin(t->v[t->pointed], t->most));
        mnq_svg_line(&s, "mark", x, 14, x, level(t, v) - 2);
        mnq_svg_text(&s, "halo", x < 30 ? "start" : x > 70 ? "end" : "middle", x, 10, t->note);
    }
    mnq_svg_end(&s);
}

static void strip(struct mnq_page *p, const struct strip *t)
{
    mnq_html_put(&p->h, "<figure><figcaption>");
    mnq_html_textf(&p->h, "%s, %s", t->title, t->unit);
    mnq_html_put(&p->h, "</figcaption><div class=\"strip\">");
    axis(p, t);
    bars(p, t);
    mnq_html_put(&p->h, "</div></figure>\n");
}

static double sqnr(const struct mnq_page *p, int i, int k)
{
    const struct mnq_eval_layers *l = &p->r->layers[i];
    return l->row == NULL || l->row[k] == NULL ? (double)NAN : l->row[k]->sqnr_db;
}

static const char *tip(struct mnq_page *p, const char *layer, const char *value, const char *unit)
{
    char text[300];
    snprintf(text, sizeof text, "%s: %s %s", layer, value, unit);
    const char *copy = mnq_arena_strdup(p->arena, text);
    p->h.failed = p->h.failed || copy == NULL;
    return copy != NULL ? copy : "";
}

static void strips(struct mnq_page *p, int i)
{
    const struct mnq_stored *s = &p->r->stored[i];
    size_t n = (size_t)s->n;
    double *v = mnq_arena_array(p->arena, n, sizeof *v);
    const char **tips = mnq_arena_array(p->arena, n, sizeof *tips);
    if (v == NULL || tips == NULL) {
        p->h.failed = true;
        return;
    }
    const struct strip plain = {.v = v, .tip = tips, .n = s->n, .line = (double)NAN, .pointed = -1};
    struct strip t = plain;
    t.title = "SQNR";
    t.unit = "dB, signal over error of the layer's output; dashed: 20 dB, 1 % noise";
    t.height = 130;
    t.step = 20;
    t.most = 40;
    t.line = 20;
    for (int k = 0; k < s->n; k++) {
        v[k] = sqnr(p, i, k);
        tips[k] = tip(p, s->layer[k].name, mnq_fig_db(v[k]).s, "dB");
        if (isfinite(v[k])) t.most = fmax(t.most, ceil(v[k] / t.step) * t.step);
        if (isfinite(v[k]) && (t.pointed < 0 || v[k] < v[t.pointed])) t.pointed = k;
    }
    if (p->r->layers[i].row != NULL) {
        if (t.pointed >= 0)
            snprintf(t.note, sizeof t.note, "lowest: %s, %s dB", mnq_page_shorten(p, s->layer[t.pointed].name, 28),
                     mnq_fig_db(v[t.pointed]).s);
        strip(p, &t);
    }
    t = plain;
    t.title = "Bits per weight";
    t.unit = "stored; no bar: no weights";
    t.height = 48;
    t.step = 8;
    t.most = 16;
    for (int k = 0; k < s->n; k++) {
        v[k] = mnq_stored_bits(s->layer[k].bytes, s->layer[k].weights);
        tips[k] =
            tip(p, s->layer[k].name, mnq_fig_bits(s->layer[k].bytes, s->layer[k].weights).s, mnq_fig_format(&s->layer[k]).s);
    }
    strip(p, &t);
    t = plain;
    t.title = "Bytes of weights";
    t.unit = "per layer";
    t.height = 90;
    t.bytes = true;
    for (int k = 0; k < s->n; k++) {
        bool any = s->layer[k].weights > 0;
        v[k] = any ? (double)s->layer[k].bytes : (double)NAN;
        tips[k] = tip(p, s->layer[k].name, mnq_fig_count(s->layer[k].bytes).s, "bytes");
        if (any && (t.pointed < 0 || v[k] > v[t.pointed])) t.pointed = k;
    }
    if (t.pointed < 0) return;
    double unit = 1, largest = fmax(1, v[t.pointed]);
    while (largest / unit >= 1000) unit *= 1024;
    t.step = unit * mnq_tick_step(0, largest / unit, TICKS);
    t.most = ceil(largest / t.step - 1e-9) * t.step;
    snprintf(t.note, sizeof t.note, "largest: %s, %s", mnq_page_shorten(p, s->layer[t.pointed].name, 28),
             mnq_fig_bytes(s->layer[t.pointed].bytes).s);
    strip(p, &t);
}

static void table(struct mnq_page *p, int i)
{
    const struct mnq_stored *s = &p->r->stored[i];
    double most_db = 40;
    int64_t most_bytes = 1;
    for (int k = 0; k < s->n; k++) {
        if (isfinite(sqnr(p, i, k))) most_db = fmax(most_db, sqnr(p, i, k));
        if (s->layer[k].bytes > most_bytes) most_bytes = s->layer[k].bytes;
    }
    mnq_html_put(
        &p->h,
        "<table class=\"stack layers\"><thead><tr><th class=\"l\" scope=\"col\">layer</th><th class=\"l\" scope=\"col\">"
        "op</th><th class=\"l\" scope=\"col\">weights</th><th scope=\"col\">number</th><th scope=\"col\">zero %"
        "</th><th scope=\"col\">bits each</th><th scope=\"col\">bytes</th><th scope=\"col\">MACs %</th>"
        "<th scope=\"col\">SQNR dB</th></tr></thead><tbody>\n");
    for (int k = 0; k < s->n; k++) {
        const struct mnq_stored_layer *l = &s->layer[k];
        bool any = l->weights > 0;
        double db = sqnr(p, i, k);
        mnq_html_put(&p->h, "<tr>");
        mnq_html_put(&p->h, "<th scope=\"row\">");
        mnq_html_text(&p->h, l->name);
        mnq_html_put(&p->h, "</th>");
        mnq_shell_number(&p->h, "op", "l", mnq_layer_op_name(p->r->subject[i].package.q.layer[k].op));
        mnq_shell_number(&p->h, "weights", "l", any ? mnq_fig_format(l).s : "");
        mnq_shell_number(&p->h, "number", NULL, any ? mnq_fig_count(l->weights).s : "");
        mnq_shell_number(&p->h, "zero %", NULL, any ? mnq_fig_part(l->zeros, l->weights).s : "");
        mnq_shell_number(&p->h, "bits each", NULL, any ? mnq_fig_bits(l->bytes, l->weights).s : "");
        mnq_shell_bar(&p->h, "bytes", any ? (double)l->bytes / (double)most_bytes : -1, false,
                      any ? mnq_fig_count(l->bytes).s : "");
        mnq_shell_number(&p->h, "MACs %", NULL, mnq_fig_part(l->macs, s->macs).s);
        mnq_shell_bar(&p->h, "SQNR dB", isnan(db) ? -1 : db > 0 ? db / most_db : 0, db < 20, mnq_fig_db(db).s);
        mnq_html_put(&p->h, "</tr>\n");
    }
    mnq_html_put(&p->h, "</tbody></table>\n");
}

static void model(struct mnq_page *p, int i, bool open)
{
    const struct mnq_eval_layers *l = &p->r->layers[i];
    mnq_html_tag(&p->h, "h3", NULL, p->name[i]);
    mnq_html_put(&p->h, "<p class=\"note\">");
    if (l->against >= 0)
        mnq_html_textf(&p->h, "Against %s on %d samples; errors of earlier layers are included, as they are in use.",
                       p->name[l->against], l->samples);
    else mnq_html_text(&p->h, "The float model it was made from is not in the list: no SQNR.");
    mnq_html_put(&p->h, "</p>\n");
    strips(p, i);
    mnq_html_put(&p->h, open ? "<details open=\"open\"><summary>" : "<details><summary>");
    mnq_html_textf(&p->h, "Table of %d layers", p->r->stored[i].n);
    mnq_html_put(&p->h, "</summary>\n");
    table(p, i);
    mnq_html_put(&p->h, "</details>\n");
}

void mnq_page_layers(struct mnq_page *p)
{
    int integer = 0;
    for (int i = 0; i < p->r->ev.n_models; i++) integer += p->r->subject[i].kind == MNQ_SUBJECT_INT8;
    if (integer == 0) return;
    mnq_shell_section(&p->h, "layers", "Layers");
    for (int i = 0; i < p->r->ev.n_models; i++)
        if (p->r->subject[i].kind == MNQ_SUBJECT_INT8) model(p, i, integer <= OPEN || i == p->headline);
    mnq_shell_end_section(&p->h);
}
