/* SPDX-License-Identifier: Apache-2.0
 * Grids and binary bases: the sweep's error is the quadratic form it claims, and better than rounding each weight alone. */
#include "quantize/linalg.h"
#include "quantize/wbinary.h"
#include "quantize/wgrid.h"
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

static void assert_close(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) fail_msg("got %.17g, wanted %.17g", got, wanted);
}

static double uniform(void)
{
    return (double)rand() / RAND_MAX * 2 - 1;
}

/* A Gram matrix of correlated inputs, and the factor of its inverse. */
static void make_gram(double *h, double *u, double common)
{
    static double x[ROWS][N];
    for (int r = 0; r < ROWS; r++) {
        double shared = uniform();
        for (int k = 0; k < N; k++) x[r][k] = common * shared + 0.3 * uniform();
    }
    memset(h, 0, N * N * sizeof *h);
    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) h[i * N + j] += x[r][i] * x[r][j] / ROWS;
    for (int k = 0; k < N; k++) h[k * N + k] += 1e-3;
    memcpy(u, h, N * N * sizeof *u);
    assert_int_equal(mnq_inverse_cholesky(u, N), 0);
}

/* (a - b)^T h (a - b) */
static double distance(const double *a, const double *b, const double *h)
{
    double e = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) e += (a[i] - b[i]) * h[i * N + j] * (a[j] - b[j]);
    return e;
}

static void random_row(double *w)
{
    for (int k = 0; k < N; k++) w[k] = uniform() * uniform();
}

static void nearest_value_of_a_grid(void **state)
{
    (void)state;
    struct mnq_grid g = {.step = 0.5, .qmax = 7}, list = {.levels = 4, .level = {-3, -1, 1, 3}};
    assert_close(mnq_grid_nearest(&g, 1.25), 1.5, 1e-12); /* halves away from zero */
    assert_close(mnq_grid_nearest(&g, -1.25), -1.5, 1e-12);
    assert_close(mnq_grid_nearest(&g, 99), 3.5, 1e-12);
    assert_close(mnq_grid_nearest(&g, 0.2), 0, 1e-12);
    assert_close(mnq_grid_nearest(&list, 0.2), 1, 1e-12);
    assert_close(mnq_grid_nearest(&list, -9), -3, 1e-12);
}

static void sweep_reports_its_error_and_beats_nearest(void **state)
{
    (void)state;
    double h[N * N], u[N * N], w[N], lanes[2][N], error[2], total[2] = {0};
    srand(3);
    for (int t = 0; t < 20; t++) {
        int16_t q[N];
        double nearest[N];
        make_gram(h, u, 1);
        for (int k = 0; k < N; k++) w[k] = uniform();
        double step = mnq_wround_step(w, NULL, N, 7);
        struct mnq_grid grid[2] = {{.step = step, .qmax = 7}, {.step = 0.8 * step, .qmax = 7}};
        for (int l = 0; l < 2; l++) memcpy(lanes[l], w, sizeof w);
        mnq_grid_sweep(lanes[0], u, NULL, 0, N, 2, grid, error);
        mnq_wround_nearest(w, N, step, 7, q);
        for (int k = 0; k < N; k++) nearest[k] = q[k] * step;
        for (int l = 0; l < 2; l++) {
            assert_close(error[l] / distance(w, lanes[l], h), 1, 1e-9);
            for (int k = 0; k < N; k++)
                assert_close(lanes[l][k], mnq_grid_nearest(&grid[l], lanes[l][k]), 1e-12); /* on the grid */
        }
        total[0] += distance(w, nearest, h);
        total[1] += error[0];
    }
    assert_true(total[1] < 0.5 * total[0]);
}

/* With uncorrelated inputs there is nothing to spread. */
static void sweep_on_identity_is_nearest(void **state)
{
    (void)state;
    double u[N * N] = {0}, w[N], out[N], error;
    srand(4);
    for (int k = 0; k < N; k++) {
        u[k * N + k] = 1;
        out[k] = w[k] = uniform();
    }
    struct mnq_grid g = {.step = 0.1, .qmax = 7};
    mnq_grid_sweep(out, u, NULL, 0, N, 1, &g, &error);
    for (int k = 0; k < N; k++) assert_close(out[k], mnq_grid_nearest(&g, w[k]), 1e-12);
}

static void pruned_weights_stay_zero(void **state)
{
    (void)state;
    double h[N * N], u[N * N], w[N], out[N], error;
    uint8_t zero[N] = {0};
    srand(5);
    make_gram(h, u, 1);
    random_row(w);
    for (int k = 0; k < N; k += 3) {
        zero[k] = 1;
        w[k] = 0;
    }
    memcpy(out, w, sizeof w);
    struct mnq_grid g = {.step = 0.05, .qmax = 127};
    mnq_grid_sweep(out, u, zero, 0, N, 1, &g, &error);
    for (int k = 0; k < N; k += 3) assert_true(out[k] == 0);
    assert_close(error / distance(w, out, h), 1, 1e-9);
}

/* ---- binary ---- */

static void binary_rows_are_sums_of_signs(void **state)
{
    (void)state;
    double h[N * N], u[N * N], w[N], value[N], coef[MNQ_WBINARY_MAX], work[(MNQ_WBINARY_MAX + 8) * N];
    srand(6);
    for (int bases = 1; bases <= MNQ_WBINARY_MAX; bases++)
        for (int t = 0; t < 20; t++) {
            make_gram(h, u, t % 2);
            random_row(w);
            double e = mnq_wbinary_row(w, h, u, N, bases, MNQ_BINARY_FIT, coef, value, work);
            assert_true(fabs(e - distance(w, value, h)) <= 1e-9 + 1e-6 * e);
            for (int k = 0; k < N; k++) {
                double sum = 0;
                for (int m = 0; m < bases; m++) sum += coef[m] * mnq_wbinary_sign(coef, bases, value[k], m);
                assert_close(sum, value[k], 1e-9);
            }
            for (int m = 0; m < bases; m++) assert_true(coef[m] > 0 && (m == 0 || coef[m] <= coef[m - 1]));
        }
}

/* More bases never hurt much, and the fit is never worse than mean |w|, nor than the uniform grid of as many levels. */
static void fit_is_no_worse_than_mean_or_uniform(void **state)
{
    (void)state;
    double h[N * N], u[N * N], w[N], value[N], coef[MNQ_WBINARY_MAX], work[(MNQ_WBINARY_MAX + 8) * N];
    srand(7);
    for (int t = 0; t < 60; t++) {
        make_gram(h, u, t % 3 * 0.5);
        random_row(w);
        int bases = 1 + t % MNQ_WBINARY_MAX;
        double fit = mnq_wbinary_row(w, h, u, N, bases, MNQ_BINARY_FIT, coef, value, work), top = 0, error, best = HUGE_VAL;
        mnq_wbinary_row(w, NULL, NULL, N, bases, MNQ_BINARY_MEAN, coef, value, work);
        assert_true(fit <= distance(w, value, h) * (1 + 1e-9));
        for (int k = 0; k < N; k++) top = fmax(top, fabs(w[k]));
        for (int i = 0; i < 4; i++) { /* the mid-rise grid with its ends at 1, 0.8, 0.6, 0.4 of the largest weight */
            struct mnq_grid g = {.levels = 1 << bases};
            for (int l = 0; l < g.levels; l++) g.level[l] = top * (1 - 0.2 * i) * (2.0 * l / (g.levels - 1) - 1);
            memcpy(value, w, sizeof w);
            mnq_grid_sweep(value, u, NULL, 0, N, 1, &g, &error);
            best = fmin(best, error);
        }
        assert_true(fit <= best * (1 + 1e-9));
    }
}

static void zero_row_is_finite(void **state)
{
    (void)state;
    double h[N * N], u[N * N], w[N] = {0}, value[N], coef[MNQ_WBINARY_MAX], work[(MNQ_WBINARY_MAX + 8) * N];
    srand(8);
    make_gram(h, u, 1);
    for (int bases = 1; bases <= MNQ_WBINARY_MAX; bases++) {
        double e = mnq_wbinary_row(w, h, u, N, bases, MNQ_BINARY_FIT, coef, value, work);
        assert_true(isfinite(e) && e < 1e-6);
        for (int m = 0; m < bases; m++) assert_true(coef[m] > 0 && isfinite(coef[m]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nearest_value_of_a_grid),
                                       cmocka_unit_test(sweep_reports_its_error_and_beats_nearest),
                                       cmocka_unit_test(sweep_on_identity_is_nearest),
                                       cmocka_unit_test(pruned_weights_stay_zero),
                                       cmocka_unit_test(binary_rows_are_sums_of_signs),
                                       cmocka_unit_test(fit_is_no_worse_than_mean_or_uniform),
                                       cmocka_unit_test(zero_row_is_finite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
