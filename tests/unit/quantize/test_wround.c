/* SPDX-License-Identifier: Apache-2.0
 * Weight rounding: nearest, step search, second order. */
#include "quantize/linalg.h"
#include "quantize/wround.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { N = 24, ROWS = 200 };

static double uniform(void)
{
    return (double)rand() / RAND_MAX * 2 - 1;
}

static void nearest_is_within_half_a_step(void **state)
{
    (void)state;
    srand(1);
    double w[N];
    int16_t q[N];
    for (int k = 0; k < N; k++) w[k] = uniform();
    double step = mnq_wround_step(w, NULL, N, 127);
    mnq_wround_nearest(w, N, step, 127, q);
    for (int k = 0; k < N; k++) {
        assert_true(fabs(w[k] - q[k] * step) <= step / 2 + 1e-15);
        assert_in_range(q[k] + 127, 0, 254);
    }
    double zero[N] = {0};
    assert_true(mnq_wround_step(zero, NULL, N, 127) > 0);
}

static void searched_step_is_no_worse(void **state)
{
    (void)state;
    srand(2);
    for (int t = 0; t < 50; t++) {
        double w[N], h[N], e[2] = {0};
        int16_t q[N];
        for (int k = 0; k < N; k++) {
            w[k] = uniform() * uniform();
            h[k] = fabs(uniform());
        }
        for (int i = 0; i < 2; i++) {
            double step = mnq_wround_step(w, i == 0 ? NULL : h, N, 7);
            mnq_wround_nearest(w, N, step, 7, q);
            for (int k = 0; k < N; k++) e[i] += h[k] * (w[k] - q[k] * step) * (w[k] - q[k] * step);
        }
        assert_true(e[1] <= e[0]);
    }
}

/* Output error sum over rows x of (x . (w - q step))^2 must fall well below nearest rounding's on correlated inputs. */
static void second_order_beats_nearest(void **state)
{
    (void)state;
    srand(3);
    double total[2] = {0};
    for (int t = 0; t < 20; t++) {
        static double x[ROWS][N], g[N * N];
        double w[N], work[N];
        int16_t q[2][N];
        for (int r = 0; r < ROWS; r++) {
            double common = uniform();
            for (int k = 0; k < N; k++) x[r][k] = common + 0.3 * uniform();
        }
        memset(g, 0, sizeof g);
        for (int r = 0; r < ROWS; r++)
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++) g[i * N + j] += x[r][i] * x[r][j] / ROWS;
        for (int k = 0; k < N; k++) {
            g[k * N + k] += 1e-3;
            w[k] = uniform();
        }
        assert_int_equal(mnq_inverse_cholesky(g, N), 0);
        double step = mnq_wround_step(w, NULL, N, 7);
        mnq_wround_nearest(w, N, step, 7, q[0]);
        memcpy(work, w, sizeof w);
        mnq_wround_second_order(work, g, N, step, 7, q[1]);
        for (int i = 0; i < 2; i++)
            for (int r = 0; r < ROWS; r++) {
                double d = 0;
                for (int k = 0; k < N; k++) d += x[r][k] * (w[k] - q[i][k] * step);
                total[i] += d * d;
            }
    }
    assert_true(total[1] < 0.5 * total[0]);
}

/* With uncorrelated inputs there is nothing to spread: the same as nearest. */
static void second_order_on_identity_is_nearest(void **state)
{
    (void)state;
    srand(4);
    double g[N * N] = {0}, w[N], work[N];
    int16_t a[N], b[N];
    for (int k = 0; k < N; k++) {
        g[k * N + k] = 1;
        work[k] = w[k] = uniform();
    }
    assert_int_equal(mnq_inverse_cholesky(g, N), 0);
    double step = mnq_wround_step(w, NULL, N, 127);
    mnq_wround_nearest(w, N, step, 127, a);
    mnq_wround_second_order(work, g, N, step, 127, b);
    assert_memory_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_is_within_half_a_step), cmocka_unit_test(searched_step_is_no_worse),
        cmocka_unit_test(second_order_beats_nearest), cmocka_unit_test(second_order_on_identity_is_nearest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
