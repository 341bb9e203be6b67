/* SPDX-License-Identifier: Apache-2.0
 * Which columns of a CSV hold the path and the label. */
#include "csv_columns.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const path_word[] = {"path",      "file",       "filename",   "file_name",  "filepath", "file_path",
                                        "image",     "image_path", "images",     "img",        "name",     "picture",
                                        "filenames", "img_path",   "image_name", "image_file", NULL};
static const char *const label_word[] = {"label",    "labels", "class",    "classes",    "class_name", "class_id", "target",
                                         "category", "y",      "label_id", "label_name", "value",      "score",    NULL};
static const char *const index_word[] = {"", "index", "id", "idx", "unnamed: 0", NULL};

static bool is_word(const char *text, const char *const *word)
{
    for (; *word != NULL; word++)
        if (strcasecmp(text, *word) == 0) return true;
    return false;
}

/* A column's number as the options count, or -1. */
static int as_number(const char *text, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9' || v > MNQ_CSV_FIELDS) return -1;
        v = v * 10 + (text[i] - '0');
    }
    return n > 0 && v > 0 ? v - 1 : -1;
}

static int named(char *const *f, int n, const char *text, size_t length)
{
    for (int i = 0; i < n; i++)
        if (strlen(f[i]) == length && strncmp(f[i], text, length) == 0) return i;
    return -1;
}

/* Column i was chosen by its name, which must then be its own. */
static int check_name(const char *name, char *const *f, int n, int i, struct mnq_err *e)
{
    for (int k = 0; k < n; k++)
        if (k != i && strcmp(f[k], f[i]) == 0)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: two columns are called '%s'", name, f[i]);
    return 0;
}

/* The column that part of an option means: a name of the first line, else a number. */
static int choose(const char *name, const char *option, char *const *f, int n, const char *text, size_t length, bool *header,
                  struct mnq_err *e)
{
    int number = as_number(text, length), by_name = number < 0 || *header ? named(f, n, text, length) : -1;
    if (by_name >= 0) *header = true;
    else if (number < 0 || number >= n)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s: no column '%.*s' in the %d of the first line", name, option,
                        (int)length, text, n);
    if (by_name >= 0 && check_name(name, f, n, by_name, e) != 0) return -1;
    return by_name >= 0 ? by_name : number;
}

static int chosen_labels(const char *name, const char *text, char *const *f, int n, struct mnq_csv_columns *c,
                         struct mnq_err *e)
{
    while (c->labels < MNQ_CSV_FIELDS) {
        size_t length = strcspn(text, ",");
        int at = choose(name, "--label-column", f, n, text, length, &c->header, e);
        if (at < 0) return -1;
        c->label[c->labels++] = at;
        if (text[length] == '\0') return 0;
        text += length + 1;
    }
    return 0;
}

static bool looks_like_header(char *const *f, int n)
{
    bool path = false;
    for (int i = 0; i < n; i++) path = path || is_word(f[i], path_word);
    return path && (is_word(f[0], path_word) || is_word(f[0], label_word) || is_word(f[0], index_word));
}

/* The labels among the columns that are neither the path nor an index. */
static int find_labels(const char *name, int line, char *const *f, int n, size_t values, struct mnq_csv_columns *c,
                       struct mnq_err *e)
{
    int first = -1;
    for (int i = 0; i < n; i++) {
        if (i == c->path || (c->header && is_word(f[i], index_word))) continue;
        if (c->header && first < 0 && is_word(f[i], label_word)) first = i;
        c->label[c->labels++] = i;
    }
    if (values > 1 && (size_t)c->labels == values) return 0;
    if (first >= 0) {
        if (check_name(name, f, n, first, e) != 0) return -1;
        c->label[0] = first;
        c->labels = 1;
    }
    if (c->labels <= 1) return 0;
    if (!c->header)
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s:%d: %d fields, wanted path,label; --path-column and --label-column choose from more", name, line,
                        n);
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %d columns may be the label (%s, %s ...); --label-column chooses", name,
                    c->labels, f[c->label[0]], f[c->label[1]]);
}

int mnq_csv_find_columns(const struct mnq_data *data, const struct mnq_task *task, const char *name, int line,
                         char *const *f, int n, struct mnq_csv_columns *c, struct mnq_err *e)
{
    const char *path = data == NULL ? NULL : data->path_column, *label = data == NULL ? NULL : data->label_column;
    *c = (struct mnq_csv_columns){.header = line == 1 && looks_like_header(f, n), .most = n};
    c->label = malloc(MNQ_CSV_FIELDS * sizeof *c->label);
    if (c->label == NULL) return mnq_fail_nomem(e);
    if (path != NULL && (c->path = choose(name, "--path-column", f, n, path, strlen(path), &c->header, e)) < 0) return -1;
    if (label != NULL && chosen_labels(name, label, f, n, c, e) != 0) return -1;
    for (int i = n - 1; path == NULL && c->header && i >= 0; i--)
        if (is_word(f[i], path_word)) c->path = i;
    if (path == NULL && c->header && check_name(name, f, n, c->path, e) != 0) return -1;
    if (path != NULL || label != NULL || c->header) c->most = MNQ_CSV_FIELDS;
    else if (n < 2) c->most = 2;
    if (label != NULL) return 0;
    if (n < 2 && !c->header) { /* a label in a later line is not overlooked but refused */
        c->label[c->labels++] = 1;
        return 0;
    }
    return find_labels(name, line, f, n, task == NULL ? 0 : mnq_task_label_values(task), c, e);
}
