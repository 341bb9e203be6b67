/* SPDX-License-Identifier: Apache-2.0
 * Streaming histograms: order independence and error estimates. */
#include "quantize/hist.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { N = 3000, C = 3 };

/* Values of very different size per channel, some zero. */
static void fill(float *x, bool sign, unsigned seed)
{
    srand(seed);
    for (int i = 0; i < N * C; i++) {
        float u = (float)rand() / (float)RAND_MAX, scale = i % C == 0 ? 1.0f : i % C == 1 ? 1e-6f : 3e4f;
        x[i] = rand() % 4 == 0 ? 0.0f : (sign && rand() % 2 ? -u : u) * u * scale;
    }
}

static void assert_same(const struct mnq_hist *a, const struct mnq_hist *b)
{
    assert_memory_equal(a->count, b->count, (size_t)a->channels * (size_t)a->bins * sizeof *a->count);
    assert_memory_equal(a->exp, b->exp, (size_t)a->channels * sizeof *a->exp);
    assert_memory_equal(a->zeros, b->zeros, (size_t)a->channels * sizeof *a->zeros);
    assert_memory_equal(a->mean_q30, b->mean_q30, (size_t)a->channels * sizeof *a->mean_q30);
    assert_memory_equal(a->lo, b->lo, (size_t)a->channels * sizeof *a->lo);
    assert_memory_equal(a->hi, b->hi, (size_t)a->channels * sizeof *a->hi);
}

static void any_order_gives_the_same_state(void **state)
{
    (void)state;
    static float x[N * C];
    for (int sign = 0; sign < 2; sign++) {
        struct mnq_arena arena = {0};
        struct mnq_hist forward, split[2];
        assert_int_equal(mnq_hist_init(&forward, C, sign, &arena), 0);
        for (int k = 0; k < 2; k++) assert_int_equal(mnq_hist_init(&split[k], C, sign, &arena), 0);
        fill(x, sign, 7);
        for (int i = 0; i < 10; i++) mnq_hist_add(&forward, x + i * 300 * C, 300);
        for (int i = 9; i >= 0; i--) mnq_hist_add(&split[i % 2], x + i * 300 * C, 300);
        mnq_hist_merge(&split[0], &split[1]);
        assert_same(&forward, &split[0]);
        mnq_arena_free(&arena);
    }
}

/* The estimate is compared with quantizing every value. */
static void noise_matches_quantization(void **state)
{
    (void)state;
    static float x[N * C];
    for (int sign = 0; sign < 2; sign++) {
        struct mnq_arena arena = {0};
        struct mnq_hist h;
        struct mnq_hist_sums s;
        fill(x, sign, 11);
        assert_int_equal(mnq_hist_init(&h, C, sign, &arena), 0);
        mnq_hist_add(&h, x, N);
        assert_int_equal(mnq_hist_sums_init(&s, &h, &arena), 0);
        for (int c = 0; c < C; c++) {
            double top = fmax((double)h.hi[c], -(double)h.lo[c]), power = 0;
            for (int i = 0; i < N; i++) power += (double)x[i * C + c] * (double)x[i * C + c] / N;
            assert_true(fabs(mnq_hist_power(&s, c) - power) < 0.01 * power);
            for (double part = 0.3; part < 1.1; part += 0.1) {
                double lo = sign ? -128 : 0, hi = sign ? 127 : 255, step = part * top / hi, e = 0;
                for (int i = 0; i < N; i++) {
                    double v = (double)x[i * C + c], q = fmin(fmax(floor(v / step + 0.5), lo), hi) * step;
                    e += (v - q) * (v - q) / N;
                }
                double got = mnq_hist_noise(&s, c, step, lo, hi);
                assert_true(fabs(got - e) < 0.15 * e);
            }
        }
        mnq_arena_free(&arena);
    }
}

static void quantiles_and_tails(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_hist h;
    struct mnq_hist_sums s;
    float x[1000];
    for (int i = 0; i < 1000; i++) x[i] = (float)(i + 1) / 1000.0f;
    assert_int_equal(mnq_hist_init(&h, 1, false, &arena), 0);
    mnq_hist_add(&h, x, 1000);
    assert_int_equal(mnq_hist_sums_init(&s, &h, &arena), 0);
    assert_true(fabs(mnq_hist_quantile(&s, 0, 0.9, true) - 0.9) < 0.003);
    assert_true(fabs(mnq_hist_quantile(&s, 0, 1, true) - 1) < 1e-9);
    assert_true(fabs(mnq_hist_outside(&s, 0, 0, 0.75) - 0.25) < 0.003);
    assert_true(mnq_hist_outside(&s, 0, 0, 1) == 0);
    assert_true(fabs(mnq_hist_mean(&h, 0) - 0.5005) < 1e-6);
    mnq_arena_free(&arena);
}

static void collapse_adds_channels(void **state)
{
    (void)state;
    static float x[N * C];
    struct mnq_arena arena = {0};
    struct mnq_hist h, one, direct;
    fill(x, true, 3);
    assert_int_equal(mnq_hist_init(&h, C, true, &arena), 0);
    assert_int_equal(mnq_hist_init(&direct, 1, true, &arena), 0);
    mnq_hist_add(&h, x, N);
    mnq_hist_add(&direct, x, N * C);
    assert_int_equal(mnq_hist_collapse(&h, &one, &arena), 0);
    assert_memory_equal(one.count, direct.count, (size_t)one.bins * sizeof *one.count);
    assert_int_equal(one.exp[0], direct.exp[0]);
    assert_true(one.lo[0] == direct.lo[0] && one.hi[0] == direct.hi[0] && one.zeros[0] == direct.zeros[0]);
    mnq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_order_gives_the_same_state),
                                       cmocka_unit_test(noise_matches_quantization), cmocka_unit_test(quantiles_and_tails),
                                       cmocka_unit_test(collapse_adds_channels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
