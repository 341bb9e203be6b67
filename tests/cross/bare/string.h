/* SPDX-License-Identifier: Apache-2.0
 * What report.c takes from <string.h>, for a compiler without a C library. */
#ifndef MNQ_TEST_BARE_STRING_H
#define MNQ_TEST_BARE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int value, size_t n);
size_t strlen(const char *s);

#endif
