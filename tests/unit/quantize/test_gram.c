/* SPDX-License-Identifier: Apache-2.0
 * Gram matrices of integer activations: exact sums, order, any thread count. */
#include "quantize/gram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { N = 19, ROWS = 5003 };

static int16_t *make(int range)
{
    int16_t *x = malloc(ROWS * N * sizeof *x);
    assert_non_null(x);
    srand(9);
    for (int i = 0; i < ROWS * N; i++) x[i] = (int16_t)(rand() % range - 128);
    for (int r = 0; r < ROWS; r++) x[r * N + 4] = -128; /* a dead input */
    return x;
}

static void matches_direct_sums(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_gram g;
    struct mnq_err e = {0};
    int16_t *x = make(256);
    assert_int_equal(mnq_gram_make(x, ROWS, N, -128, true, true, 1, &g, &arena, &e), 0);
    for (int k = 0; k < N; k++) {
        double s = 0;
        for (int r = 0; r < ROWS; r++) s += (x[r * N + k] + 128.0) * (x[r * N + k] + 128.0);
        assert_true(fabs(g.diag[k] - s / ROWS) < 1e-6);
    }
    assert_true(g.diag[4] == 0);
    assert_int_equal(g.order[N - 1], 4);
    for (int k = 1; k < N; k++) assert_true(g.diag[g.order[k - 1]] >= g.diag[g.order[k]]);

    /* inverse(U^T U) is the damped covariance */
    double cov[N][N], trace = 0;
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++) {
            double s = 0, ma = 0, mb = 0;
            for (int r = 0; r < ROWS; r++) {
                double va = x[r * N + g.order[a]], vb = x[r * N + g.order[b]];
                s += va * vb / ROWS;
                ma += va / ROWS;
                mb += vb / ROWS;
            }
            cov[a][b] = s - ma * mb;
            if (a == b) trace += cov[a][b] / N;
        }
    for (int a = 0; a < N; a++) cov[a][a] += MNQ_GRAM_DAMPING * trace;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double s = 0;
            for (int k = 0; k < N; k++) {
                double inv = 0;
                for (int l = 0; l <= (i < k ? i : k); l++) inv += g.u[l * N + i] * g.u[l * N + k];
                s += inv * cov[k][j];
            }
            assert_true(fabs(s - (i == j)) < 1e-6);
        }
    free(x);
    mnq_arena_free(&arena);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_gram g[3];
    struct mnq_err e = {0};
    int16_t *x = make(256);
    for (int t = 0; t < 3; t++) assert_int_equal(mnq_gram_make(x, ROWS, N, 3, false, true, 1 + t, &g[t], &arena, &e), 0);
    for (int t = 1; t < 3; t++)
        for (int i = 0; i < N; i++) /* the lower triangle is undefined */
            assert_memory_equal(g[0].u + i * N + i, g[t].u + i * N + i, (size_t)(N - i) * sizeof *g[0].u);
    free(x);
    mnq_arena_free(&arena);
}

/* Targets' covariances are those of plain sums, for any number of threads. */
static void targets_match_direct_sums(void **state)
{
    (void)state;
    enum { OUT = 5 };
    struct mnq_arena arena = {0};
    struct mnq_gram g, again;
    struct mnq_err e = {0};
    int16_t *x = make(256);
    float *y = malloc(ROWS * OUT * sizeof *y);
    assert_non_null(y);
    for (int r = 0; r < ROWS; r++)
        for (int o = 0; o < OUT; o++)
            y[r * OUT + o] = (float)(100 + 0.25 * x[r * N + o] - 0.5 * x[r * N + o + 1] + rand() % 7);
    assert_int_equal(mnq_gram_make(x, ROWS, N, 3, true, true, 1, &g, &arena, &e), 0);
    again = g;
    assert_int_equal(mnq_gram_targets(x, y, ROWS, 3, OUT, 1, &g, &arena, &e), 0);
    assert_int_equal(mnq_gram_targets(x, y, ROWS, 3, OUT, 3, &again, &arena, &e), 0);
    assert_memory_equal(g.cross, again.cross, OUT * N * sizeof *g.cross);
    for (int o = 0; o < OUT; o++)
        for (int k = 0; k < N; k++) {
            double s = 0, mx = 0, my = 0;
            for (int r = 0; r < ROWS; r++) {
                double vx = x[r * N + g.order[k]], vy = (double)y[r * OUT + o];
                s += vx * vy / ROWS;
                mx += vx / ROWS;
                my += vy / ROWS;
            }
            assert_true(fabs(g.cross[o * N + k] - (s - mx * my)) < 1e-3 * fabs(s - mx * my) + 0.05);
        }
    free(x);
    free(y);
    mnq_arena_free(&arena);
}

static void no_rows(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_gram g;
    struct mnq_err e = {0};
    int16_t empty = 0;
    assert_int_equal(mnq_gram_make(&empty, 0, N, 0, true, true, 1, &g, &arena, &e), 0);
    assert_non_null(g.u); /* damping alone: identity up to scale */
    mnq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(matches_direct_sums), cmocka_unit_test(threads_change_nothing),
                                       cmocka_unit_test(targets_match_direct_sums), cmocka_unit_test(no_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
