/* SPDX-License-Identifier: Apache-2.0
 * Cholesky factors against the matrices they come from. */
#include "quantize/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { MAX = 40 };

/* A random symmetric positive definite matrix B B^T + 0.1 I. */
static void make(double *a, int n)
{
    double b[MAX * MAX];
    for (int i = 0; i < n * n; i++) b[i] = (double)rand() / RAND_MAX - 0.5;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            a[i * n + j] = i == j ? 0.1 : 0;
            for (int k = 0; k < n; k++) a[i * n + j] += b[i * n + k] * b[j * n + k];
        }
}

static void inverse_factor(void **state)
{
    (void)state;
    srand(5);
    for (int n = 1; n <= MAX; n++) {
        double a[MAX * MAX], u[MAX * MAX];
        make(a, n);
        memcpy(u, a, (size_t)(n * n) * sizeof *u);
        assert_int_equal(mnq_inverse_cholesky(u, n), 0);
        for (int i = 0; i < n; i++) /* (U^T U) A = I */
            for (int j = 0; j < n; j++) {
                double s = 0;
                for (int k = 0; k < n; k++) {
                    double inv = 0;
                    for (int l = 0; l <= (i < k ? i : k); l++) inv += u[l * n + i] * u[l * n + k];
                    s += inv * a[k * n + j];
                }
                assert_true(fabs(s - (i == j)) < 1e-8);
            }
    }
}

static void solve(void **state)
{
    (void)state;
    srand(6);
    for (int n = 1; n <= MAX; n++) {
        double a[MAX * MAX], l[MAX * MAX], b[MAX], x[MAX];
        make(a, n);
        memcpy(l, a, (size_t)(n * n) * sizeof *l);
        for (int i = 0; i < n; i++) x[i] = b[i] = (double)rand() / RAND_MAX;
        assert_int_equal(mnq_cholesky(l, n), 0);
        mnq_cholesky_solve(l, n, x);
        for (int i = 0; i < n; i++) {
            double s = 0;
            for (int k = 0; k < n; k++) s += a[i * n + k] * x[k];
            assert_true(fabs(s - b[i]) < 1e-8);
        }
    }
}

static void indefinite_is_refused(void **state)
{
    (void)state;
    double a[4] = {1, 2, 2, 1}, b[4] = {1, 2, 2, 1}, nan[1] = {(double)NAN};
    assert_int_equal(mnq_cholesky(a, 2), -1);
    assert_int_equal(mnq_inverse_cholesky(b, 2), -1);
    assert_int_equal(mnq_inverse_cholesky(nan, 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(inverse_factor), cmocka_unit_test(solve),
                                       cmocka_unit_test(indefinite_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
