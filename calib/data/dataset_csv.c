/* SPDX-License-Identifier: Apache-2.0
 * A CSV of path,label: RFC 4180 quoting, either line end, an optional header line, paths relative to the CSV's folder.
 *
 * Labels are class numbers, or class names, which are then numbered in bytewise order as Keras does. */
#include "dataset_source.h"

#include "util/file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const size_t MAX_FILE = (size_t)1 << 28;

struct row {
    char *path, *label; /* label "" = none */
    int line;
};

struct table {
    const char *name;
    char *at; /* next unread byte; the text ends with NUL */
    int line; /* its number */
    struct row *row;
    int n, cap;
};

/* ---- reading ---- */

static bool is_end(char ch)
{
    return ch == '\0' || ch == '\n' || ch == '\r';
}

/* One field, terminated in place. *last tells what ended it: ',' or an end of line. */
static char *field(struct table *t, char *last, struct mnq_err *e)
{
    char *p = t->at, *start, *end;
    const int line = t->line;
    while (*p == ' ' || *p == '\t') p++;
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
        while (*p == ' ' || *p == '\t') p++;
        if (*p != ',' && !is_end(*p)) {
            mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: text behind a quoted field", t->name, t->line);
            return NULL;
        }
    } else {
        start = p;
        while (*p != ',' && !is_end(*p)) p++;
        end = p;
        while (end > start && (end[-1] == ' ' || end[-1] == '\t')) end--;
    }
    *last = *p;
    t->at = p;
    if (*p == ',') t->at++;
    *end = '\0';
    return start;
}

/* The header words that people use. Anything else in the first line is a sample. */
static bool is_header(const char *path)
{
    static const char *const word[] = {"path",  "file",       "filename", "file_name", "filepath", "file_path",
                                       "image", "image_path", "images",   "img",       "name",     "picture"};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (strcasecmp(path, word[i]) == 0) return true;
    return false;
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

static int read_row(struct table *t, struct mnq_err *e)
{
    static char none[] = "";
    char last = '\0', *f[2] = {none, none};
    int n = 0, line = t->line;
    do {
        char *text = field(t, &last, e);
        if (text == NULL) return -1;
        if (n < 2) f[n] = text;
        n++;
    } while (last == ',');
    if (last != '\0') t->at++;
    if (last == '\r' && *t->at == '\n') t->at++;
    t->line++;
    if (n == 1 && *f[0] == '\0') return 0;
    if (t->n == 0 && line == 1 && is_header(f[0])) return 0;
    if (n > 2) return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: %d fields, wanted path,label", t->name, line, n);
    if (*f[0] == '\0') return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: the path is empty", t->name, line);
    return keep(t, (struct row){f[0], f[1], line}, e);
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
        for (int i = 0; i < t->n; i++) name[i] = t->row[i].label;
        qsort(name, (size_t)t->n, sizeof *name, by_bytes);
        for (int i = 0; i < t->n; i++)
            if (n == 0 || strcmp(name[n - 1], name[i]) != 0) name[n++] = name[i];
        rc = mnq_source_classes(s, t->name, name, n, map, e);
    }
    free(name);
    free(map);
    return rc;
}

/* Checks that all rows speak the same language: the first row decides. */
static int check_labels(const struct mnq_source *s, const struct table *t, struct mnq_err *e)
{
    const char *first = t->row[0].label;
    for (int i = 0; i < t->n; i++) {
        const struct row *r = &t->row[i];
        if ((*r->label == '\0') != (*first == '\0'))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: %s, line %d has %s", t->name, r->line,
                            *first == '\0' ? "a label" : "no label", t->row[0].line, *first == '\0' ? "none" : "one");
        if (*first == '\0' || number(r->label) >= 0) {
            if (*first == '\0' || number(first) >= 0) continue;
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: label \"%s\" is a number, line %d has a class name", t->name,
                            r->line, r->label, t->row[0].line);
        }
        if (looks_numeric(r->label))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: label \"%s\" is not a class number, wanted 0 to %d", t->name,
                            r->line, r->label, MNQ_MAX_CLASSES - 1);
        if (number(first) >= 0 && mnq_source_class(s, r->label) < 0)
            return mnq_fail(e, MNQ_EXIT_FAILED,
                            "%s:%d: label \"%s\" is neither a number, as in line %d, nor the name of a class", t->name,
                            r->line, r->label, t->row[0].line);
    }
    return 0;
}

/* ---- public ---- */

static int add_rows(struct mnq_source *s, const char *dir, const struct table *t, struct mnq_err *e)
{
    if (t->n == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no samples, wanted lines of path,label", t->name);
    if (check_labels(s, t, e) != 0) return -1;
    const char *first = t->row[0].label;
    if (*first != '\0' && number(first) < 0 && name_classes(s, t, e) != 0) return -1;
    for (int i = 0; i < t->n; i++) {
        const struct row *r = &t->row[i];
        struct mnq_arena scratch = {0};
        int label = number(r->label);
        if (label < 0 && *r->label != '\0') label = mnq_source_class(s, r->label);
        const char *path = mnq_source_join(&scratch, dir, r->path);
        int rc = path == NULL ? mnq_fail_nomem(e) : 0;
        if (rc == 0 && access(path, R_OK) != 0)
            rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s:%d: %s does not exist or cannot be read", t->name, r->line, path);
        if (rc == 0) rc = mnq_source_add(s, (struct mnq_sample){.path = path, .label = label}, e);
        mnq_arena_free(&scratch);
        if (rc != 0) return -1;
    }
    return 0;
}

int mnq_source_csv(struct mnq_source *s, const char *path, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    uint8_t *bytes;
    size_t n;
    struct table t = {.name = path, .line = 1};
    int rc = mnq_file_read(path, MAX_FILE, &arena, &bytes, &n, e);
    if (rc == 0 && memchr(bytes, '\0', n) != NULL) rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a text file", path);
    if (rc == 0) {
        t.at = (char *)bytes;
        if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) t.at += 3; /* byte order mark */
    }
    while (rc == 0 && *t.at != '\0') rc = read_row(&t, e);

    char *dir = rc == 0 ? mnq_arena_strdup(&arena, path) : NULL;
    if (rc == 0 && dir == NULL) rc = mnq_fail_nomem(e);
    if (rc == 0) {
        char *slash = strrchr(dir, '/');
        if (slash != NULL) slash[1] = '\0';
        else *dir = '\0';
        rc = add_rows(s, dir, &t, e);
    }
    free(t.row);
    mnq_arena_free(&arena);
    return rc;
}
