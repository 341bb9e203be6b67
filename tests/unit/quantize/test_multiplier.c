/* SPDX-License-Identifier: Apache-2.0
 * Real multipliers as (m, r) pairs. */
#include "quantize/multiplier.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void near_and_normal(void **state)
{
    (void)state;
    for (int e = -31; e < 28; e++)
        for (int k = 0; k < 1000; k++) {
            double real = ldexp(1.0 + k / 1000.0, e), back;
            int32_t m;
            int8_t r;
            mnq_multiplier(real, &m, &r);
            back = mnq_multiplier_real(m, r);
            assert_true(m >= 1 << 30);
            assert_in_range(r + 30, 0, 61);
            assert_true(fabs(back - real) <= real * ldexp(1, -31));
        }
}

static void carries_into_the_exponent(void **state)
{
    (void)state;
    int32_t m;
    int8_t r;
    mnq_multiplier(1.0 - ldexp(1, -40), &m, &r); /* rounds up to 1 */
    assert_true(mnq_multiplier_real(m, r) == 1.0);
}

static void extremes(void **state)
{
    (void)state;
    int32_t m;
    int8_t r;
    mnq_multiplier(0, &m, &r);
    assert_int_equal(m, 0);
    mnq_multiplier(ldexp(1, -80), &m, &r);
    assert_int_equal(m, 0);
    mnq_multiplier(ldexp(3, -40), &m, &r);
    assert_int_equal(r, 31);
    assert_true(mnq_multiplier_real(m, r) == ldexp(3, -40));
    mnq_multiplier(1e30, &m, &r);
    assert_int_equal(r, -30);
    assert_int_equal(m, INT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(near_and_normal), cmocka_unit_test(carries_into_the_exponent),
                                       cmocka_unit_test(extremes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
