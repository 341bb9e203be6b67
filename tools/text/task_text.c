/* SPDX-License-Identifier: Apache-2.0
 * What an output means, and the figures of tasks, as text and JSON. */
#include "task_text.h"

#include "evaluate.h"
#include "table.h"

#include <math.h>

/* ---- the task ---- */

static void task_members(struct mnq_json *w, const struct mnq_task *t)
{
    mnq_json_string(w, "kind", mnq_task_words[t->kind]);
    mnq_json_row(w, "output");
    mnq_json_int(w, NULL, t->out.h);
    mnq_json_int(w, NULL, t->out.w);
    mnq_json_int(w, NULL, t->out.c);
    mnq_json_end(w);
    if (t->kind == MNQ_TASK_BINARY || t->kind == MNQ_TASK_MULTILABEL) mnq_json_double(w, "threshold", t->threshold);
    mnq_json_string(w, "known", mnq_task_from_text(t->from));
}

void mnq_task_json(struct mnq_json *w, const struct mnq_task *t)
{
    mnq_json_object(w, "task");
    task_members(w, t);
    mnq_json_end(w);
}

void mnq_tasks_json(struct mnq_json *w, const struct mnq_subject *s)
{
    mnq_task_json(w, &s->task);
    if (s->n_outputs < 2) return;
    mnq_json_array(w, "tasks");
    for (int k = 0; k < s->n_outputs; k++) {
        mnq_json_object(w, NULL);
        mnq_json_string(w, "name", s->output_name[k]);
        task_members(w, &s->tasks[k]);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

/* ---- figures ---- */

void mnq_figures_json(struct mnq_json *w, const struct mnq_figure *f, int n)
{
    mnq_json_object(w, "figures");
    for (int i = 0; i < n; i++) {
        mnq_json_object(w, f[i].key);
        mnq_json_double(w, "value", f[i].of.value);
        mnq_json_row(w, "ci95");
        mnq_json_double(w, NULL, f[i].of.lo);
        mnq_json_double(w, NULL, f[i].of.hi);
        mnq_json_end(w);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

struct mnq_fig mnq_figure_value(const struct mnq_figure *f)
{
    struct mnq_fig text = {"-"};
    if (f->form == MNQ_FIGURE_DB) return mnq_fig_db(f->of.value);
    if (!isnan(f->of.value)) snprintf(text.s, sizeof text.s, f->form == MNQ_FIGURE_PERCENT ? "%.2f" : "%.4g", f->of.value);
    return text;
}

struct mnq_fig mnq_figure_interval(const struct mnq_figure *f)
{
    struct mnq_fig text = {""};
    if (isnan(f->of.lo) || isnan(f->of.hi) || isinf(f->of.hi)) return text;
    snprintf(text.s, sizeof text.s, f->form == MNQ_FIGURE_NUMBER ? "[%.4g, %.4g]" : "[%.1f, %.1f]", f->of.lo, f->of.hi);
    return text;
}

/* ---- one output ---- */

static void put_name(const char *const *name, int n_names, int i)
{
    if (name != NULL && i >= 0 && i < n_names) {
        printf("  ");
        mnq_text_put(stdout, name[i], false);
    }
    printf("\n");
}

static void print_labels(const struct mnq_task *t, const float *v, const char *const *name, int n_names, int most)
{
    int printed = 0;
    for (int rank = 0; rank < t->out.c && printed < most; rank++)
        for (int c = 0; c < t->out.c; c++) {
            if (!(v[c] > mnq_task_cut(t)) || mnq_rank(v, t->out.c, c) != rank) continue;
            printf("  %5d  %9.6f", c, (double)v[c]);
            put_name(name, n_names, c);
            printed++;
        }
    if (printed == 0) printf("  none above %g\n", t->threshold);
}

static void print_numbers(const struct mnq_task *t, const float *v, const char *const *name, int n_names, int most)
{
    for (int c = 0; c < t->out.c && c < most; c++) {
        printf("  %5d  %12.6g", c, (double)v[c]);
        put_name(name, n_names, c);
    }
    if (t->out.c > most) printf("  and %d more\n", t->out.c - most);
}

static void print_features(const struct mnq_task *t, const float *v)
{
    size_t n = mnq_elements(t->out), top = 0;
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        square += (double)v[i] * (double)v[i];
        if (v[i] > v[top]) top = i;
    }
    printf("  %zu features, length %.6g, largest %.6g at %zu\n", n, sqrt(square), (double)v[top], top);
}

/* Of every class how many cells say it; of decisions how many are yes; of numbers where they lie. */
static void print_map(const struct mnq_task *t, const float *v, const char *const *name, int n_names, int most)
{
    int cells = t->out.h * t->out.w, channels = t->out.c;
    for (int c = 0; c < channels && c < most; c++) {
        int said = 0, best = 0;
        double lo = HUGE_VAL, hi = -HUGE_VAL;
        for (int k = 0; k < cells; k++) {
            const float *cell = v + (size_t)k * (size_t)channels;
            if (t->kind == MNQ_TASK_CLASSES) {
                mnq_top(cell, channels, 1, &best);
                said += best == c;
            } else {
                said += cell[c] > mnq_task_cut(t);
            }
            lo = fmin(lo, (double)cell[c]);
            hi = fmax(hi, (double)cell[c]);
        }
        if (mnq_task_decides(t)) printf("  %5d  %d of %d cells, at most %.6f", c, said, cells, hi);
        else printf("  %5d  %.6g .. %.6g", c, lo, hi);
        put_name(name, n_names, c);
    }
    if (channels > most) printf("  and %d more\n", channels - most);
}

void mnq_task_print_output(const struct mnq_task *t, const float *v, const char *const *name, int n_names, int most)
{
    if (t->kind == MNQ_TASK_FEATURES) {
        print_features(t, v);
    } else if (mnq_task_is_map(t)) {
        print_map(t, v, name, n_names, most);
    } else if (t->kind == MNQ_TASK_BINARY) {
        int yes = v[0] > mnq_task_cut(t);
        printf("  %5d  %9.6f", yes, (double)v[0]);
        put_name(name, n_names, yes);
    } else if (t->kind == MNQ_TASK_MULTILABEL) {
        print_labels(t, v, name, n_names, most);
    } else {
        print_numbers(t, v, name, n_names, most);
    }
}

void mnq_task_json_output(struct mnq_json *w, const struct mnq_task *t, const float *v)
{
    if (mnq_task_is_map(t)) return;
    if (t->kind == MNQ_TASK_BINARY) mnq_json_int(w, "answer", v[0] > mnq_task_cut(t));
    if (t->kind != MNQ_TASK_MULTILABEL) return;
    mnq_json_row(w, "labels");
    for (int c = 0; c < t->out.c; c++)
        if (v[c] > mnq_task_cut(t)) mnq_json_int(w, NULL, c);
    mnq_json_end(w);
}
