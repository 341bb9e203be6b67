/* SPDX-License-Identifier: Apache-2.0
 * Labels from arrays and files. */
#include "labels.h"

#include "util/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t MAX_VALUES = (size_t)1 << 28, MAX_FILE = (size_t)1 << 28;

/* The one largest of c numbers; -1 if one is none, or several are: a row of zeros says nothing. */
static int largest(const struct mnq_array *a, size_t at, int c)
{
    int best = 0, as_large = 1;
    for (int k = 0; k < c; k++) {
        const double v = mnq_array_at(a, at + (size_t)k), most = mnq_array_at(a, at + (size_t)best);
        if (isnan(v)) return -1;
        if (k > 0 && v >= most) as_large = v > most ? 1 : as_large + 1;
        if (v > most) best = k;
    }
    return as_large > 1 ? -1 : best;
}

static int class_labels(struct mnq_source *s, int first, int n, const struct mnq_array *a, const char *from,
                        struct mnq_err *e)
{
    size_t per = mnq_array_row(a);
    bool wide = s->task != NULL && s->task->kind == MNQ_TASK_CLASSES && per == (size_t)s->task->out.c && per > 1;
    if (per != 1 && !wide)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %zu numbers for each sample, wanted one class number", from, per);
    for (int i = 0; i < n; i++) {
        if (wide && largest(a, (size_t)i * per, (int)per) < 0)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: label %d has no largest of its %zu numbers", from, i, per);
        double v = wide ? largest(a, (size_t)i * per, (int)per) : mnq_array_at(a, (size_t)i);
        if (!(v >= 0 && v < MNQ_MAX_CLASSES && floor(v) >= v))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: label %d is %g, wanted a class number, 0 to %d", from, i, v,
                            MNQ_MAX_CLASSES - 1);
        s->sample[first + i].label = (int)v;
    }
    return 0;
}

int mnq_labels_from_array(struct mnq_source *s, int first, int n, const struct mnq_array *a, const char *from,
                          struct mnq_err *e)
{
    size_t per = mnq_array_row(a), values = s->task == NULL ? 0 : mnq_task_label_values(s->task);
    if (a->dims < 1 || a->shape[0] != n)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %lld labels for %d samples", from,
                        a->dims < 1 ? 1LL : (long long)a->shape[0], n);
    if (s->task != NULL && s->task->kind == MNQ_TASK_FEATURES) return 0; /* nothing that a label could say of them */
    if (values == 0) return class_labels(s, first, n, a, from, e);
    int c = s->task->out.c;
    bool wide = s->task->kind == MNQ_TASK_CLASSES && per == values * (size_t)c;
    if (per == 1 && values > 1) { /* class numbers say nothing of such outputs */
        s->left_out.unfit_labels = true;
        return 0;
    }
    if (per != values && !wide)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %zu numbers for each sample, the output has %zu", from, per, values);
    if ((size_t)n > MAX_VALUES / values)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %d labels of %zu numbers are more than fit", from, n, values);
    float *out = mnq_arena_array(&s->arena, (size_t)n * values, sizeof *out);
    if (out == NULL) return mnq_fail_nomem(e);
    for (size_t i = 0; i < (size_t)n * values; i++)
        out[i] = wide ? (float)largest(a, i * (size_t)c, c) : (float)mnq_array_at(a, i);
    for (int i = 0; i < n; i++) s->sample[first + i].value = out + (size_t)i * values;
    return 0;
}

/* ---- text ---- */

struct lines {
    char **text;
    int n;
};

static int split(char *text, struct lines *l, struct mnq_arena *arena, struct mnq_err *e)
{
    size_t count = 1;
    for (const char *p = text; *p != '\0'; p++) count += *p == '\n';
    l->text = mnq_arena_array(arena, count, sizeof *l->text);
    if (l->text == NULL) return mnq_fail_nomem(e);
    for (char *p = text; *p != '\0';) {
        char *end = p + strcspn(p, "\r\n"), *next = end + strspn(end, "\r\n");
        *end = '\0';
        if (*p != '\0') l->text[l->n++] = p;
        p = next;
    }
    return 0;
}

/* Numbers of one line, with commas or blanks between them; how many, or -1 if it holds something else. */
static int numbers(const char *p, double *out, int most)
{
    int n = 0;
    while (*p != '\0') {
        char *end;
        double v = strtod(p, &end);
        if (end == p || n == most) return -1;
        out[n++] = v;
        p = end + strspn(end, " \t,;");
    }
    return n;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines that are no numbers are class names, numbered in bytewise order. */
static int name_labels(struct mnq_source *s, const char *path, const struct lines *l, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    const char **name = mnq_arena_array(&scratch, (size_t)l->n, sizeof *name);
    int *map = mnq_arena_array(&scratch, (size_t)l->n, sizeof *map), n = 0, rc = -1;
    if (name == NULL || map == NULL) {
        mnq_fail_nomem(e);
    } else {
        for (int i = 0; i < l->n; i++) name[i] = l->text[i];
        qsort(name, (size_t)l->n, sizeof *name, by_bytes);
        for (int i = 0; i < l->n; i++)
            if (n == 0 || strcmp(name[n - 1], name[i]) != 0) name[n++] = name[i];
        rc = mnq_source_classes(s, path, name, n, map, e);
    }
    for (int i = 0; rc == 0 && i < l->n; i++) s->sample[i].label = mnq_source_class(s, l->text[i]);
    mnq_arena_free(&scratch);
    return rc;
}

static int from_text(struct mnq_source *s, const char *path, char *text, struct mnq_arena *arena, struct mnq_err *e)
{
    enum { MOST = 65536 };
    struct lines l = {.n = 0};
    double *row = mnq_arena_array(arena, MOST, sizeof *row);
    if (row == NULL) return mnq_fail_nomem(e);
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) text += 3; /* byte order mark */
    if (split(text, &l, arena, e) != 0) return -1;
    if (l.n == s->n + 1 && numbers(l.text[0], row, MOST) < 0) { /* a header */
        l.text++;
        l.n--;
    }
    if (l.n != s->n) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %d labels for %d samples", path, l.n, s->n);
    int per = numbers(l.text[0], row, MOST);
    if (per < 0) return name_labels(s, path, &l, e);
    double *value = mnq_arena_array(arena, (size_t)l.n * (size_t)per, sizeof *value);
    if (value == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < l.n; i++) {
        if (numbers(l.text[i], row, MOST) != per)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: label %d is \"%.60s\", wanted %d number%s as in the first line",
                            path, i, l.text[i], per, per == 1 ? "" : "s");
        memcpy(value + (size_t)i * (size_t)per, row, (size_t)per * sizeof *value);
    }
    struct mnq_array a = {'f', sizeof *value, 2, {l.n, per, 1, 1}, (const uint8_t *)value};
    return mnq_labels_from_array(s, 0, s->n, &a, path, e);
}

int mnq_labels_from_file(struct mnq_source *s, const char *path, struct mnq_err *e)
{
    static const char *const arrays[] = {".npy", ".npz"};
    struct mnq_arena arena = {0};
    struct mnq_array a;
    uint8_t *text;
    size_t n;
    int rc;
    for (int i = 0; i < s->n; i++) {
        s->sample[i].label = -1;
        s->sample[i].value = NULL;
    }
    if (mnq_source_ends_with(path, arrays, 2)) {
        rc = mnq_numpy_open_labels(path, &arena, &a, e);
        if (rc == 0) rc = mnq_labels_from_array(s, 0, s->n, &a, path, e);
    } else {
        rc = mnq_file_read(path, MAX_FILE, &arena, &text, &n, e);
        if (rc == 0 && memchr(text, '\0', n) != NULL) rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a text file", path);
        if (rc == 0) rc = from_text(s, path, (char *)text, &arena, e);
    }
    mnq_arena_free(&arena);
    return rc;
}
