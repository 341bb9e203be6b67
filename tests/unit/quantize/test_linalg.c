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

/* In panels, and with many right sides at once: the bits of one after the other. */
static void panels_give_the_same_bits(void **state)
{
    (void)state;
    enum { RIGHT = 5, LARGE = 75, WIDE = 88 };
    static double a[LARGE * LARGE], l[LARGE * LARGE], v[MNQ_PANEL * WIDE], many[LARGE * RIGHT];
    srand(8);
    for (int n = 1; n <= LARGE; n += n < 35 ? 1 : 8) {
        double one[RIGHT][LARGE];
        assert_true(mnq_panel_stride(n) >= (size_t)n && mnq_panel_stride(n) <= WIDE && mnq_panel_stride(n) / 8 % 2 == 1);
        for (int i = 0; i < n; i++)
            for (int k = 0; k <= i; k++) a[i * n + k] = a[k * n + i] = (i == k ? n : 0) + (double)rand() / RAND_MAX;
        for (int c = 0; c < RIGHT; c++)
            for (int i = 0; i < n; i++) one[c][i] = many[i * RIGHT + c] = (double)rand() / RAND_MAX;
        memcpy(l, a, sizeof a);
        assert_int_equal(mnq_cholesky(a, n), 0);
        assert_int_equal(mnq_cholesky_panels(l, n, v), 0);
        for (int i = 0; i < n; i++) assert_memory_equal(a + i * n, l + i * n, (size_t)(i + 1) * sizeof *a);
        mnq_cholesky_solve_many(l, n, many, RIGHT);
        for (int c = 0; c < RIGHT; c++) {
            mnq_cholesky_solve(a, n, one[c]);
            for (int i = 0; i < n; i++) assert_true(one[c][i] == many[i * RIGHT + c]);
        }
    }
    double wrong[4] = {1, 2, 2, 1};
    assert_int_equal(mnq_cholesky_panels(wrong, 2, v), -1);
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
                                       cmocka_unit_test(panels_give_the_same_bits), cmocka_unit_test(indefinite_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
