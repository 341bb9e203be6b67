/* SPDX-License-Identifier: Apache-2.0
 * What the tests take from <stdlib.h>, for a compiler without a C library. */
#ifndef MNQ_TEST_BARE_STDLIB_H
#define MNQ_TEST_BARE_STDLIB_H

#include <stddef.h>

void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);
void free(void *p);
void exit(int status) __attribute__((noreturn));
unsigned long strtoul(const char *text, char **end, int base);
void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));

#endif
