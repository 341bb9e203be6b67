/* SPDX-License-Identifier: Apache-2.0
 * What the tests take from <string.h>, for a compiler without a C library. */
#ifndef MNQ_TEST_BARE_STRING_H
#define MNQ_TEST_BARE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
char *strstr(const char *s, const char *part);
char *strerror(int number);

#endif
