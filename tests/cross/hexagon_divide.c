/* SPDX-License-Identifier: Apache-2.0
 * Divisions by the names that clang calls on Hexagon: for test programs, whose compiler brings no library; nothing of the
 * runtime divides. */
#include <stdint.h>

struct pair {
    uint64_t quotient, rest;
};

static struct pair divide(uint64_t a, uint64_t b)
{
    struct pair r = {0, 0};
    for (int i = 63; i >= 0; i--) {
        r.rest = r.rest << 1 | (a >> i & 1);
        if (r.rest < b) continue;
        r.rest -= b;
        r.quotient |= (uint64_t)1 << i;
    }
    return r;
}

static uint64_t magnitude(int64_t x)
{
    return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

static int64_t with_sign(uint64_t x, int negative)
{
    return (int64_t)(negative ? 0 - x : x);
}

uint32_t __hexagon_udivsi3(uint32_t a, uint32_t b);
uint32_t __hexagon_umodsi3(uint32_t a, uint32_t b);
int32_t __hexagon_divsi3(int32_t a, int32_t b);
int32_t __hexagon_modsi3(int32_t a, int32_t b);
uint64_t __hexagon_udivdi3(uint64_t a, uint64_t b);
uint64_t __hexagon_umoddi3(uint64_t a, uint64_t b);
int64_t __hexagon_divdi3(int64_t a, int64_t b);
int64_t __hexagon_moddi3(int64_t a, int64_t b);
double __hexagon_divdf3(double a, double b);

/* 32 bits: half the turns. */
static struct pair divide32(uint32_t a, uint32_t b)
{
    uint32_t rest = 0, quotient = 0;
    for (int i = 31; i >= 0; i--) {
        const uint32_t over = rest >> 31;
        rest = rest << 1 | (a >> i & 1);
        if (!over && rest < b) continue;
        rest -= b;
        quotient |= (uint32_t)1 << i;
    }
    return (struct pair){quotient, rest};
}

uint32_t __hexagon_udivsi3(uint32_t a, uint32_t b)
{
    return (uint32_t)divide32(a, b).quotient;
}

uint32_t __hexagon_umodsi3(uint32_t a, uint32_t b)
{
    return (uint32_t)divide32(a, b).rest;
}

int32_t __hexagon_divsi3(int32_t a, int32_t b)
{
    return (int32_t)with_sign(divide32((uint32_t)magnitude(a), (uint32_t)magnitude(b)).quotient, (a < 0) != (b < 0));
}

int32_t __hexagon_modsi3(int32_t a, int32_t b)
{
    return (int32_t)with_sign(divide32((uint32_t)magnitude(a), (uint32_t)magnitude(b)).rest, a < 0);
}

uint64_t __hexagon_udivdi3(uint64_t a, uint64_t b)
{
    return divide(a, b).quotient;
}

uint64_t __hexagon_umoddi3(uint64_t a, uint64_t b)
{
    return divide(a, b).rest;
}

int64_t __hexagon_divdi3(int64_t a, int64_t b)
{
    return with_sign(divide(magnitude(a), magnitude(b)).quotient, (a < 0) != (b < 0));
}

int64_t __hexagon_moddi3(int64_t a, int64_t b)
{
    return with_sign(divide(magnitude(a), magnitude(b)).rest, a < 0);
}

/* Normal numbers alone, the quotient cut: random cases are made of these, nothing that is checked. */
double __hexagon_divdf3(double a, double b)
{
    union {
        double d;
        uint64_t u;
    } x = {a}, y = {b}, q;
    const uint64_t one = (uint64_t)1 << 52, sign = (x.u ^ y.u) & (uint64_t)1 << 63;
    int exponent = (int)(x.u >> 52 & 2047) - (int)(y.u >> 52 & 2047) + 1023;
    uint64_t m = (x.u & (one - 1)) | one, n = (y.u & (one - 1)) | one, quotient = 0;

    if ((x.u << 1) == 0) return a;
    if (m < n) m <<= 1, exponent--;
    for (int i = 52; i >= 0; i--, m <<= 1) {
        if (m < n) continue;
        m -= n;
        quotient |= (uint64_t)1 << i;
    }
    q.u = sign | (uint64_t)exponent << 52 | (quotient & (one - 1));
    return q.d;
}
