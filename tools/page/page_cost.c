/* SPDX-License-Identifier: Apache-2.0
 * File, RAM, multiply-accumulates and weights of every model. */
#include "page_parts.h"

#include "svg.h"

enum { BAR = 10 };

static void bar(struct mnq_page *p, const char *label, int64_t v, int64_t most, struct mnq_fig text, const char *ratio,
                bool base)
{
    mnq_html_put(&p->h, "<td class=\"bar\"");
    mnq_html_attribute(&p->h, "data-l", label);
    mnq_html_put(&p->h, ">");
    struct mnq_svg s = mnq_svg_begin_wide(&p->h, "row", BAR, NULL);
    mnq_svg_rect(&s, "rest", 0, BAR - 1, 100, 1, NULL);
    if (v > 0 && most > 0) mnq_svg_rect(&s, base ? "fill0" : "fill", 0, 0, 100.0 * (double)v / (double)most, BAR, NULL);
    mnq_svg_end(&s);
    mnq_html_text(&p->h, text.s);
    if (ratio != NULL) {
        mnq_html_put(&p->h, "<span class=\"dim\">");
        mnq_html_textf(&p->h, "x %s", ratio);
        mnq_html_put(&p->h, "</span>");
    }
    mnq_html_put(&p->h, "</td>");
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Flash, RAM and instructions of the integer models on a core. */
static void on_core(struct mnq_page *p)
{
    const struct mnq_eval_result *r = p->r;
    int64_t flash = 0, ram = 0, pushed = 0, cycles = 0;
    bool first = true;
    for (int i = 0; i < r->ev.n_models; i++) {
        flash = larger(flash, r->bill[i].flash);
        ram = larger(ram, r->bill[i].ram);
        pushed = larger(pushed, r->bill[i].ram_rows);
        cycles = larger(cycles, r->bill[i].cycles);
    }
    mnq_html_put(&p->h, "<h3>");
    mnq_html_textf(&p->h, "On %s, foretold", r->target->name);
    mnq_html_put(&p->h, "</h3>\n<table class=\"stack\"><thead><tr><th class=\"l\" scope=\"col\">model</th><th class=\"l\" "
                        "scope=\"col\">flash</th><th class=\"l\" scope=\"col\">RAM</th><th class=\"l\" scope=\"col\">RAM, "
                        "rows pushed</th><th class=\"l\" scope=\"col\">instructions</th></tr></thead><tbody>\n");
    for (int i = 0; i < r->ev.n_models; i++) {
        const struct mnq_xbill *b = &r->bill[i];
        if (r->subject[i].kind != MNQ_SUBJECT_INT8) continue;
        mnq_html_put(&p->h, "<tr>");
        mnq_page_model_cell(p, i);
        bar(p, "flash", b->flash, flash, mnq_fig_bytes(b->flash), NULL, first);
        bar(p, "RAM", b->ram, ram, mnq_fig_bytes(b->ram), NULL, first);
        bar(p, "RAM, rows pushed", b->ram_rows, pushed, mnq_fig_bytes(b->ram_rows), NULL, first);
        bar(p, "instructions", b->cycles, cycles, mnq_fig_count(b->cycles), NULL, first);
        mnq_html_put(&p->h, "</tr>\n");
        first = false;
    }
    mnq_html_put(&p->h, "</tbody></table>\n<p class=\"note\">");
    mnq_html_text(&p->h, "Of a library that export writes: code, weights and tables; arena and stack; one picture at -O2.");
    mnq_html_put(&p->h, "</p>\n");
}

void mnq_page_cost(struct mnq_page *p)
{
    const struct mnq_subject *base = &p->r->subject[0];
    int64_t file = 0, ram = 0, macs = 0;
    int n = p->r->ev.n_models;
    for (int i = 0; i < n; i++) {
        file = larger(file, (int64_t)p->r->subject[i].file_bytes);
        ram = larger(ram, p->r->subject[i].arena_bytes);
        macs = larger(macs, p->r->subject[i].macs);
    }
    mnq_shell_section(&p->h, "cost", "Size, memory, work");
    mnq_html_put(&p->h,
                 "<table class=\"stack\"><thead><tr><th class=\"l\" scope=\"col\">model</th><th class=\"l\" scope=\"col\">"
                 "file</th><th class=\"l\" scope=\"col\">RAM</th><th class=\"l\" scope=\"col\">MACs</th>"
                 "<th scope=\"col\">weights</th><th scope=\"col\">bits each</th><th scope=\"col\">zeros in 1x1</th>"
                 "<th scope=\"col\">zero %</th></tr></thead><tbody>\n");
    for (int i = 0; i < n; i++) {
        const struct mnq_subject *s = &p->r->subject[i];
        const struct mnq_stored *w = &p->r->stored[i];
        struct mnq_fig f = mnq_fig_ratio((int64_t)s->file_bytes, (int64_t)base->file_bytes),
                       r = mnq_fig_ratio(s->arena_bytes, base->arena_bytes), m = mnq_fig_ratio(s->macs, base->macs);
        mnq_html_put(&p->h, "<tr>");
        mnq_page_model_cell(p, i);
        bar(p, "file", (int64_t)s->file_bytes, file, mnq_fig_bytes((int64_t)s->file_bytes), i == 0 ? NULL : f.s, i == 0);
        bar(p, "RAM", s->arena_bytes, ram, mnq_fig_bytes(s->arena_bytes), i == 0 ? NULL : r.s, i == 0);
        bar(p, "MACs", s->macs, macs, mnq_fig_count(s->macs), i == 0 ? NULL : m.s, i == 0);
        mnq_shell_number(&p->h, "weights", NULL, mnq_fig_bytes(s->weight_bytes).s);
        mnq_shell_number(&p->h, "bits each", NULL, mnq_fig_bits(w->bytes, w->weights).s);
        mnq_shell_number(&p->h, "zeros in 1x1", NULL, mnq_fig_count(w->zeros_1x1).s);
        mnq_shell_number(&p->h, "zero %", NULL, mnq_fig_part(w->zeros_1x1, w->weights_1x1).s);
        mnq_html_put(&p->h, "</tr>\n");
    }
    mnq_html_put(&p->h, "</tbody></table>\n<p class=\"note\">");
    mnq_html_text(&p->h,
                  "Bars start at zero. x: share of the first model's. RAM of a float model is the largest sum of tensors "
                  "alive at once, of an integer model its memory plan. Weights: with biases, multipliers and shifts. Bits "
                  "each: stored bits of the weight arrays over the number of weights. Zeros: in 1x1 convolutions and "
                  "dense layers.");
    mnq_html_put(&p->h, "</p>\n");
    if (p->r->target != NULL) on_core(p);
    mnq_shell_end_section(&p->h);
}
