/* SPDX-License-Identifier: Apache-2.0
 * What the tests take from <stdio.h>, for a compiler without a C library; there are no files. */
#ifndef MNQ_TEST_BARE_STDIO_H
#define MNQ_TEST_BARE_STDIO_H

#include <stdarg.h>
#include <stddef.h>

#define SEEK_SET 0
#define SEEK_END 2

typedef struct bare_file {
    int number;
} FILE;
extern FILE *const stdout, *const stderr;

int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int fprintf(FILE *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
int snprintf(char *to, size_t n, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *to, size_t n, const char *format, va_list ap);
FILE *fopen(const char *path, const char *mode);
int fclose(FILE *f);
size_t fread(void *to, size_t size, size_t n, FILE *f);
size_t fwrite(const void *from, size_t size, size_t n, FILE *f);
int fseek(FILE *f, long to, int from);
long ftell(FILE *f);

#endif
