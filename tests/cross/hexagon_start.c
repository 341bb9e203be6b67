/* SPDX-License-Identifier: Apache-2.0
 * What a test program wants of a C library, on a bare Hexagon under qemu-hexagon: entry, two system calls, memory, text. */
#include "bare_hexagon.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(int argc, char **argv);
void start(int32_t *stack);

__asm__(".text\n .globl _start\n_start: { r0 = r29; r29 = and(r29, #-128) }\n { call start }\n");

void exit(int status)
{
    for (;;) bare_call(BARE_EXIT, status, NULL, 0);
}

void start(int32_t *stack)
{
    exit(main(stack[0], (char **)(stack + 1)));
}

/* ---- <string.h> ---- */

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;
    for (; n > 0; n--, p++, q++)
        if (*p != *q) return *p < *q ? -1 : 1;
    return 0;
}

int strcmp(const char *a, const char *b)
{
    for (; *a != 0 && *a == *b; a++, b++) {}
    return (uint8_t)*a - (uint8_t)*b;
}

char *strstr(const char *s, const char *part)
{
    const size_t n = strlen(part), all = strlen(s);
    for (size_t i = 0; i + n <= all; i++)
        if (memcmp(s + i, part, n) == 0) return (char *)(uintptr_t)(s + i);
    return NULL;
}

/* ---- <errno.h>, <time.h> ---- */

int errno;

char *strerror(int number)
{
    static char text[] = "error";
    (void)number;
    return text;
}

clock_t clock(void)
{
    static clock_t now;
    return now += CLOCKS_PER_SEC / 1000;
}

/* ---- <stdlib.h>: blocks in the order of memory, the first that is free and large enough ---- */

struct block {
    size_t n; /* bytes behind this head, the lowest bit 1 if in use */
    size_t unused[3];
};
enum { HEAP = 24 << 20 };
static struct block heap[HEAP / sizeof(struct block)];

static struct block *behind(struct block *b)
{
    return b + 1 + (b->n & ~(size_t)1) / sizeof *b;
}

void *malloc(size_t n)
{
    struct block *const end = heap + sizeof heap / sizeof *heap;
    n = (n + sizeof *heap - 1) / sizeof *heap * sizeof *heap;
    if (heap->n == 0) heap->n = sizeof heap - sizeof *heap;
    for (struct block *b = heap; b != end; b = behind(b)) {
        if (b->n & 1) continue;
        while (behind(b) != end && !(behind(b)->n & 1)) b->n += sizeof *b + behind(b)->n;
        if (b->n < n) continue;
        if (b->n > n) {
            struct block *const rest = b + 1 + n / sizeof *b;
            rest->n = b->n - n - sizeof *b;
            b->n = n;
        }
        b->n |= 1;
        return b + 1;
    }
    return NULL;
}

void free(void *p)
{
    if (p != NULL) ((struct block *)p - 1)->n &= ~(size_t)1;
}

void *calloc(size_t n, size_t size)
{
    void *const p = malloc(n * size);
    return p == NULL ? NULL : memset(p, 0, n * size);
}

void *realloc(void *p, size_t n)
{
    void *const q = malloc(n);
    if (q == NULL || p == NULL) return q;
    const size_t old = ((struct block *)p - 1)->n & ~(size_t)1;
    memcpy(q, p, old < n ? old : n);
    free(p);
    return q;
}

unsigned long strtoul(const char *text, char **end, int base)
{
    unsigned long n = 0;
    for (; *text >= '0' && *text <= '9'; text++) n = n * (unsigned long)base + (unsigned long)(*text - '0');
    if (end != NULL) *end = (char *)(uintptr_t)text;
    return n;
}

void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    uint8_t *const a = base;
    for (size_t i = 1; i < n; i++) {
        for (size_t j = i; j > 0 && compare(a + (j - 1) * size, a + j * size) > 0; j--) {
            for (size_t k = 0; k < size; k++) {
                const uint8_t x = a[(j - 1) * size + k];
                a[(j - 1) * size + k] = a[j * size + k];
                a[j * size + k] = x;
            }
        }
    }
}

/* ---- <stdio.h> ---- */

static FILE out = {1}, err = {2};
FILE *const stdout = &out, *const stderr = &err;

struct text {
    char *to;
    size_t n, at;
};

static void put(struct text *t, char c)
{
    if (t->at + 1 < t->n) t->to[t->at] = c;
    t->at++;
}

static void put_field(struct text *t, const char *s, size_t n, size_t width, char fill, int left)
{
    for (size_t i = n; !left && i < width; i++) put(t, fill);
    for (size_t i = 0; i < n; i++) put(t, s[i]);
    for (size_t i = n; left && i < width; i++) put(t, ' ');
}

/* The digits of v; with `point` digits behind a decimal point. return their number */
static size_t digits(char to[32], uint64_t v, unsigned base, int negative, size_t point, int upper)
{
    char turned[32];
    size_t n = 0, i;
    do {
        if (point > 0 && n == point) turned[n++] = '.';
        turned[n++] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[v % base];
        v /= base;
    } while (v != 0 || (point > 0 && n < point + 2));
    if (negative) turned[n++] = '-';
    for (i = 0; i < n; i++) to[i] = turned[n - 1 - i];
    return n;
}

int vsnprintf(char *to, size_t n, const char *f, va_list ap)
{
    struct text t = {to, n, 0};
    for (; *f != 0; f++) {
        char number[32], fill = ' ';
        size_t width = 0, after = 6, length;
        int left = 0, size = 0, negative = 0;
        uint64_t v;
        if (*f != '%') {
            put(&t, *f);
            continue;
        }
        for (f++; *f == '-' || *f == '0' || *f == '+'; f++) {
            if (*f == '-') left = 1;
            if (*f == '0') fill = '0';
        }
        for (; *f >= '0' && *f <= '9'; f++) width = width * 10 + (size_t)(*f - '0');
        if (*f == '.')
            for (f++, after = 0; *f >= '0' && *f <= '9'; f++) after = after * 10 + (size_t)(*f - '0');
        for (; *f == 'l' || *f == 'z'; f++) size += *f == 'l';
        if (*f == 's') {
            const char *const s = va_arg(ap, const char *);
            put_field(&t, s, strlen(s), width, ' ', left);
            continue;
        }
        if (*f == 'c') {
            number[0] = (char)va_arg(ap, int);
            put_field(&t, number, 1, width, ' ', left);
            continue;
        }
        if (*f == '%') {
            put(&t, '%');
            continue;
        }
        if (*f == 'f' || *f == 'g') {
            double x = va_arg(ap, double), one = 1.0;
            for (size_t i = 0; i < after; i++) one *= 10.0;
            negative = x < 0;
            v = (uint64_t)((negative ? -x : x) * one + 0.5);
            length = digits(number, v, 10, negative, after, 0);
        } else {
            v = size >= 2 ? va_arg(ap, unsigned long long) : va_arg(ap, unsigned);
            if (*f == 'd' && size < 2) v = (uint64_t)(int64_t)(int32_t)v;
            negative = *f == 'd' && (int64_t)v < 0;
            length = digits(number, negative ? 0 - v : v, *f == 'x' || *f == 'X' ? 16 : 10, negative, 0, *f == 'X');
        }
        put_field(&t, number, length, width, fill, left);
    }
    if (n > 0) to[t.at < n ? t.at : n - 1] = 0;
    return (int)t.at;
}

int snprintf(char *to, size_t n, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int length = vsnprintf(to, n, format, ap);
    va_end(ap);
    return length;
}

static int print(FILE *f, const char *format, va_list ap)
{
    static char text[4096];
    const int n = vsnprintf(text, sizeof text, format, ap);
    return bare_call(BARE_WRITE, f->number, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

int printf(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int length = print(stdout, format, ap);
    va_end(ap);
    return length;
}

int fprintf(FILE *f, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int length = print(f, format, ap);
    va_end(ap);
    return length;
}

FILE *fopen(const char *path, const char *mode)
{
    (void)path, (void)mode;
    return NULL; /* there are no files; so nobody calls what follows */
}

int fclose(FILE *f)
{
    (void)f;
    return -1;
}

size_t fread(void *to, size_t size, size_t n, FILE *f)
{
    (void)to, (void)size, (void)n, (void)f;
    return 0;
}

size_t fwrite(const void *from, size_t size, size_t n, FILE *f)
{
    return bare_call(BARE_WRITE, f->number, from, size * n) == (int)(size * n) ? n : 0;
}

int fseek(FILE *f, long to, int from)
{
    (void)f, (void)to, (void)from;
    return -1;
}

long ftell(FILE *f)
{
    (void)f;
    return -1;
}
