/* SPDX-License-Identifier: Apache-2.0
 * A small tree over YAML and JSON text, built from libyaml's events.
 *
 * Events instead of libyaml's own document: a document keeps aliases as shared nodes, which may form cycles and
 * exponentially large trees. Building is iterative, so nesting costs no stack. */
#include "util/ydoc.h"

#include "util/nearest.h"

#include <yaml.h>

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parsing ---- */

enum { NODES_PER_BLOCK = 256, MAX_TEXT = 16 << 20, MAX_NODES = 1 << 19 };

struct builder {
    struct mnq_arena *arena;
    const struct mnq_ydoc *doc;
    struct mnq_err *e;
    struct mnq_ynode *block; /* unused nodes */
    int left, total;
    struct mnq_ynode *root;
    struct mnq_ynode *open[MNQ_YDOC_DEPTH], *last[MNQ_YDOC_DEPTH]; /* open collections and their last children */
    int depth;
    const char *key; /* waiting for its value */
    int key_line, key_col;
};

static int fail_at(const struct builder *b, yaml_mark_t at, const char *what)
{
    return mnq_fail(b->e, b->doc->code, "%s:%zu:%zu: %s", b->doc->name, at.line + 1, at.column + 1, what);
}

static struct mnq_ynode *new_node(struct builder *b, enum mnq_ykind kind, yaml_mark_t at)
{
    if (b->left == 0) {
        if (b->total >= MAX_NODES) {
            fail_at(b, at, "too many values");
            return NULL;
        }
        b->block = mnq_arena_array(b->arena, NODES_PER_BLOCK, sizeof *b->block);
        if (b->block == NULL) return NULL;
        b->left = NODES_PER_BLOCK;
        b->total += NODES_PER_BLOCK;
    }
    struct mnq_ynode *v = b->block++;
    b->left--;
    v->kind = kind;
    v->doc = b->doc;
    v->line = at.line < INT_MAX ? (int)at.line + 1 : INT_MAX;
    v->col = at.column < INT_MAX ? (int)at.column + 1 : INT_MAX;
    return v;
}

/* Hangs a value below the innermost open collection. */
static void attach(struct builder *b, struct mnq_ynode *v)
{
    if (b->depth == 0) {
        b->root = v;
        return;
    }
    struct mnq_ynode *top = b->open[b->depth - 1], **last = &b->last[b->depth - 1];
    v->parent = top;
    v->key = b->key;
    v->key_line = b->key_line;
    v->key_col = b->key_col;
    b->key = NULL;
    if (*last == NULL) top->first = v;
    else (*last)->next = v;
    *last = v;
    top->n++;
}

/* True where the innermost collection is a map that expects a key. */
static bool wants_key(const struct builder *b)
{
    return b->depth > 0 && b->open[b->depth - 1]->kind == MNQ_Y_MAP && b->key == NULL;
}

static int on_scalar(struct builder *b, const yaml_event_t *ev)
{
    const char *text = (const char *)ev->data.scalar.value;
    size_t n = ev->data.scalar.length;
    if (memchr(text, '\0', n) != NULL) return fail_at(b, ev->start_mark, "text contains a NUL character");
    char *copy = mnq_arena_alloc(b->arena, n + 1);
    if (copy == NULL) return mnq_fail_nomem(b->e);
    memcpy(copy, text, n);
    if (wants_key(b)) {
        b->key = copy;
        b->key_line = (int)ev->start_mark.line + 1;
        b->key_col = (int)ev->start_mark.column + 1;
        return 0;
    }
    struct mnq_ynode *v = new_node(b, MNQ_Y_SCALAR, ev->start_mark);
    if (v == NULL) return mnq_fail_nomem(b->e);
    v->text = copy;
    v->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    attach(b, v);
    return 0;
}

static int on_open(struct builder *b, enum mnq_ykind kind, yaml_mark_t at)
{
    if (wants_key(b)) return fail_at(b, at, "a key must be a plain word");
    if (b->depth == MNQ_YDOC_DEPTH) return fail_at(b, at, "nested too deeply");
    struct mnq_ynode *v = new_node(b, kind, at);
    if (v == NULL) return mnq_fail_nomem(b->e);
    attach(b, v);
    b->open[b->depth] = v;
    b->last[b->depth] = NULL;
    b->depth++;
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct mnq_ynode *x = *(const struct mnq_ynode *const *)a, *y = *(const struct mnq_ynode *const *)b;
    return strcmp(x->key, y->key);
}

/* Duplicate keys: whichever value a reader took, another reader would take the other. */
static int on_close(struct builder *b)
{
    const struct mnq_ynode *top = b->open[--b->depth];
    if (top->kind != MNQ_Y_MAP || top->n < 2) return 0;
    const struct mnq_ynode **sorted = malloc((size_t)top->n * sizeof *sorted);
    if (sorted == NULL) return mnq_fail_nomem(b->e);
    int n = 0, rc = 0;
    for (const struct mnq_ynode *v = top->first; v != NULL; v = v->next) sorted[n++] = v;
    qsort(sorted, (size_t)n, sizeof *sorted, by_key);
    for (int i = 1; i < n && rc == 0; i++) {
        const struct mnq_ynode *x = sorted[i - 1], *y = sorted[i];
        if (strcmp(x->key, y->key) != 0) continue;
        if (y->key_line < x->key_line || (y->key_line == x->key_line && y->key_col < x->key_col)) y = x;
        rc = mnq_fail(b->e, b->doc->code, "%s:%d:%d: key '%s' appears twice", b->doc->name, y->key_line, y->key_col, y->key);
    }
    free(sorted);
    return rc;
}

static int on_event(struct builder *b, const yaml_event_t *ev)
{
    switch (ev->type) {
    case YAML_DOCUMENT_START_EVENT:
        return b->root == NULL ? 0 : fail_at(b, ev->start_mark, "a second document; one is read");
    case YAML_ALIAS_EVENT:
        return fail_at(b, ev->start_mark, "aliases (*name) are not supported; a text that starts with * belongs in quotes");
    case YAML_SCALAR_EVENT:
        return on_scalar(b, ev);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(b, MNQ_Y_SEQ, ev->start_mark);
    case YAML_MAPPING_START_EVENT:
        return on_open(b, MNQ_Y_MAP, ev->start_mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(b);
    default:
        return 0;
    }
}

static int fail_syntax(const struct builder *b, const yaml_parser_t *p)
{
    const char *what = p->problem != NULL ? p->problem : "cannot be parsed";
    if (p->error == YAML_MEMORY_ERROR) return mnq_fail_nomem(b->e);
    if (p->error == YAML_READER_ERROR)
        return mnq_fail(b->e, b->doc->code, "%s: byte %zu: %s", b->doc->name, p->problem_offset, what);
    if (p->context != NULL && strstr(p->context, "alias") != NULL) what = "a text that starts with * belongs in quotes";
    return fail_at(b, p->problem_mark, what);
}

static int parse_events(struct builder *b, const char *text, size_t n)
{
    yaml_parser_t p;
    if (!yaml_parser_initialize(&p)) return mnq_fail_nomem(b->e);
    yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p, (const unsigned char *)text, n);
    int rc = 0;
    bool end = false;
    while (!end && rc == 0) {
        yaml_event_t ev;
        if (!yaml_parser_parse(&p, &ev)) {
            rc = fail_syntax(b, &p);
            break;
        }
        end = ev.type == YAML_STREAM_END_EVENT;
        rc = on_event(b, &ev);
        yaml_event_delete(&ev);
    }
    yaml_parser_delete(&p);
    return rc;
}

static int hex4(const char *s)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        int c = (unsigned char)s[i], d;
        if (c >= '0' && c <= '9') d = c - '0';
        else if (c >= 'a' && c <= 'f') d = c - 'a' + 10;
        else if (c >= 'A' && c <= 'F') d = c - 'A' + 10;
        else return -1;
        v = v * 16 + d;
    }
    return v;
}

/* JSON spells characters beyond the basic plane as two escapes (a surrogate pair), YAML as one: \ud83d\ude00 becomes
 * \U0001f600. Returns the length of what is written to out (n + 1 bytes). */
static size_t join_surrogates(const char *s, size_t n, char *out)
{
    size_t o = 0;
    for (size_t i = 0; i < n;) {
        if (s[i] != '\\' || i + 1 == n) {
            out[o++] = s[i++];
            continue;
        }
        if (n - i >= 12 && s[i + 1] == 'u' && s[i + 6] == '\\' && s[i + 7] == 'u') {
            int hi = hex4(s + i + 2), lo = hex4(s + i + 8);
            if (hi >= 0xd800 && hi < 0xdc00 && lo >= 0xdc00 && lo < 0xe000) {
                unsigned c = 0x10000u + ((unsigned)(hi - 0xd800) << 10) + (unsigned)(lo - 0xdc00);
                o += (size_t)snprintf(out + o, 11, "\\U%08x", c);
                i += 12;
                continue;
            }
        }
        out[o++] = s[i++];
        out[o++] = s[i++];
    }
    return o;
}

const struct mnq_ynode *mnq_ydoc_parse(const char *name, int code, const char *text, size_t n, struct mnq_arena *arena,
                                       struct mnq_err *e)
{
    struct mnq_ydoc *doc = mnq_arena_alloc(arena, sizeof *doc);
    char *own = mnq_arena_strdup(arena, name), *joined = NULL;
    if (doc == NULL || own == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    *doc = (struct mnq_ydoc){own, code};
    if (n > MAX_TEXT) {
        mnq_fail(e, code, "%s: %zu bytes of text, at most %d are read", name, n, (int)MAX_TEXT);
        return NULL;
    }
    if (n > 0 && (text[0] == '{' || text[0] == '[')) {
        joined = malloc(n + 1);
        if (joined == NULL) {
            mnq_fail_nomem(e);
            return NULL;
        }
        n = join_surrogates(text, n, joined);
        text = joined;
    }
    struct builder b = {.arena = arena, .doc = doc, .e = e};
    int rc = parse_events(&b, text, n);
    free(joined);
    if (rc != 0) return NULL;
    if (b.root == NULL) {
        yaml_mark_t start = {0};
        b.root = new_node(&b, MNQ_Y_SCALAR, start);
        if (b.root == NULL) mnq_fail_nomem(e);
        else b.root->text = "";
    }
    return b.root;
}

/* ---- reading ---- */

/* Dotted keys from the root to v. */
static void path_of(const struct mnq_ynode *v, char *out, size_t n)
{
    const struct mnq_ynode *chain[MNQ_YDOC_DEPTH + 1];
    int depth = 0;
    for (; v != NULL && depth <= MNQ_YDOC_DEPTH; v = v->parent) chain[depth++] = v;
    size_t at = 0;
    out[0] = '\0';
    while (depth-- > 0) {
        if (chain[depth]->key == NULL) continue;
        int w = snprintf(out + at, n - at, "%s%s", at > 0 ? "." : "", chain[depth]->key);
        if (w < 0 || (size_t)w >= n - at) break;
        at += (size_t)w;
    }
}

int mnq_y_fail(const struct mnq_ynode *v, struct mnq_err *e, const char *fmt, ...)
{
    char what[600], path[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    path_of(v, path, sizeof path);
    return mnq_fail(e, v->doc->code, "%s:%d:%d: %s%s%s", v->doc->name, v->line, v->col, path, path[0] != '\0' ? ": " : "",
                    what);
}

const struct mnq_ynode *mnq_y_get(const struct mnq_ynode *v, const char *key)
{
    if (v == NULL || v->kind != MNQ_Y_MAP) return NULL;
    for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next)
        if (strcmp(c->key, key) == 0) return c;
    return NULL;
}

const struct mnq_ynode *mnq_y_at(const struct mnq_ynode *v, int i)
{
    if (v == NULL || v->kind != MNQ_Y_SEQ || i < 0) return NULL;
    const struct mnq_ynode *c = v->first;
    while (c != NULL && i-- > 0) c = c->next;
    return c;
}

bool mnq_y_null(const struct mnq_ynode *v)
{
    if (v == NULL) return true;
    if (v->kind != MNQ_Y_SCALAR || v->quoted) return false;
    return v->text[0] == '\0' || strcmp(v->text, "~") == 0 || strcmp(v->text, "null") == 0;
}

bool mnq_y_is(const struct mnq_ynode *v, const char *text)
{
    return v != NULL && v->kind == MNQ_Y_SCALAR && strcmp(v->text, text) == 0;
}

/* A short picture of a value for messages. */
static const char *shown(const struct mnq_ynode *v, char *buf, size_t n)
{
    if (v->kind == MNQ_Y_MAP) return "a map";
    if (v->kind == MNQ_Y_SEQ) {
        snprintf(buf, n, "a list of %d", v->n);
        return buf;
    }
    if (mnq_y_null(v)) return "nothing";
    snprintf(buf, n, v->quoted ? "\"%.60s\"" : "%.60s", v->text);
    return buf;
}

static bool read_double(const struct mnq_ynode *v, double *out)
{
    if (v == NULL || v->kind != MNQ_Y_SCALAR || v->quoted) return false;
    /* strtod also takes hexadecimal, infinities and leading blanks; a number here starts like one and is finite */
    if (v->text[0] == '\0' || strchr("+-.0123456789", v->text[0]) == NULL || strpbrk(v->text, "xXpP") != NULL) return false;
    char *end;
    *out = strtod(v->text, &end);
    return *end == '\0' && end != v->text && isfinite(*out);
}

bool mnq_y_is_number(const struct mnq_ynode *v)
{
    double d;
    return read_double(v, &d);
}

int mnq_y_int(const struct mnq_ynode *v, int lo, int hi, int *out, struct mnq_err *e)
{
    char buf[80];
    if (v->kind == MNQ_Y_SCALAR && !v->quoted && v->text[0] != '\0') {
        char *end;
        errno = 0;
        long x = strtol(v->text, &end, 10);
        if (*end == '\0' && errno == 0 && x >= lo && x <= hi) {
            *out = (int)x;
            return 0;
        }
    }
    if (lo == INT_MIN && hi == INT_MAX) return mnq_y_fail(v, e, "expected an integer, got %s", shown(v, buf, sizeof buf));
    if (hi == INT_MAX) return mnq_y_fail(v, e, "expected an integer of at least %d, got %s", lo, shown(v, buf, sizeof buf));
    return mnq_y_fail(v, e, "expected an integer in %d..%d, got %s", lo, hi, shown(v, buf, sizeof buf));
}

int mnq_y_double(const struct mnq_ynode *v, double lo, double hi, double *out, struct mnq_err *e)
{
    char buf[80];
    double d;
    if (!read_double(v, &d)) return mnq_y_fail(v, e, "expected a number, got %s", shown(v, buf, sizeof buf));
    if (d < lo || d > hi) return mnq_y_fail(v, e, "expected a number in %g..%g, got %s", lo, hi, v->text);
    *out = d;
    return 0;
}

int mnq_y_bool(const struct mnq_ynode *v, bool *out, struct mnq_err *e)
{
    char buf[80];
    if (v->kind == MNQ_Y_SCALAR && !v->quoted) {
        *out = strcmp(v->text, "true") == 0;
        if (*out || strcmp(v->text, "false") == 0) return 0;
    }
    return mnq_y_fail(v, e, "expected true or false, got %s", shown(v, buf, sizeof buf));
}

int mnq_y_string(const struct mnq_ynode *v, const char **out, struct mnq_err *e)
{
    char buf[80];
    if (v->kind != MNQ_Y_SCALAR || mnq_y_null(v))
        return mnq_y_fail(v, e, "expected a text, got %s", shown(v, buf, sizeof buf));
    *out = v->text;
    return 0;
}

int mnq_y_choice(const struct mnq_ynode *v, const char *const *word, int n, int *out, struct mnq_err *e)
{
    char list[300], buf[80];
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        if (mnq_y_is(v, word[i])) {
            *out = i;
            return 0;
        }
        int w = snprintf(list + at, sizeof list - at, "%s%s", i > 0 ? ", " : "", word[i]);
        if (w > 0 && (size_t)w < sizeof list - at) at += (size_t)w;
    }
    const char *near = v->kind == MNQ_Y_SCALAR ? mnq_nearest(v->text, word, n) : NULL;
    return mnq_y_fail(v, e, "expected one of %.*s, got %s%s%s%s", (int)at, list, shown(v, buf, sizeof buf),
                      near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
}

int mnq_y_want(const struct mnq_ynode *v, enum mnq_ykind kind, struct mnq_err *e)
{
    static const char *const name[] = {"a single value", "a list", "a map"};
    char buf[80];
    if (v->kind == kind) return 0;
    return mnq_y_fail(v, e, "expected %s, got %s", name[kind], shown(v, buf, sizeof buf));
}

/* ---- unknown keys ---- */

int mnq_y_only(const struct mnq_ynode *map, const char *const *known, int n, struct mnq_err *e)
{
    if (mnq_y_want(map, MNQ_Y_MAP, e) != 0) return -1;
    for (const struct mnq_ynode *v = map->first; v != NULL; v = v->next) {
        bool is_known = false;
        for (int i = 0; i < n && !is_known; i++) is_known = strcmp(v->key, known[i]) == 0;
        if (is_known) continue;
        const char *near = mnq_nearest(v->key, known, n);
        return mnq_fail(e, v->doc->code, "%s:%d:%d: unknown key '%.60s'%s%s%s", v->doc->name, v->key_line, v->key_col,
                        v->key, near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
    }
    return 0;
}
