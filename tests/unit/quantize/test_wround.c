/* SPDX-License-Identifier: Apache-2.0
 * Weight rounding: nearest, step search. */
#include "quantize/wround.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { N = 24 };

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nearest_is_within_half_a_step),
                                       cmocka_unit_test(searched_step_is_no_worse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
