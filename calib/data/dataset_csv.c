/* SPDX-License-Identifier: Apache-2.0
 * A CSV of pictures and labels: RFC 4180 quoting, either line end, columns as csv_columns.h finds them, paths relative to
 * the CSV's folder. Where the first line has no comma, tabs or else semicolons divide, as spreadsheets of many countries write.
 *
 * Labels are class numbers, or class names, which are then numbered in bytewise order as Keras does. */
#include "csv_columns.h"
#include "dataset_source.h"
#include "labels.h"

#include "util/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const size_t MAX_FILE = (size_t)1 << 28;

struct row {
    char *path, **label; /* [columns] */
    int line;
};

struct table {
    const char *name;
    const struct mnq_source *source;
    struct mnq_arena *arena;
    char *at; /* next unread byte; the text ends with NUL */
    int line; /* its number */
    char separator;
    struct mnq_csv_columns columns;
    bool known; /* columns are */
    struct row *row;
    int n, cap;
};

/* ---- reading ---- */

static bool is_end(char ch)
{
    return ch == '\0' || ch == '\n' || ch == '\r';
}

static bool is_blank(const struct table *t, char ch)
{
    return (ch == ' ' || ch == '\t') && ch != t->separator;
}

/* What divides the fields of the first line that is not empty. */
static char separator_of(const char *text)
{
    bool quoted = false, tab = false, semicolon = false;
    while (is_end(*text) && *text != '\0') text++;
    for (; *text != '\0' && (quoted || !is_end(*text)); text++) {
        if (*text == '"') quoted = !quoted;
        if (quoted) continue;
        if (*text == ',') return ',';
        tab = tab || *text == '\t';
        semicolon = semicolon || *text == ';';
    }
    return tab ? '\t' : semicolon ? ';' : ',';
}

/* One field, terminated in place. *last tells what ended it: the separator or an end of line. */
static char *field(struct table *t, char *last, struct mnq_err *e)
{
    char *p = t->at, *start, *end;
    const int line = t->line;
    while (is_blank(t, *p)) p++;
    if (*p == '"') {
        start = end = ++p;
        while (*p != '\0' && (*p != '"' || p[1] == '"')) {
            if (*p == '"') p++;
            if (*p == '\n') t->line++;
            *end++ = *p++;
        }
        if (*p == '\0') {
            mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: quotation mark without its partner", t->name, line);
            return NULL;
        }
        p++;
        while (is_blank(t, *p)) p++;
        if (*p != t->separator && !is_end(*p)) {
            mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: text behind a quoted field", t->name, t->line);
            return NULL;
        }
    } else {
        start = p;
        while (*p != t->separator && !is_end(*p)) p++;
        end = p;
        while (end > start && is_blank(t, end[-1])) end--;
    }
    *last = *p;
    t->at = p;
    if (*p == t->separator) t->at++;
    *end = '\0';
    return start;
}

static int keep(struct table *t, struct row r, struct mnq_err *e)
{
    if (t->n == t->cap) {
        int cap = t->cap == 0 ? 256 : 2 * t->cap;
        struct row *p = cap > 2 * MNQ_MAX_SAMPLES ? NULL : realloc(t->row, (size_t)cap * sizeof *p);
        if (p == NULL) return mnq_fail_nomem(e);
        t->row = p;
        t->cap = cap;
    }
    t->row[t->n++] = r;
    return 0;
}

/* The fields of one line, at most MNQ_CSV_FIELDS of them; *n counts all. 1, or 0 for an empty line, -1 with e. */
static int read_fields(struct table *t, char **f, int *n, struct mnq_err *e)
{
    char last = '\0';
    *n = 0;
    do {
        char *text = field(t, &last, e);
        if (text == NULL) return -1;
        if (*n < MNQ_CSV_FIELDS) f[*n] = text;
        ++*n;
    } while (last == t->separator);
    if (last != '\0') t->at++;
    if (last == '\r' && *t->at == '\n') t->at++;
    t->line++;
    return *n > 1 || *f[0] != '\0';
}

static int read_row(struct table *t, char **f, struct mnq_err *e)
{
    static char none[] = "";
    const struct mnq_csv_columns *c = &t->columns;
    int n, line = t->line, found = read_fields(t, f, &n, e);
    if (found <= 0) return found;
    if (n > MNQ_CSV_FIELDS)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: %d fields, at most %d are read", t->name, line, n, MNQ_CSV_FIELDS);
    if (!t->known) {
        if (mnq_csv_find_columns(t->source->data, t->source->task, t->name, line, f, n, &t->columns, e) != 0) return -1;
        t->known = true;
        if (c->header) return 0;
    }
    if (n > c->most)
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s:%d: %d fields, wanted path,label; --path-column and --label-column choose from more", t->name,
                        line, n);
    if (n <= c->path)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: %d fields, the path is number %d", t->name, line, n, c->path + 1);
    if (*f[c->path] == '\0') return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: the path is empty", t->name, line);
    char **label = mnq_arena_array(t->arena, (size_t)(c->labels > 0 ? c->labels : 1), sizeof *label);
    if (label == NULL) return mnq_fail_nomem(e);
    label[0] = none;
    for (int k = 0; k < c->labels; k++) label[k] = c->label[k] < n ? f[c->label[k]] : none;
    return keep(t, (struct row){f[c->path], label, line}, e);
}

/* ---- labels ---- */

/* Class number of a label, -1 if it is none. */
static int number(const char *s)
{
    int v = 0;
    if (*s == '\0') return -1;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '9') return -1;
        v = v * 10 + (*s - '0');
        if (v >= MNQ_MAX_CLASSES) return -1;
    }
    return v;
}

static bool looks_numeric(const char *s)
{
    char *end;
    (void)strtod(s, &end);
    return end != s && *end == '\0';
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The distinct labels, sorted, become class names. */
static int name_classes(struct mnq_source *s, const struct table *t, struct mnq_err *e)
{
    const char **name = malloc((size_t)t->n * sizeof *name);
    int *map = malloc((size_t)t->n * sizeof *map);
    int n = 0, rc;
    if (name == NULL || map == NULL) {
        rc = mnq_fail_nomem(e);
    } else {
        for (int i = 0; i < t->n; i++) name[i] = t->row[i].label[0];
        qsort(name, (size_t)t->n, sizeof *name, by_bytes);
        for (int i = 0; i < t->n; i++)
            if (n == 0 || strcmp(name[n - 1], name[i]) != 0) name[n++] = name[i];
        rc = mnq_source_classes(s, t->name, name, n, map, e);
    }
    free(name);
    free(map);
    return rc;
}

/* Numbers for every sample from `first` on: what regression, labels and maps want. */
static int add_numbers(struct mnq_source *s, const struct table *t, int first, struct mnq_err *e)
{
    int k = t->columns.labels;
    double *value = malloc((size_t)t->n * (size_t)k * sizeof *value);
    struct mnq_array a = {.kind = 'f', .item = sizeof *value, .dims = 2, .shape = {t->n, k, 1, 1}};
    int rc = value == NULL ? mnq_fail_nomem(e) : 0;
    for (int i = 0; rc == 0 && i < t->n; i++)
        for (int c = 0; rc == 0 && c < k; c++) {
            const char *text = t->row[i].label[c];
            char *end;
            double v = *text == '\0' ? (double)NAN : strtod(text, &end);
            if (*text != '\0' && (end == text || *end != '\0'))
                rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: label \"%s\" is not a number", t->name, t->row[i].line, text);
            value[i * k + c] = v;
        }
    a.data = (const uint8_t *)value;
    if (rc == 0) rc = mnq_labels_from_array(s, first, t->n, &a, t->name, e);
    free(value);
    return rc;
}

/* Checks that all rows speak the same language: the first row decides. */
static int check_labels(const struct mnq_source *s, const struct table *t, struct mnq_err *e)
{
    const char *first = t->row[0].label[0];
    for (int i = 0; i < t->n; i++) {
        const struct row *r = &t->row[i];
        if ((*r->label[0] == '\0') != (*first == '\0'))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: %s, line %d has %s", t->name, r->line,
                            *first == '\0' ? "a label" : "no label", t->row[0].line, *first == '\0' ? "none" : "one");
        if (*first == '\0' || number(r->label[0]) >= 0) {
            if (*first == '\0' || number(first) >= 0) continue;
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: label \"%s\" is a number, line %d has a class name", t->name,
                            r->line, r->label[0], t->row[0].line);
        }
        if (looks_numeric(r->label[0]))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: label \"%s\" is not a class number, wanted 0 to %d", t->name,
                            r->line, r->label[0], MNQ_MAX_CLASSES - 1);
        if (number(first) >= 0 && mnq_source_class(s, r->label[0]) < 0)
            return mnq_fail(e, MNQ_EXIT_FAILED,
                            "%s:%d: label \"%s\" is neither a number, as in line %d, nor the name of a class", t->name,
                            r->line, r->label[0], t->row[0].line);
    }
    return 0;
}

/* ---- public ---- */

static int add_rows(struct mnq_source *s, const char *dir, const struct table *t, struct mnq_err *e)
{
    int before = s->n;
    bool numbers = t->columns.labels > 1 || (t->columns.labels > 0 && mnq_task_label_values(s->task) > 0);
    if (t->n == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no samples, wanted lines of path,label", t->name);
    if (!numbers && check_labels(s, t, e) != 0) return -1;
    const char *first = t->row[0].label[0];
    if (!numbers && *first != '\0' && number(first) < 0 && name_classes(s, t, e) != 0) return -1;
    for (int i = 0; i < t->n; i++) {
        const struct row *r = &t->row[i];
        struct mnq_arena scratch = {0};
        int label = numbers ? -1 : number(r->label[0]);
        if (!numbers && label < 0 && *r->label[0] != '\0') label = mnq_source_class(s, r->label[0]);
        const char *path = mnq_source_join(&scratch, dir, r->path);
        int rc = path == NULL ? mnq_fail_nomem(e) : 0;
        if (rc == 0 && access(path, R_OK) != 0)
            rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: %s does not exist or cannot be read", t->name, r->line, path);
        if (rc == 0) rc = mnq_source_add(s, (struct mnq_sample){.path = path, .label = label}, e);
        mnq_arena_free(&scratch);
        if (rc != 0) return -1;
    }
    return numbers ? add_numbers(s, t, before, e) : 0;
}

int mnq_source_csv(struct mnq_source *s, const char *path, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    uint8_t *bytes;
    size_t n;
    struct table t = {.name = path, .source = s, .arena = &arena, .line = 1};
    char **f = malloc(MNQ_CSV_FIELDS * sizeof *f);
    int rc = f == NULL ? mnq_fail_nomem(e) : mnq_file_read(path, MAX_FILE, &arena, &bytes, &n, e);
    if (rc == 0 && memchr(bytes, '\0', n) != NULL) rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a text file", path);
    if (rc == 0) {
        t.at = (char *)bytes;
        if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) t.at += 3; /* byte order mark */
        t.separator = separator_of(t.at);
    }
    while (rc == 0 && *t.at != '\0') rc = read_row(&t, f, e);

    char *dir = rc == 0 ? mnq_arena_strdup(&arena, path) : NULL;
    if (rc == 0 && dir == NULL) rc = mnq_fail_nomem(e);
    if (rc == 0) {
        char *slash = strrchr(dir, '/');
        if (slash != NULL) slash[1] = '\0';
        else *dir = '\0';
        rc = add_rows(s, dir, &t, e);
    }
    free(t.row);
    free(f);
    free(t.columns.label);
    mnq_arena_free(&arena);
    return rc;
}
