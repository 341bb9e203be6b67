/* SPDX-License-Identifier: Apache-2.0
 * Intervals, ranks and ties of the evaluation. */
#include "evaluate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void near(double a, double b)
{
    if (fabs(a - b) > 5e-5) fail_msg("%.6f is not %.6f", a, b);
}

/* Newcombe 1998, Statistics in Medicine 17:857, table I, method 3 (Wilson), in percent. */
static void wilson(void **state)
{
    (void)state;
    static const struct {
        int k, n;
        double lo, hi;
    } row[] = {{81, 263, 25.53, 36.62}, {15, 148, 6.24, 16.05}, {0, 20, 0, 16.11}, {1, 29, 0.61, 17.18}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct mnq_share s = mnq_wilson(row[i].k, row[i].n);
        near(s.percent, 100.0 * row[i].k / row[i].n);
        assert_true(fabs(s.lo - row[i].lo) < 0.006 && fabs(s.hi - row[i].hi) < 0.006);
        struct mnq_share r = mnq_wilson(row[i].n - row[i].k, row[i].n); /* symmetric */
        near(r.lo, 100 - s.hi);
        near(r.hi, 100 - s.lo);
    }
    assert_true(mnq_wilson(5, 5).hi <= 100 && mnq_wilson(5, 5).hi >= 100);
    assert_true(mnq_wilson(0, 5).lo <= 0 && mnq_wilson(0, 5).lo >= 0);
}

static void ties(void **state)
{
    (void)state;
    const float v[] = {0.1F, 0.5F, 0.5F, NAN, 0.5F, 0.7F, -1.0F};
    const int order[] = {5, 1, 2, 4, 0, 6, 3};
    int top[7];
    for (int k = 1; k <= 7; k++) {
        mnq_top(v, 7, k, top);
        for (int i = 0; i < k; i++) assert_int_equal(top[i], order[i]);
    }
    for (int i = 0; i < 7; i++) assert_int_equal(mnq_rank(v, 7, order[i]), i);
}

static void top_is_rank(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < 200; round++) {
        float v[40];
        int top[40], n = 1 + round % 40;
        for (int i = 0; i < n; i++) {
            seed = seed * 1664525U + 1013904223U;
            v[i] = (float)(seed >> 29); /* many ties */
        }
        mnq_top(v, n, n, top);
        for (int i = 0; i < n; i++) assert_int_equal(mnq_rank(v, n, top[i]), i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(wilson), cmocka_unit_test(ties), cmocka_unit_test(top_is_rank)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
