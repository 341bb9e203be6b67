/* SPDX-License-Identifier: Apache-2.0
 * Pareto fronts, labels that do not cover one another, and axis ticks. */
#include "axis.h"
#include "scatter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void front(void **state)
{
    (void)state;
    /* Cheap and weak; dominated; twice the same; the best; dearer and worse; as good as the best but dearer. */
    const double cost[] = {1, 2, 2, 2, 4, 5, 6}, gain[] = {10, 9, 20, 20, 30, 25, 30};
    const bool want[] = {true, false, true, true, true, false, false};
    bool is[7];
    mnq_pareto(cost, gain, 7, is);
    for (int i = 0; i < 7; i++) assert_int_equal(is[i], want[i]);
    mnq_pareto(cost, gain, 1, is);
    assert_true(is[0]);
}

static double uniform(unsigned *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return (*seed >> 8) / 16777216.0;
}

/* n points in a field of a plot's size: no two labels overlap, none leaves the field. */
static void check_labels(int n, bool clustered, unsigned seed)
{
    struct mnq_label l[24];
    struct mnq_box avoid[24], field = {40, 4, 460, 330};
    for (int i = 0; i < n; i++) {
        double w = clustered ? 40 : 440, h = clustered ? 30 : 300;
        l[i] = (struct mnq_label){
            .x = 50 + w * uniform(&seed), .y = 20 + h * uniform(&seed), .box = {0, 0, 60 + 60 * uniform(&seed), 14}};
        avoid[i] = (struct mnq_box){l[i].x - 6, l[i].y - 6, 12, 12};
    }
    mnq_place_labels(l, n, avoid, n, field);
    for (int i = 0; i < n; i++) {
        const struct mnq_box *b = &l[i].box;
        if (fabs(mnq_box_overlap(*b, field) - b->w * b->h) > 1e-6) fail_msg("seed %u: label %d leaves the field", seed, i);
        for (int k = 0; k < i; k++)
            if (mnq_box_overlap(*b, l[k].box) > 0) fail_msg("seed %u: labels %d and %d overlap", seed, i, k);
    }
}

static void labels(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        check_labels(1, false, seed);
        check_labels(8, false, seed);
        check_labels(16, false, seed);
        check_labels(6, true, seed);
    }
}

/* All points on one spot, and points in the corners of the field. */
static void hard_labels(void **state)
{
    (void)state;
    struct mnq_box field = {0, 0, 300, 200};
    struct mnq_label same[5], corner[4];
    for (int i = 0; i < 5; i++) same[i] = (struct mnq_label){.x = 150, .y = 100, .box = {0, 0, 80, 14}};
    for (int i = 0; i < 4; i++) corner[i] = (struct mnq_label){.x = i % 2 * 300, .y = i / 2 * 200, .box = {0, 0, 90, 14}};
    mnq_place_labels(same, 5, NULL, 0, field);
    mnq_place_labels(corner, 4, NULL, 0, field);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < i; k++) assert_true(mnq_box_overlap(same[i].box, same[k].box) <= 0);
    for (int i = 0; i < 4; i++) {
        assert_true(corner[i].box.x >= 0 && corner[i].box.x + corner[i].box.w <= 300);
        assert_true(corner[i].box.y >= 0 && corner[i].box.y + corner[i].box.h <= 200);
    }
}

static void expect(const double *tick, int n, const double *want, int n_want)
{
    assert_int_equal(n, n_want);
    for (int i = 0; i < n; i++)
        if (fabs(tick[i] - want[i]) > 1e-9 * fabs(want[i]) || signbit(tick[i])) fail_msg("tick %d is %g", i, tick[i]);
}

static void ticks(void **state)
{
    (void)state;
    double tick[MNQ_TICKS];
    expect(tick, mnq_ticks(75, 95, 6, tick), (const double[]){75, 80, 85, 90, 95}, 5);
    expect(tick, mnq_ticks(76, 88, 7, tick), (const double[]){76, 78, 80, 82, 84, 86, 88}, 7);
    expect(tick, mnq_ticks(0, 0.3, 4, tick), (const double[]){0, 0.1, 0.2, 0.3}, 4);
    expect(tick, mnq_ticks(-1e-12, 1, 3, tick), (const double[]){0, 0.5, 1}, 3);
    expect(tick, mnq_ticks_log(3, 60, 6, tick), (const double[]){5, 10, 20, 50}, 4);
    expect(tick, mnq_ticks_log(1, 1000, 5, tick), (const double[]){1, 10, 100, 1000}, 4);
    expect(tick, mnq_ticks_bytes(0, 2.2 * 1048576, false, 6, tick), (const double[]){0, 524288, 1048576, 1572864, 2097152},
           5);
    expect(tick, mnq_ticks_bytes(200000, 2.5 * 1048576, true, 6, tick), (const double[]){204800, 512000, 1048576, 2097152},
           4);
    for (double lo = 0.5; lo < 1e7; lo *= 3)
        for (double hi = 1.01 * lo; hi < 1e9; hi *= 2.7) {
            int n = mnq_ticks(lo, hi, 6, tick), m = mnq_ticks_bytes(lo, hi, true, 6, tick);
            assert_true(n >= 1 && n <= 6 && m <= 6);
            assert_true(mnq_ticks_log(lo, hi, 6, tick) <= 6);
        }
}

static void percents(void **state)
{
    (void)state;
    for (double lo = 0; lo <= 100; lo += 0.7)
        for (double hi = lo; hi <= 100; hi += 0.9) {
            double a = lo, b = hi;
            mnq_axis_percent(&a, &b);
            assert_true(a <= lo && b >= hi && a >= 0 && b <= 100 && b - a >= 5 - 1e-9);
        }
}

static void positions(void **state)
{
    (void)state;
    struct mnq_axis lin = {0, 10, 100, 200, false}, log = {1, 100, 300, 100, true};
    assert_true(fabs(mnq_axis_at(&lin, 2.5) - 125) < 1e-9);
    assert_true(fabs(mnq_axis_at(&lin, -5) - 100) < 1e-9 && fabs(mnq_axis_at(&lin, 50) - 200) < 1e-9);
    assert_true(fabs(mnq_axis_at(&log, 10) - 200) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(front), cmocka_unit_test(labels),   cmocka_unit_test(hard_labels),
                                       cmocka_unit_test(ticks), cmocka_unit_test(percents), cmocka_unit_test(positions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
