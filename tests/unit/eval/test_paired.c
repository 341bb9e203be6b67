/* SPDX-License-Identifier: Apache-2.0
 * Paired comparison of two models: exact probabilities, lost and won, the order of changed samples. */
#include "paired.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Expected values: sums of binomial coefficients in exact rational arithmetic. */
static void known(void **state)
{
    (void)state;
    static const struct {
        int lost, won;
        double p;
    } row[] = {{0, 0, 1},
               {1, 0, 1},
               {5, 5, 1},
               {0, 5, 0.0625},
               {1, 3, 0.625},
               {10, 0, 0.001953125},
               {12, 7, 0.359283447265625},
               {16, 6, 0.052478790283203125},
               {59, 6, 4.9646503271286169e-12},
               {199, 18, 8.9820144870019483e-40},
               {1100, 1000, 0.030720707864242296}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        double p = mnq_mcnemar(row[i].lost, row[i].won), q = mnq_mcnemar(row[i].won, row[i].lost);
        if (fabs(p - row[i].p) > 1e-12 * row[i].p) fail_msg("%d, %d: %.17g", row[i].lost, row[i].won, p);
        assert_memory_equal(&p, &q, sizeof p);
    }
}

/* The probabilities of all outcomes with the same sum are consistent: p falls as the split becomes more uneven. */
static void falls(void **state)
{
    (void)state;
    for (int n = 1; n < 3000; n = n * 3 + 1)
        for (int few = n / 2; few > 0; few--) {
            double p = mnq_mcnemar(few, n - few), q = mnq_mcnemar(few - 1, n - few + 1);
            assert_true(q <= p && q >= 0 && p <= 1);
        }
    assert_true(mnq_mcnemar(3, 100000) <= 0); /* below what a double holds */
    assert_true(mnq_mcnemar(500000, 501000) > 0.3 && mnq_mcnemar(500000, 501000) < 0.33);
}

/* Newcombe 1998, the example of 36, 12, 2 and 0 pairs; the same answers twice; the other way round. */
static void intervals(void **state)
{
    (void)state;
    double low, high, again, back;
    mnq_paired_interval(36, 12, 2, 50, &low, &high);
    assert_true(fabs(low + 0.3404) < 5e-5 && fabs(high + 0.0569) < 5e-5);
    mnq_paired_interval(36, 2, 12, 50, &again, &back);
    assert_true(fabs(again + high) < 1e-12 && fabs(back + low) < 1e-12);
    mnq_paired_interval(900, 0, 0, 1000, &low, &high);
    assert_true(low < 0 && low > -0.01 && fabs(low + high) < 1e-12);
    mnq_paired_interval(0, 3, 0, 3, &low, &high);
    assert_true(low >= -1 && high < 0.2);
}

static void pairs(void **state)
{
    (void)state;
    int label[] = {0, 1, 2, -1, 1, 0}, a[] = {0, 1, 0, 2, 1, 1}, b[] = {0, 2, 2, 1, 0, 0};
    float sa[] = {0.9F, 0.5F, 0.6F, 0.9F, 0.5F, NAN}, sb[] = {0.9F, 0.5F, 0.8F, 0.8F, 0.5F, 0.9F};
    struct mnq_eval_model model[2] = {{.top1 = a, .score = sa, .hits1 = 3}, {.top1 = b, .score = sb, .hits1 = 3}};
    struct mnq_evaluation ev = {.n = 6, .labelled = 5, .accuracy = true, .label = label, .model = model, .n_models = 2};
    struct mnq_pairing p = mnq_pair(&ev, 0, 1);
    assert_int_equal(p.lost, 2);
    assert_int_equal(p.won, 2);
    assert_true(fabs(p.points) <= 0 && p.p >= 1);
    model[1].hits1 = 4;
    assert_true(fabs(mnq_pair(&ev, 0, 1).points - 20) < 1e-12);

    int index[6], want[] = {3, 2, 1, 4, 5}; /* 1.7, 1.4, twice 1.0 in sample order, NaN last */
    assert_int_equal(mnq_changed(&ev, 0, 1, index), 5);
    assert_memory_equal(index, want, sizeof want);
    assert_int_equal(mnq_changed(&ev, 0, 0, index), 0);
}

/* Against a plain sort, with many equal scores. */
static void many(void **state)
{
    (void)state;
    enum { N = 500 };
    static int label[N], a[N], b[N], index[N];
    static float sa[N], sb[N];
    unsigned seed = 3;
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525U + 1013904223U;
        b[i] = (int)(seed >> 31);
        sa[i] = (float)(seed >> 8 & 15);
        sb[i] = (float)(seed >> 12 & 15);
    }
    struct mnq_eval_model model[2] = {{.top1 = a, .score = sa}, {.top1 = b, .score = sb}};
    struct mnq_evaluation ev = {.n = N, .label = label, .model = model, .n_models = 2};
    int n = mnq_changed(&ev, 0, 1, index), differ = 0;
    for (int i = 0; i < N; i++) differ += a[i] != b[i];
    assert_int_equal(n, differ);
    for (int k = 0; k < n; k++) {
        assert_int_not_equal(a[index[k]], b[index[k]]);
        if (k == 0) continue;
        float now = sa[index[k]] + sb[index[k]], before = sa[index[k - 1]] + sb[index[k - 1]];
        assert_true(now < before || (!(now > before) && index[k] > index[k - 1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known), cmocka_unit_test(falls), cmocka_unit_test(intervals),
                                       cmocka_unit_test(pairs), cmocka_unit_test(many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
