/* SPDX-License-Identifier: Apache-2.0
 * The fixed-point vocabulary of the kernels: every rounding, saturation and widening of NUMERICS.md, once.
 *
 * Built with -DMNQ_FIXED_CHECK the same names come from fixed_check.h, which computes in 64 bits and
 * reports every operand or result outside its contract. Both give the same bits. */
#ifndef MNQ_FIXED_H
#define MNQ_FIXED_H

#include "mnq_port.h"

#include <stdint.h>

#ifdef MNQ_FIXED_CHECK
#include "fixed_check.h"
#else

/** acc + a * b; the caller's proof keeps the result in 32 bits. */
static inline int32_t mnq_mac(int32_t acc, int32_t a, int32_t b)
{
    return acc + a * b;
}

/** a + b; the caller's proof keeps the result in 32 bits. */
static inline int32_t mnq_add(int32_t a, int32_t b)
{
    return a + b;
}

/** x * 2^n, saturated to 32 bits; n 0..31. */
static inline int32_t mnq_sat32_shl(int32_t x, unsigned n)
{
    if (x > (INT32_MAX >> n)) return INT32_MAX;
    if (x < (INT32_MIN >> n)) return INT32_MIN;
    return (int32_t)((uint32_t)x << n);
}

/** floor(a * m / 2^32); any a, m >= 0; the magnitude is at most 2^30. */
static inline int32_t mnq_mulhi(int32_t a, int32_t m)
{
#if defined(__ARM_ARCH_6M__) /* no long multiply: four short ones beat the library's 64-bit product */
    const int32_t ah = a >> 16, mh = m >> 16;
    const uint32_t al = (uint32_t)a & 0xffffu, ml = (uint32_t)m & 0xffffu;
    const uint32_t low = (al * ml) >> 16;
    const int32_t mid = ah * (int32_t)ml + (int32_t)low;

    return ah * mh + (mid >> 16) + (int32_t)((al * (uint32_t)mh + ((uint32_t)mid & 0xffffu)) >> 16);
#elif defined(__ARM_FEATURE_DSP) && defined(__GNUC__)
    int32_t y;

    __asm__("smmul %0, %1, %2" : "=r"(y) : "r"(a), "r"(m));
    return y;
#else
    return (int32_t)(((int64_t)a * m) >> 32);
#endif
}

/** x / 2^n rounded to nearest, half up; n 1..31, -2^30 <= x < 2^30. */
static inline int32_t mnq_rshift_round(int32_t x, unsigned n)
{
    return (x + (int32_t)((uint32_t)1 << (n - 1))) >> n;
}

/** min(max(x, lo), hi); lo <= hi. */
static inline int32_t mnq_clamp(int32_t x, int32_t lo, int32_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/** (a << 15) / b rounded to nearest, at most 32767; a <= b, 0 < b, a <= 2^16, b <= 2^30. */
static inline uint32_t mnq_ratio_q15(uint32_t a, uint32_t b)
{
    uint32_t p = 0;
    int i;

    if (a >= b) return 32767;
    if (sizeof(void *) == 8) { /* processors that divide well */
        p = (a << 15) / b;
        a = (a << 15) % b;
    } else {
        for (i = 0; i < 15; i++) { /* by hand, bit by bit: many a core has no instruction that divides */
            a <<= 1;
            p <<= 1;
            if (a >= b) {
                a -= b;
                p |= 1;
            }
        }
    }
    p += a + (b >> 1) >= b;
    return p > 32767 ? 32767 : p;
}

/** d * g / 2^10 rounded to nearest, half up; 0 <= d < 2^24, g 0..1023. */
static inline int32_t mnq_part_q10(int32_t d, int32_t g)
{
    return (int32_t)(((int64_t)d * g + 512) >> 10);
}

#endif /* MNQ_FIXED_CHECK */

/** NUMERICS.md section 2: acc * m / 2^(32 + r), rounded once, half up; m >= 0, r -30..31; |result| <= 2^29. */
static inline int32_t mnq_requant(int32_t acc, int32_t m, int r)
{
    if (r < 1) {
        acc = mnq_sat32_shl(acc, (unsigned)(1 - r));
        r = 1;
    }
    return mnq_rshift_round(mnq_mulhi(acc, m), (unsigned)r);
}

/** min(max(t + 3, 0), 6) for t with frac fraction bits; t 16 bits, frac 0..12. */
static inline int32_t mnq_hgate(int32_t t, unsigned frac)
{
    int32_t one = (int32_t)((uint32_t)1 << frac);
    return mnq_clamp(mnq_add(t, 3 * one), 0, 6 * one);
}

#endif
