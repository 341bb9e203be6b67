/* SPDX-License-Identifier: Apache-2.0
 * fixed.h, range-asserting: the same names and bits, computed in 64 bits; a broken contract is reported.
 *
 * For tests only; include fixed.h with MNQ_FIXED_CHECK defined. */
#ifndef MNQ_FIXED_CHECK_H
#define MNQ_FIXED_CHECK_H

#include <stdint.h>

/** Supplied by the test program: called with the name of the operation whose contract was broken. */
void mnq_fixed_fault(const char *operation);

/** Reports unless ok. */
static inline void mnq_fixed_want(int ok, const char *operation)
{
    if (!ok) mnq_fixed_fault(operation);
}

/** x as 32 bits; reports a value that does not fit. */
static inline int32_t mnq_fixed_narrow(int64_t x, const char *operation)
{
    mnq_fixed_want(x >= INT32_MIN && x <= INT32_MAX, operation);
    return (int32_t)(uint32_t)((uint64_t)x & 0xffffffffu);
}

static inline int32_t mnq_mac(int32_t acc, int32_t a, int32_t b)
{
    mnq_fixed_want(a >= -32768 && a <= 32767 && b >= -32768 && b <= 32767, "mnq_mac: operand");
    return mnq_fixed_narrow(acc + (int64_t)a * b, "mnq_mac");
}

static inline int32_t mnq_add(int32_t a, int32_t b)
{
    return mnq_fixed_narrow((int64_t)a + b, "mnq_add");
}

static inline int32_t mnq_sat32_shl(int32_t x, unsigned n)
{
    int64_t y;
    mnq_fixed_want(n <= 31, "mnq_sat32_shl: n");
    y = (int64_t)x * ((int64_t)1 << (n & 31));
    return (int32_t)(y > INT32_MAX ? INT32_MAX : y < INT32_MIN ? INT32_MIN : y);
}

static inline int32_t mnq_mulhi(int32_t a, int32_t m)
{
    int64_t h = ((int64_t)a * m) >> 32;
    mnq_fixed_want(m >= 0, "mnq_mulhi: m");
    mnq_fixed_want(h >= -((int64_t)1 << 30) && h < (int64_t)1 << 30, "mnq_mulhi");
    return (int32_t)h;
}

static inline int32_t mnq_rshift_round(int32_t x, unsigned n)
{
    mnq_fixed_want(n >= 1 && n <= 31, "mnq_rshift_round: n");
    mnq_fixed_narrow((int64_t)x + ((int64_t)1 << ((n - 1) & 31)), "mnq_rshift_round");
    return (int32_t)(((int64_t)x + ((int64_t)1 << ((n - 1) & 31))) >> (n & 31));
}

static inline int32_t mnq_clamp(int32_t x, int32_t lo, int32_t hi)
{
    mnq_fixed_want(lo <= hi, "mnq_clamp");
    return x < lo ? lo : x > hi ? hi : x;
}

static inline uint32_t mnq_ratio_q15(uint32_t a, uint32_t b)
{
    uint64_t n = ((uint64_t)a << 15) + (b >> 1);
    mnq_fixed_want(b > 0 && a <= b && a <= 65536 && b <= (uint32_t)1 << 30, "mnq_ratio_q15: operand");
    mnq_fixed_want(n <= UINT32_MAX, "mnq_ratio_q15");
    n /= b;
    return n > 32767 ? 32767 : (uint32_t)n;
}

static inline int32_t mnq_part_q10(int32_t d, int32_t g)
{
    mnq_fixed_want(d >= 0 && d < 1 << 24 && g >= 0 && g <= 1023, "mnq_part_q10");
    return (int32_t)(((int64_t)d * g + 512) >> 10);
}

#endif
