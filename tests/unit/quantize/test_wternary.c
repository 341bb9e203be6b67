/* SPDX-License-Identifier: Apache-2.0
 * Ternary rows: the step is that of all subsets, values lie on it, a Gram matrix makes them better, zeros stay zero. */
#include "quantize/wternary.h"

#include "quantize/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { N = 24, ROWS = 40 };

static double uniform(void)
{
    return (double)rand() / RAND_MAX * 2 - 1;
}

static double nearest(double w, double step)
{
    return fabs(w) > step / 2 ? copysign(step, w) : 0;
}

static double error_of(const double *w, const double *by, double step)
{
    double e = 0;
    for (int k = 0; k < N; k++) e += (by != NULL ? by[k] : 1) * pow(w[k] - nearest(w[k], step), 2);
    return e;
}

/* The least error over all steps: one of the means of the k largest weights, for some k. */
static double least_error(const double *w, const double *by)
{
    double least = HUGE_VAL;
    for (int edge = 0; edge < N; edge++) {
        double sum = 0, weight = 0;
        for (int k = 0; k < N; k++)
            if (fabs(w[k]) >= fabs(w[edge])) {
                sum += (by != NULL ? by[k] : 1) * fabs(w[k]);
                weight += by != NULL ? by[k] : 1;
            }
        if (sum > 0) least = fmin(least, error_of(w, by, sum / weight));
    }
    return least;
}

static void steps_are_the_best(void **state)
{
    (void)state;
    srand(3);
    double zero[N] = {0}, one[N] = {0};
    double found = 0, least = 0;
    for (int t = 0; t < 500; t++) {
        double w[N], h[N];
        for (int k = 0; k < N; k++) {
            w[k] = t % 2 ? uniform() : uniform() * uniform() * uniform();
            h[k] = fabs(uniform());
        }
        const double *by = t % 3 ? h : NULL;
        double e = error_of(w, by, mnq_wternary_step(w, by, N)), best = least_error(w, by);
        assert_true(e >= best * (1 - 1e-12) && e <= 1.2 * best);
        found += e;
        least += best;
    }
    assert_true(found <= 1.005 * least); /* few rows miss the best one */
    one[5] = -3;
    assert_true(mnq_wternary_step(zero, NULL, N) > 0);
    assert_true(fabs(mnq_wternary_step(one, NULL, N) - 3) < 1e-12);
}

/* A damped Gram matrix of inputs of which a few move together, and what sweeps need of it. */
static void make_gram(double *h, double *u)
{
    double x[64][N];
    for (int r = 0; r < 64; r++) {
        double common = 3 * uniform();
        for (int k = 0; k < N; k++) x[r][k] = uniform() + (k % 3 ? common : 0);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            h[i * N + j] = i == j ? 0.2 : 0;
            for (int r = 0; r < 64; r++) h[i * N + j] += x[r][i] * x[r][j] / 64;
        }
    memcpy(u, h, N * N * sizeof *u);
    assert_int_equal(mnq_inverse_cholesky(u, N), 0);
}

static double output_error(const double *h, const double *w, const double *v)
{
    double e = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) e += (w[i] - v[i]) * h[i * N + j] * (w[j] - v[j]);
    return e;
}

static void rows_know_their_inputs(void **state)
{
    (void)state;
    srand(4);
    double h[N * N], u[N * N], by[N], plain = 0, fitted = 0;
    make_gram(h, u);
    for (int k = 0; k < N; k++) by[k] = h[k * N + k];
    for (int t = 0; t < ROWS; t++) {
        double w[N], v[N], near[N], work[8 * N], step, off = 0;
        uint8_t zero[N];
        for (int k = 0; k < N; k++) {
            zero[k] = t % 4 == 1 && k % 5 == 0;
            w[k] = zero[k] ? 0 : t == 7 ? 0 : uniform();
        }
        step = mnq_wternary_step(w, by, N);
        for (int k = 0; k < N; k++) near[k] = nearest(w[k], step);
        plain += output_error(h, w, near);
        step = mnq_wternary_row(w, by, h, u, zero, N, v, work);
        fitted += output_error(h, w, v);
        assert_true(step > 0);
        for (int k = 0; k < N; k++) {
            assert_true(v[k] == 0 || fabs(fabs(v[k]) - step) <= 1e-12 * step);
            if (zero[k]) assert_true(v[k] == 0);
            near[k] = 1.01 * v[k];
        }
        off = output_error(h, w, near);
        assert_true(off >= output_error(h, w, v)); /* a larger step is no better, nor a smaller one */
        for (int k = 0; k < N; k++) near[k] = 0.99 * v[k];
        assert_true(output_error(h, w, near) >= output_error(h, w, v));
    }
    assert_true(fitted < 0.6 * plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_are_the_best), cmocka_unit_test(rows_know_their_inputs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
