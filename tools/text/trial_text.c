/* SPDX-License-Identifier: Apache-2.0
 * Trials of fit and sweep as text. */
#include "trial_text.h"

#include <math.h>
#include <stdio.h>

static size_t put(char *text, size_t n, size_t at, const char *fmt, double v)
{
    int k = snprintf(text + at, n - at, fmt, v);
    return k > 0 && at + (size_t)k < n ? at + (size_t)k : at;
}

const char *mnq_trial_label(const struct mnq_recipe *r, int own, struct mnq_arena *arena)
{
    char text[200];
    size_t at = 0, n = sizeof text;
    at = put(text, n, at, "%.0f px", r->resolution > 0 ? r->resolution : own);
    int k = snprintf(text + at, n - at, ", %s", mnq_weights_words[r->weights]);
    if (k > 0) at += (size_t)k;
    if (r->weights == MNQ_WEIGHTS_BINARY) at = put(text, n, at, " x%.0f", r->bases);
    if (r->wide_activations == MNQ_WIDE_NONE) at = put(text, n, at, ", 8-bit activations", 0);
    if (r->channels > 0) at = put(text, n, at, ", %g %% of MACs cut", 100 * r->channels);
    if (r->ratio > 0) at = put(text, n, at, ", %g %% zeros", 100 * r->ratio);
    if (r->tune) at = put(text, n, at, ", tuned", 0);
    if (r->samples > 0) at = put(text, n, at, ", %.0f samples", r->samples);
    text[at] = '\0';
    return mnq_arena_strdup(arena, text);
}

static void points(struct mnq_table *t, double v, const char *fmt)
{
    if (isnan(v)) mnq_table_cell(t, "%s", "");
    else mnq_table_cell(t, fmt, v);
}

static void count(struct mnq_table *t, int64_t v)
{
    char a[32];
    mnq_table_cell(t, "%s", v < 0 ? "" : mnq_text_count(a, v));
}

void mnq_trial_table_print(const struct mnq_trial_line *line, int n, bool target, struct mnq_cli *cli)
{
    struct mnq_table t;
    const char *head = mnq_term_bold(cli->term.color_out), *plain = mnq_term_plain(cli->term.color_out);
    mnq_table_init(&t, &cli->arena, target ? "lrrrrrrrrl" : "lrrrrrl");
    if (target)
        mnq_table_row(&t, "recipe", "loss", "95 %", "agree %", "top-1 %", "flash", "RAM", "RAM, rows", "instructions", "");
    else mnq_table_row(&t, "recipe", "loss", "95 %", "agree %", "top-1 %", "file", "");
    for (int i = 0; i < n; i++) {
        const struct mnq_trial_result *r = line[i].result;
        if (r->state != MNQ_TRIAL_MADE) continue;
        mnq_table_cell(&t, "%s", line[i].label);
        points(&t, r->drop, "%.2f");
        if (isnan(r->low)) mnq_table_cell(&t, "%s", "");
        else mnq_table_cell(&t, "%.2f-%.2f", r->low, r->high);
        points(&t, r->agreement, "%.1f");
        points(&t, r->accuracy, "%.1f");
        if (target) {
            count(&t, r->flash);
            count(&t, r->ram);
            count(&t, r->ram_rows);
            count(&t, r->cycles);
        } else {
            count(&t, r->file);
        }
        mnq_table_cell(&t, "%s", line[i].mark);
    }
    mnq_table_print(&t, stdout, head, plain);
}
