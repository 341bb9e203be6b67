/* SPDX-License-Identifier: Apache-2.0
 * A JSON writer. */
#include "util/json.h"

#include "util/plain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct mnq_json *j, const char *s, size_t n)
{
    if (j->failed) return;
    if (j->cap - j->n <= n) {
        size_t cap = (j->cap + n + 1) * 2;
        char *p = realloc(j->text, cap);
        if (p == NULL) {
            j->failed = true;
            return;
        }
        j->text = p;
        j->cap = cap;
    }
    memcpy(j->text + j->n, s, n);
    j->n += n;
    j->text[j->n] = '\0';
}

static void puts_json(struct mnq_json *j, const char *s)
{
    put(j, s, strlen(s));
}

static void new_line(struct mnq_json *j)
{
    if (j->indent <= 0 || j->flat[j->depth]) return;
    puts_json(j, "\n");
    for (int i = 0; i < j->depth * j->indent; i++) puts_json(j, " ");
}

static void put_string(struct mnq_json *j, const char *s)
{
    puts_json(j, "\"");
    for (const unsigned char *p = (const unsigned char *)s; *p != '\0';) {
        size_t n;
        unsigned c = 0;
        char code[16];
        if (!mnq_plain_next((const char *)p, &n, &c)) {
            puts_json(j, "\xef\xbf\xbd");
        } else if (*p == '"' || *p == '\\') {
            code[0] = '\\';
            code[1] = (char)*p;
            put(j, code, 2);
        } else if (*p == '\n') {
            puts_json(j, "\\n");
        } else if (mnq_plain_forbidden(c)) { /* documents are looked at in terminals too */
            if (c < 0x10000) snprintf(code, sizeof code, "\\u%04x", c);
            else snprintf(code, sizeof code, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
            puts_json(j, code);
        } else {
            put(j, (const char *)p, n);
        }
        p += n;
    }
    puts_json(j, "\"");
}

/* Comma, line and key in front of a value. */
static void lead(struct mnq_json *j, const char *key)
{
    if (j->depth > 0) {
        if (j->used[j->depth]) puts_json(j, j->flat[j->depth] ? ", " : ",");
        j->used[j->depth] = true;
        new_line(j);
    }
    if (key != NULL) {
        put_string(j, key);
        puts_json(j, j->indent > 0 ? ": " : ":");
    }
}

static void open_level(struct mnq_json *j, const char *key, char bracket, bool flat)
{
    lead(j, key);
    put(j, &bracket, 1);
    if (j->depth + 1 >= MNQ_JSON_DEPTH) {
        j->failed = true;
        return;
    }
    bool outer = j->flat[j->depth];
    j->depth++;
    j->used[j->depth] = false;
    j->flat[j->depth] = flat || outer;
    j->close[j->depth] = bracket == '{' ? '}' : ']';
}

void mnq_json_object(struct mnq_json *j, const char *key)
{
    open_level(j, key, '{', false);
}

void mnq_json_array(struct mnq_json *j, const char *key)
{
    open_level(j, key, '[', false);
}

void mnq_json_row(struct mnq_json *j, const char *key)
{
    open_level(j, key, '[', true);
}

void mnq_json_end(struct mnq_json *j)
{
    if (j->depth == 0) return;
    bool used = j->used[j->depth], flat = j->flat[j->depth];
    char close = j->close[j->depth--];
    if (used && !flat) new_line(j);
    put(j, &close, 1);
    if (j->depth == 0 && j->indent > 0) puts_json(j, "\n");
}

void mnq_json_string(struct mnq_json *j, const char *key, const char *value)
{
    lead(j, key);
    if (value == NULL) puts_json(j, "null");
    else put_string(j, value);
}

void mnq_json_int(struct mnq_json *j, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    lead(j, key);
    puts_json(j, text);
}

static void put_number(struct mnq_json *j, const char *key, double value, bool single)
{
    char text[40];
    lead(j, key);
    if (!isfinite(value)) {
        puts_json(j, "null");
        return;
    }
    bool whole = fabs(value) < 1e6 && floor(value) == value; /* 100, not 1e+02 */
    if (whole) snprintf(text, sizeof text, "%.0f", value);
    for (int digits = 1; digits <= 17 && !whole; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value) break;
    }
    puts_json(j, text);
}

void mnq_json_double(struct mnq_json *j, const char *key, double value)
{
    put_number(j, key, value, false);
}

void mnq_json_float(struct mnq_json *j, const char *key, float value)
{
    put_number(j, key, (double)value, true);
}

void mnq_json_bool(struct mnq_json *j, const char *key, bool value)
{
    lead(j, key);
    puts_json(j, value ? "true" : "false");
}

void mnq_json_null(struct mnq_json *j, const char *key)
{
    lead(j, key);
    puts_json(j, "null");
}

void mnq_json_free(struct mnq_json *j)
{
    free(j->text);
    *j = (struct mnq_json){.indent = j->indent};
}
