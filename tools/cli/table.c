/* SPDX-License-Identifier: Apache-2.0
 * Text tables with aligned columns. */
#include "table.h"

#include "util/plain.h"

#include "util/utf8.h"

#include <stdarg.h>
#include <string.h>

enum { FIRST_LEAST = 12 }; /* letters that a shortened first column keeps */

/* Characters, not bytes: UTF-8 continuation bytes take no room. */
static int width(const char *s)
{
    int n = 0;
    for (; *s != '\0'; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

void mnq_table_init(struct mnq_table *t, struct mnq_arena *arena, const char *align)
{
    *t = (struct mnq_table){.arena = arena, .columns = (int)strlen(align), .align = align};
    if (t->columns > MNQ_TABLE_COLUMNS) t->columns = MNQ_TABLE_COLUMNS;
}

static void add(struct mnq_table *t, const char *text)
{
    if (t->n == t->cap) {
        int cap = t->cap == 0 ? 64 : 2 * t->cap;
        char **cell = mnq_arena_array(t->arena, (size_t)cap, sizeof *cell);
        if (cell == NULL) return;
        if (t->n > 0) memcpy(cell, t->cell, (size_t)t->n * sizeof *cell);
        t->cell = cell;
        t->cap = cap;
    }
    char shown[1200]; /* as it will be read, for the widths */
    mnq_plain_copy(shown, sizeof shown, text, false);
    t->cell[t->n++] = mnq_arena_strdup(t->arena, shown);
}

void mnq_table_cell(struct mnq_table *t, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    add(t, text);
}

void mnq_table_row(struct mnq_table *t, ...)
{
    va_list ap;
    va_start(ap, t);
    for (int i = 0; i < t->columns; i++) add(t, va_arg(ap, const char *));
    va_end(ap);
}

/* The last `most` - 1 letters of a text behind an ellipsis: names of files differ at their end. */
static const char *tail_of(const char *s, int most)
{
    int drop = width(s) - (most - 1);
    for (; drop > 0 && *s != '\0'; drop--) {
        size_t n = mnq_utf8_length((const unsigned char *)s);
        s += n == 0 ? 1 : n;
    }
    return s;
}

static void print_row(const struct mnq_table *t, FILE *f, int row, const int *w)
{
    int blanks = 0;
    for (int c = 0; c < t->columns; c++) {
        int i = row * t->columns + c;
        const char *s = i < t->n && t->cell[i] != NULL ? t->cell[i] : "";
        bool cut = width(s) > w[c];
        if (cut) s = tail_of(s, w[c]);
        int gap = w[c] - width(s) - (cut ? 1 : 0);
        if (t->align[c] == 'r') blanks += gap;
        if (*s != '\0') {
            fprintf(f, "%*s%s", blanks, "", cut ? "\xe2\x80\xa6" : "");
            fputs(s, f);
            blanks = 0;
        }
        if (t->align[c] != 'r') blanks += gap;
        blanks += 2;
    }
}

void mnq_table_print(const struct mnq_table *t, FILE *f, const char *head, const char *plain)
{
    int w[MNQ_TABLE_COLUMNS] = {0};
    if (t->arena->starved) return; /* the command will say so */
    for (int i = 0; i < t->n; i++)
        if (t->cell[i] != NULL && width(t->cell[i]) > w[i % t->columns]) w[i % t->columns] = width(t->cell[i]);
    int all = -2;
    for (int c = 0; c < t->columns; c++) all += w[c] + 2;
    int excess = t->fit > 0 ? all - t->fit : 0;
    if (excess > 0 && w[0] > FIRST_LEAST) w[0] = w[0] - excess > FIRST_LEAST ? w[0] - excess : FIRST_LEAST;
    int rows = t->columns == 0 ? 0 : (t->n + t->columns - 1) / t->columns;
    for (int r = 0; r < rows; r++) {
        if (r == 0) fputs(head, f);
        print_row(t, f, r, w);
        if (r == 0) fputs(plain, f);
        fputc('\n', f);
    }
}

void mnq_text_put(FILE *f, const char *s, bool lines)
{
    char shown[512], one[MNQ_PLAIN_MAX];
    while (*s != '\0') { /* in pieces: a stream without a buffer makes a system call of each */
        size_t at = 0;
        while (*s != '\0' && at + MNQ_PLAIN_MAX < sizeof shown) {
            s += mnq_plain_show(s, lines, one);
            at += (size_t)snprintf(shown + at, sizeof shown - at, "%s", one);
        }
        fwrite(shown, 1, at, f);
    }
}

const char *mnq_text_bytes(char text[32], int64_t bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double v = (double)bytes;
    int u = 0;
    for (; u < 6 && v >= 999.5; u++) v /= 1024;
    if (u == 0) snprintf(text, 32, "%lld B", (long long)bytes);
    else snprintf(text, 32, "%.*f %s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, unit[u]);
    return text;
}

const char *mnq_text_count(char text[32], int64_t n)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n), at = 0;
    for (int i = 0; i < len && at < 30; i++) {
        text[at++] = digits[i];
        int left = len - 1 - i;
        if (left > 0 && left % 3 == 0 && digits[i] != '-') text[at++] = ',';
    }
    text[at] = '\0';
    return text;
}
