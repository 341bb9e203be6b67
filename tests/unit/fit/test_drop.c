/* SPDX-License-Identifier: Apache-2.0
 * Expected loss of accuracy, and the temperature of probabilities. */
#include "drop.h"

#include <math.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void assert_close(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) fail_msg("%.9g, not %.9g", got, wanted);
}

/* Two of four samples change their first class. */
static void drop_is_the_probability_that_went(void **state)
{
    (void)state;
    const float want[] = {2, 0, 0, 0, 1, 0, 1, 0, 3, 0, 0, 1}, got[] = {0, 2, 0, 5, 6, 0, 7, 7, 8, 1, 0, 0};
    double first = (exp(2) - 1) / (exp(2) + 2), last = (exp(1) - 1) / (exp(1) + 2);
    assert_close(mnq_expected_drop(want, got, 4, 3, 1), 100 * (first + last) / 4, 1e-9);
    assert_close(mnq_expected_drop(want, want, 4, 3, 1), 0, 0);
    assert_close(mnq_expected_drop(want, got, 0, 3, 1), 0, 0);
    first = (exp(1) - 1) / (exp(1) + 2);
    last = (exp(0.5) - 1) / (exp(0.5) + 2);
    assert_close(mnq_expected_drop(want, got, 4, 3, 2), 100 * (first + last) / 4, 1e-9);
}

static void drop_of_a_logistic_output(void **state)
{
    (void)state;
    const float want[] = {1, -1}, got[] = {-0.5F, -3}; /* the first decision turns over */
    assert_close(mnq_expected_drop(want, got, 2, 1, 1), 100 * (2 / (1 + exp(-1)) - 1) / 2, 1e-9);
    assert_close(mnq_expected_drop(want, got, 2, 1, 4), 100 * (2 / (1 + exp(-0.25)) - 1) / 2, 1e-9);
}

/* Labels drawn from a softmax at a known temperature; then the same logits as decisions of one output. */
static void temperature_is_found(void **state)
{
    (void)state;
    enum { N = 40000, CLASSES = 4 };
    static float logits[N * CLASSES];
    static int label[N];
    for (int t = 0; t < 4; t++) {
        static const double wanted[] = {0.5, 1, 1.6, 3};
        for (int classes = 1; classes <= CLASSES; classes += 3) {
            srand(1);
            for (int s = 0; s < N; s++) {
                float *v = logits + s * classes;
                double p[CLASSES], sum = 0, u = rand() / (RAND_MAX + 1.0);
                for (int c = 0; c < classes; c++) v[c] = (float)(12.0 * rand() / RAND_MAX - 6);
                for (int c = 0; c < classes; c++) sum += p[c] = exp((double)v[c] / wanted[t]);
                if (classes == 1) {
                    label[s] = u < 1 / (1 + exp(-(double)v[0] / wanted[t]));
                    continue;
                }
                for (label[s] = 0; label[s] < classes - 1 && u >= p[label[s]] / sum; label[s]++) u -= p[label[s]] / sum;
            }
            assert_close(mnq_fit_temperature(logits, label, N, classes), wanted[t], 0.06 * wanted[t]);
        }
    }
}

static void labels_of_something_else_are_ignored(void **state)
{
    (void)state;
    const float logits[] = {5, 0, 0, 0, 5, 0, 0, 0, 5};
    const int other[] = {1, 2, 2}, none[] = {-1, -1, -1}, right[] = {0, 1, 2};
    assert_close(mnq_fit_temperature(logits, other, 3, 3), 1, 0);
    assert_close(mnq_fit_temperature(logits, none, 3, 3), 1, 0);
    assert_close(mnq_fit_temperature(logits, right, 3, 3), 0.25, 1e-6); /* the least there is */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(drop_is_the_probability_that_went),
                                       cmocka_unit_test(drop_of_a_logistic_output), cmocka_unit_test(temperature_is_found),
                                       cmocka_unit_test(labels_of_something_else_are_ignored)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
