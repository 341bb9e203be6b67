/* SPDX-License-Identifier: Apache-2.0
 * The page of `mnquant calibrate --html`: what accuracy costs, by what `--weights auto` tried. */
#include "auto_page.h"

#include "auto_plot.h"
#include "auto_text.h"
#include "drop_text.h"
#include "figures.h"
#include "page_shell.h"

#include <stdio.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

/* ---- top ---- */

static const struct mnq_calib_point *chosen(const struct mnq_calib_report *r)
{
    for (int i = 0; i < r->n_points; i++)
        if (r->point[i].chosen) return &r->point[i];
    return NULL;
}

static void promise(struct mnq_html *h, const struct mnq_calib_report *r, int64_t flash)
{
    char text[300];
    if (mnq_promise_text(r, text, sizeof text))
        mnq_html_textf(h, r->promised ? " Promised: %s." : " Not promised: %s.", text);
    else mnq_html_text(h, " No loss was promised.");
    if (flash > 0) mnq_html_textf(h, " --flash allowed it at most %s bytes.", mnq_fig_count(flash).s);
}

static void sentence(struct mnq_html *h, const struct mnq_calibrate_result *x, int64_t flash)
{
    const struct mnq_calib_report *r = &x->report;
    const struct mnq_calib_point *p = chosen(r);
    char formats[MNQ_POINT_TEXT];
    mnq_html_put(h, "<p class=\"lede\">");
    if (p != NULL)
        mnq_html_textf(h, "Chosen of %d: %s%s, weights %s. ", r->n_points, mnq_point_formats(p, formats),
                       p->format.bits == 0 ? " formats" : "", mnq_point_weights(p));
    mnq_html_textf(h, "The file has %s bytes where %s has %s, ", mnq_fig_count((int64_t)x->n).s, base_name(x->subject.file),
                   mnq_fig_count((int64_t)x->subject.file_bytes).s);
    if (r->no_estimate != NULL) mnq_html_textf(h, "and what it is expected to lose is not estimated: %s.", r->no_estimate);
    else
        mnq_html_textf(h,
                       "and is expected to lose %.2f points of %s against %s, %.2f to %.2f with %.0f\xc2\xa0%%, by %s%d "
                       "%s.",
                       r->drop.points, mnq_drop_unit(&x->subject), base_name(x->against), r->drop.low, r->drop.high,
                       100 * MNQ_DROP_CONFIDENCE, x->validated ? "" : "parts of ", r->drop.pictures,
                       x->validated ? "pictures" : "samples");
    promise(h, r, flash);
    if (x->budget.target != NULL)
        mnq_html_textf(h, " On %s it takes %s bytes of flash, %s of RAM and %s instructions, as foretold.",
                       x->budget.target->name, mnq_fig_count(x->bill.flash).s, mnq_fig_count(x->bill.ram).s,
                       mnq_fig_count(x->bill.cycles).s);
    mnq_html_put(h, "</p>\n");
}

static void head(struct mnq_html *h, const struct mnq_calibrate_result *x, int64_t flash)
{
    const struct mnq_subject *s = &x->subject;
    mnq_html_put(h, "<header>\n<p class=\"over\">");
    mnq_html_textf(h, "%s, CRC-32 %08x, %d samples", s->file, (unsigned)s->file_crc, x->report.samples);
    mnq_html_put(h, "</p>\n");
    mnq_html_tag(h, "h1", NULL, "What accuracy costs with --weights auto");
    mnq_html_put(h, "\n");
    sentence(h, x, flash);
    mnq_html_put(h, "</header>\n");
}

/* ---- points ---- */

static void plot(struct mnq_html *h, const struct mnq_calibrate_result *x, int64_t flash, struct mnq_arena *arena)
{
    const struct mnq_calib_report *r = &x->report;
    mnq_shell_section(h, "front", "Loss against bytes");
    mnq_html_put(h, "<h3>");
    mnq_html_textf(h, "Expected loss, points of %s, against bytes of the file", mnq_drop_unit(&x->subject));
    mnq_html_put(h, "</h3>\n");
    mnq_auto_plot(h, r, flash, arena);
    mnq_html_put(h, "<p class=\"note\">");
    mnq_html_textf(
        h,
        "Filled points lie on a front (the stairs): nothing else here loses less in as few bytes. Thin lines are "
        "%.0f\xc2\xa0%% intervals; an arrow marks what lies above the axis. Bytes are those of the file, roughly.",
        100 * MNQ_DROP_CONFIDENCE);
    if (mnq_auto_plot_tuned(r)) mnq_html_text(h, " Tuned points are drawn a little to the right of untuned ones.");
    if (r->asked_drop > 0)
        mnq_html_textf(h,
                       " A point keeps --max-drop if with %.0f\xc2\xa0%% confidence, the column \xe2\x80\x9c"
                       "at most\xe2\x80\x9d below, it lies under the level.",
                       100 * MNQ_PROMISE_CONFIDENCE);
    if (r->optimism > 0)
        mnq_html_textf(
            h,
            " Choosing by pictures flatters what is chosen: %.2f points were added to what it is expected to lose, "
            "and as much or more to what was held against --max-drop.",
            r->optimism);
    mnq_html_put(h, "</p>\n");
    mnq_shell_end_section(h);
}

static void point(struct mnq_html *h, const struct mnq_calib_point *p)
{
    char text[64];
    mnq_html_put(h, "<tr><th scope=\"row\">");
    mnq_html_text(h, mnq_point_formats(p, text));
    mnq_html_put(h, "</th>");
    mnq_shell_number(h, "weights", "l", mnq_point_weights(p));
    mnq_shell_number(h, "file about", NULL, mnq_fig_bytes((int64_t)p->bytes).s);
    snprintf(text, sizeof text, "%.2f", p->drop.points);
    mnq_shell_number(h, "expected loss", NULL, text);
    snprintf(text, sizeof text, "%.2f to %.2f", p->drop.low, p->drop.high);
    mnq_shell_number(h, "95 %", NULL, text);
    snprintf(text, sizeof text, "%.2f", p->drop.upper);
    mnq_shell_number(h, "at most, 90 %", NULL, text);
    snprintf(text, sizeof text, "%d", p->drop.pictures);
    mnq_shell_number(h, "pictures", NULL, text);
    mnq_shell_number(h, "promised", NULL, p->promised ? "yes" : "");
    mnq_shell_number(h, "remark", "l", mnq_point_note(p));
    mnq_html_put(h, "</tr>\n");
}

static void points(struct mnq_html *h, const struct mnq_calib_report *r)
{
    bool given_up = false;
    mnq_shell_section(h, "points", "What was tried");
    mnq_html_put(h, "<table class=\"stack\"><thead><tr><th class=\"l\" scope=\"col\">formats</th><th class=\"l\" "
                    "scope=\"col\">weights</th><th scope=\"col\">file about</th><th scope=\"col\">expected loss</th>"
                    "<th scope=\"col\">95 %</th><th scope=\"col\">at most, 90 %</th><th scope=\"col\">pictures</th>"
                    "<th scope=\"col\">promised</th><th class=\"l\" scope=\"col\">remark</th></tr></thead><tbody>\n");
    for (int i = 0; i < r->n_points; i++) {
        given_up = given_up || !r->point[i].complete;
        point(h, &r->point[i]);
    }
    mnq_html_put(h, "</tbody></table>\n<p class=\"note\">");
    mnq_html_text(h,
                  "In the order of asking. Weights as they are were judged by pictures that they were not fitted to, tuned "
                  "ones by pictures that they did not learn from.");
    if (given_up) mnq_html_text(h, " What was given up was asked of some pictures only, and promises nothing.");
    mnq_html_put(h, "</p>\n");
    mnq_shell_end_section(h);
}

/* ---- tuning ---- */

static void begin_fact(struct mnq_html *h, const char *key)
{
    mnq_html_put(h, "<tr><th scope=\"row\" class=\"l\">");
    mnq_html_text(h, key);
    mnq_html_put(h, "</th><td>");
}

static void end_fact(struct mnq_html *h)
{
    mnq_html_put(h, "</td></tr>\n");
}

static void facts(struct mnq_html *h, const struct mnq_tune_report *r)
{
    mnq_html_put(h, "<table class=\"kv\"><tbody>\n");
    begin_fact(h, "layers");
    mnq_html_textf(h, "%d, from %s on", r->layers, r->from);
    end_fact(h);
    begin_fact(h, "samples held back");
    mnq_html_textf(h, "%d of %d, in %d views each", r->held, r->samples, r->views);
    end_fact(h);
    begin_fact(h, "steps");
    mnq_html_textf(h, "%d%s", r->steps, r->stopped ? ", stopped by --time-limit" : "");
    end_fact(h);
    begin_fact(h, "divergence");
    mnq_html_textf(h, "%.4f, before %.4f", r->after.kl, r->before.kl);
    end_fact(h);
    begin_fact(h, "agreement");
    mnq_html_textf(h, "%.2f %%, before %.2f %%", r->after.agreement, r->before.agreement);
    end_fact(h);
    mnq_html_put(h, "</tbody></table>\n");
}

static void tuning(struct mnq_html *h, const struct mnq_calibrate_result *x)
{
    const struct mnq_tune_report *r = x->report.tuned;
    if (!x->tunes) return;
    mnq_shell_section(h, "tuning", "What tuning brought the chosen one");
    if (r != NULL && r->layers > 0) facts(h, r);
    else
        mnq_html_tag(h, "p", NULL,
                     r == NULL ? "Nothing of what was chosen is tuned." : "Nothing: no layer has fewer than 8 bits.");
    mnq_html_put(h, "\n");
    mnq_shell_end_section(h);
}

/* ---- layers ---- */

static void layer(struct mnq_html *h, const struct mnq_stored_layer *l, int op, int64_t most)
{
    if (l->weights == 0) return;
    mnq_html_put(h, "<tr><th scope=\"row\">");
    mnq_html_text(h, l->name);
    mnq_html_put(h, "</th>");
    mnq_shell_number(h, "op", "l", mnq_layer_op_name(op));
    mnq_shell_number(h, "weights", "l", mnq_fig_format(l).s);
    mnq_shell_number(h, "number", NULL, mnq_fig_count(l->weights).s);
    mnq_shell_number(h, "bits each", NULL, mnq_fig_bits(l->bytes, l->weights).s);
    mnq_shell_bar(h, "bytes", (double)l->bytes / (double)most, false, mnq_fig_count(l->bytes).s);
    mnq_html_put(h, "</tr>\n");
}

static int layers(struct mnq_html *h, const struct mnq_calibrate_result *x, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_subject *packed = mnq_arena_alloc(arena, sizeof *packed);
    struct mnq_stored s;
    char formats[200];
    int64_t most = 1;
    if (packed == NULL) return mnq_fail_nomem(e);
    *packed = x->subject;
    packed->kind = MNQ_SUBJECT_INT8;
    packed->package = x->package;
    if (mnq_stored_read(packed, &s, arena, e) != 0) return -1;
    for (int i = 0; i < s.n; i++) most = s.layer[i].bytes > most ? s.layer[i].bytes : most;
    mnq_fig_formats(&s, formats, sizeof formats);
    mnq_shell_section(h, "layers", "Formats of the layers");
    mnq_html_tag(h, "p", "note", formats);
    mnq_html_put(h, "\n<table class=\"stack layers\"><thead><tr><th class=\"l\" scope=\"col\">layer</th><th class=\"l\" "
                    "scope=\"col\">op</th><th class=\"l\" scope=\"col\">weights</th><th scope=\"col\">number</th><th "
                    "scope=\"col\">bits each</th><th scope=\"col\">bytes</th></tr></thead><tbody>\n");
    for (int i = 0; i < s.n; i++) layer(h, &s.layer[i], x->package.q.layer[i].op, most);
    mnq_html_put(h, "</tbody></table>\n");
    mnq_shell_end_section(h);
    return 0;
}

static void recipe(struct mnq_html *h, const char *text)
{
    mnq_shell_section(h, "recipe", "The recipe that repeats it");
    mnq_html_tag(h, "pre", NULL, text);
    mnq_html_put(h, "\n");
    mnq_shell_end_section(h);
}

int mnq_auto_page_make(const struct mnq_calibrate_result *x, int64_t flash, const char **text, size_t *n,
                       struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_html h = {.failed = false};
    mnq_shell_begin(&h, base_name(x->subject.file), "what accuracy costs");
    head(&h, x, flash);
    if (x->report.n_points > 0) {
        plot(&h, x, flash, arena);
        points(&h, &x->report);
    }
    tuning(&h, x);
    if (layers(&h, x, arena, e) != 0) {
        mnq_html_free(&h);
        return -1;
    }
    recipe(&h, x->recipe);
    mnq_shell_end(&h, "calibrate");
    return mnq_shell_take(&h, text, n, arena, e);
}
