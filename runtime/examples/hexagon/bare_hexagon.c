/* SPDX-License-Identifier: Apache-2.0
 * System calls and memory for a Hexagon without any library. */
#include "bare_hexagon.h"

#include <stdint.h>

void *memset(void *to, int value, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);

/* The convention: number in r6, arguments from r0 on. */
int bare_call(int number, int a, const void *b, size_t c)
{
    register int r0 __asm__("r0") = a;
    register const void *r1 __asm__("r1") = b;
    register size_t r2 __asm__("r2") = c;
    register int r6 __asm__("r6") = number;
    __asm__ volatile("trap0(#1)" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r6) : "memory");
    return r0;
}

void *memset(void *to, int value, size_t n)
{
    uint8_t *p = to;
    while (n--) *p++ = (uint8_t)value;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    while (n--) *p++ = *q++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    if (p < q) return memcpy(to, from, n);
    while (n--) p[n] = q[n];
    return to;
}
