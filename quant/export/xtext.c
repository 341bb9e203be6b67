/* SPDX-License-Identifier: Apache-2.0
 * Text that grows, and a list of files made of it. */
#include "export/xtext.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reserve(struct mnq_xtext *t, size_t more)
{
    if (t->failed) return -1;
    if (t->n + more + 1 > t->cap) {
        size_t cap = t->cap < 256 ? 256 : t->cap;
        while (cap < t->n + more + 1) cap *= 2;
        char *s = realloc(t->s, cap);
        if (s == NULL) {
            t->failed = 1;
            return -1;
        }
        t->s = s;
        t->cap = cap;
    }
    return 0;
}

void mnq_xtext_bytes(struct mnq_xtext *t, const char *s, size_t n)
{
    if (reserve(t, n) != 0) return;
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

void mnq_xtext_add(struct mnq_xtext *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0 || reserve(t, (size_t)n) != 0) return;
    va_start(args, fmt);
    vsnprintf(t->s + t->n, (size_t)n + 1, fmt, args);
    va_end(args);
    t->n += (size_t)n;
}

void mnq_xtext_array(struct mnq_xtext *t, const uint8_t *p, size_t n)
{
    char line[24 * 4 + 8];
    for (size_t i = 0; i < n;) {
        size_t at = 0;
        line[at++] = '\n';
        for (size_t k = 0; k < 24 && i < n; k++, i++) at += (size_t)snprintf(line + at, sizeof line - at, "%u,", p[i]);
        mnq_xtext_bytes(t, line, at);
    }
}

void mnq_xtext_literal(struct mnq_xtext *t, const char *s)
{
    mnq_xtext_bytes(t, "\"", 1);
    for (; *s != 0; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c < 32 || c > 126 || c == '"' || c == '\\' || c == '?') mnq_xtext_add(t, "\\%03o", c);
        else mnq_xtext_bytes(t, s, 1);
    }
    mnq_xtext_bytes(t, "\"", 1);
}

void mnq_xtext_plain(struct mnq_xtext *t, const char *s)
{
    for (; *s != 0; s++) {
        const char c = *s;
        const int plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._+-", c) != NULL;
        mnq_xtext_bytes(t, plain ? s : "_", 1);
    }
}

void mnq_xtext_identifier(char *to, size_t cap, const char *name)
{
    size_t n = 0;
    for (; *name != 0 && n + 1 < cap; name++) {
        const char c = *name;
        const int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), digit = c >= '0' && c <= '9';
        if (letter || (digit && n > 0)) to[n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        else if (n > 0 && to[n - 1] != '_') to[n++] = '_';
    }
    while (n > 0 && to[n - 1] == '_') n--;
    to[n] = 0;
    if (n == 0) snprintf(to, cap, "model");
}

/* ---- files ---- */

struct mnq_xtext *mnq_xfiles_add(struct mnq_xfiles *f, const char *fmt, ...)
{
    char path[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(path, sizeof path, fmt, args);
    va_end(args);
    if (f->n == f->cap) {
        int cap = f->cap < 32 ? 32 : 2 * f->cap;
        struct mnq_xfile *file = realloc(f->file, (size_t)cap * sizeof *file);
        if (file == NULL) {
            f->failed = 1;
            return NULL;
        }
        f->file = file;
        f->cap = cap;
    }
    struct mnq_xfile *x = &f->file[f->n];
    *x = (struct mnq_xfile){.path = strdup(path)};
    if (x->path == NULL) {
        f->failed = 1;
        return NULL;
    }
    f->n++;
    return &x->text;
}

int mnq_xfiles_failed(const struct mnq_xfiles *f)
{
    int failed = f->failed;
    for (int i = 0; i < f->n; i++) failed |= f->file[i].text.failed;
    return failed;
}

void mnq_xfiles_free(struct mnq_xfiles *f)
{
    for (int i = 0; i < f->n; i++) {
        free(f->file[i].path);
        free(f->file[i].text.s);
    }
    free(f->file);
    *f = (struct mnq_xfiles){0};
}
