/* SPDX-License-Identifier: Apache-2.0
 * fixed.h against NUMERICS.md by division, and against its range-asserting twin.
 *
 * Compiled twice: plain, and with MNQ_FIXED_CHECK, where a broken contract fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixed.h"

static uint32_t seed = 12345;

static uint32_t random32(void)
{
    uint32_t hi;
    seed = seed * 1664525u + 1013904223u;
    hi = seed >> 16;
    seed = seed * 1664525u + 1013904223u;
    return hi << 16 | seed >> 16;
}

/* An accumulator: extremes, powers of two and their neighbours, or anything. */
static int32_t random_acc(void)
{
    const uint32_t r = random32(), bit = (uint32_t)1 << (r >> 8 & 31);
    switch (r & 7) {
    case 0:
        return INT32_MIN;
    case 1:
        return INT32_MAX;
    case 2:
        return (int32_t)bit;
    case 3:
        return (int32_t)(0u - bit);
    case 4:
        return (int32_t)(bit - 1);
    default:
        return (int32_t)random32();
    }
}

static int32_t random_mult(void)
{
    const uint32_t r = random32();
    return (int32_t)((r & 7) == 0 ? 0u : (r & 7) == 1 ? 0x7fffffffu : (r & 7) == 2 ? 0x40000000u : random32() >> 1);
}

#ifdef MNQ_FIXED_CHECK
void mnq_fixed_fault(const char *operation)
{
    fail_msg("%s", operation);
}
#endif

/* floor(x / 2^n); x of 64 bits. */
static int64_t floor_shift(int64_t x, unsigned n)
{
    const int64_t q = x / ((int64_t)1 << n);
    return q - (q * ((int64_t)1 << n) > x);
}

/* Section 2 in its second form: one floor of the exact value plus a half, by division instead of shifts. */
static int32_t requant_exact(int32_t acc, int32_t m, int r)
{
    int64_t a = acc;
    unsigned s;
    if (r < 1) {
        a *= (int64_t)1 << (1 - r);
        a = a > INT32_MAX ? INT32_MAX : a < INT32_MIN ? INT32_MIN : a;
        r = 1;
    }
    s = (unsigned)r + 32;
    /* a * m < 2^62, so adding 2^(s-1) <= 2^62 stays inside 64 bits */
    return (int32_t)floor_shift(a * m + ((int64_t)1 << (s - 1)), s > 62 ? 62 : s) >> (s > 62 ? s - 62 : 0);
}

static void test_requant(void **state)
{
    (void)state;
    for (int i = 0; i < 2000000; i++) {
        const int32_t acc = random_acc(), m = random_mult();
        const int r = (int)(random32() % 62) - 30;
        const int32_t got = mnq_requant(acc, m, r), want = requant_exact(acc, m, r);
        if (got != want) fail_msg("requant(%d, %d, %d) is %d, wanted %d", acc, m, r, got, want);
    }
}

static void test_requant_by_hand(void **state)
{
    (void)state;
    assert_int_equal(mnq_requant(3, 1 << 30, -1), 2); /* 3 / 2 */
    assert_int_equal(mnq_requant(5, 1 << 30, 1), 1);  /* 5 / 8 rounds up */
    assert_int_equal(mnq_requant(4, 1 << 30, 1), 1);  /* half rounds up */
    assert_int_equal(mnq_requant(-4, 1 << 30, 1), 0); /* also when negative */
    assert_int_equal(mnq_requant(-5, 1 << 30, 1), -1);
    assert_int_equal(mnq_requant(INT32_MIN, INT32_MAX, 1), -(1 << 29)); /* the least result there is */
    assert_int_equal(mnq_requant(INT32_MAX, INT32_MAX, 1), 1 << 29);
    assert_int_equal(mnq_requant(1, 1 << 30, -30), 1 << 28);    /* 2^31 saturates: (2^31 - 1) / 8 rounded */
    assert_int_equal(mnq_requant(INT32_MIN, INT32_MAX, 31), 0); /* -1/2 + 2^-32: up */
    assert_int_equal(mnq_requant(12345, 0, -30), 0);
}

static void test_shl(void **state)
{
    (void)state;
    for (unsigned n = 0; n <= 31; n++) {
        for (int i = 0; i < 1000; i++) {
            const int32_t x = random_acc() >> (random32() & 31);
            const int64_t y = (int64_t)x * ((int64_t)1 << n);
            assert_int_equal(mnq_sat32_shl(x, n), y > INT32_MAX ? INT32_MAX : y < INT32_MIN ? INT32_MIN : y);
        }
    }
}

static void test_hgate(void **state)
{
    (void)state;
    for (unsigned f = 0; f <= 12; f++) {
        const int32_t one = 1 << f;
        assert_int_equal(mnq_hgate(-32768, f), 0);
        assert_int_equal(mnq_hgate(-3 * one, f), 0);
        assert_int_equal(mnq_hgate(-3 * one + 1, f), 1);
        assert_int_equal(mnq_hgate(0, f), 3 * one);
        assert_int_equal(mnq_hgate(3 * one - 1, f), 6 * one - 1);
        assert_int_equal(mnq_hgate(3 * one, f), 6 * one);
        assert_int_equal(mnq_hgate(32767, f), 6 * one);
    }
}

static void test_ratio(void **state)
{
    (void)state;
    assert_int_equal(mnq_ratio_q15(65536, 65536), 32767); /* one does not fit */
    assert_int_equal(mnq_ratio_q15(65536, 131072), 16384);
    assert_int_equal(mnq_ratio_q15(0, 1), 0);
    assert_int_equal(mnq_ratio_q15(65536, 1u << 30), 2);
    for (int i = 0; i < 100000; i++) {
        const uint32_t a = random32() % 65537, b = a + 1 + random32() % ((1u << 30) - a);
        const uint64_t want = (((uint64_t)a << 15) + b / 2) / b;
        assert_int_equal(mnq_ratio_q15(a, b), want > 32767 ? 32767 : want);
    }
}

static void test_part(void **state)
{
    (void)state;
    assert_int_equal(mnq_part_q10((1 << 24) - 1, 1023), 16760831);
    assert_int_equal(mnq_part_q10(1, 512), 1); /* half up */
    assert_int_equal(mnq_part_q10(1, 511), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requant), cmocka_unit_test(test_requant_by_hand), cmocka_unit_test(test_shl),
        cmocka_unit_test(test_hgate),   cmocka_unit_test(test_ratio),           cmocka_unit_test(test_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
