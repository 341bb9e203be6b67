/* SPDX-License-Identifier: Apache-2.0
 * System calls of a Hexagon without any library. */
#include "bare_hexagon.h"

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
