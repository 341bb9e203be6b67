/* SPDX-License-Identifier: Apache-2.0
 * The sums that calibration is made of: right, and the same bits from every instruction set. */
#include "graph/fkernel/fkernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { LEN = 70, ROWS = 5, STRIDE = 80, GUARD = 77 };

static int16_t random_s16(int limit)
{
    return (int16_t)(rand() % (2 * limit + 1) - limit);
}

static void test_products(void **state)
{
    (void)state;
    static const int limits[] = {0, 255, 8192, 23170, 32768};
    int16_t a[LEN], b[ROWS * STRIDE];
    for (size_t l = 0; l < sizeof limits / sizeof *limits; l++)
        for (int len = 0; len <= LEN; len++) {
            const int limit = limits[l], most = limit > 32767 ? 32767 : limit;
            for (int i = 0; i < LEN; i++) a[i] = len % 3 == 0 ? (int16_t)-limit : random_s16(most);
            for (int i = 0; i < ROWS * STRIDE; i++) b[i] = len % 3 == 0 ? (int16_t)-limit : random_s16(most);
            int64_t want[ROWS];
            for (int k = 0; k < ROWS; k++) {
                want[k] = k;
                for (int i = 0; i < len; i++) want[k] += (int64_t)a[i] * b[k * STRIDE + i];
            }
            for (int v = 0; mnq_fkernels_at(v) != NULL; v++) {
                int64_t got[ROWS + 1] = {0, 1, 2, 3, 4, GUARD};
                mnq_fkernels_at(v)->products(a, b, STRIDE, ROWS, len, limit, got);
                assert_memory_equal(got, want, sizeof want);
                assert_int_equal(got[ROWS], GUARD);
            }
        }
}

static void test_sum_pixels(void **state)
{
    (void)state;
    enum { PIXELS = 9 };
    int16_t x16[PIXELS * LEN];
    uint8_t x8[PIXELS * LEN];
    for (int i = 0; i < PIXELS * LEN; i++) {
        x16[i] = random_s16(32767);
        x8[i] = (uint8_t)rand();
    }
    for (int c = 1; c <= LEN; c++)
        for (int kind = 0; kind < 3; kind++) { /* int8, uint8, int16 */
            const uint8_t flip = kind == 1 ? 0x80 : 0;
            const size_t apart = (size_t)(c + (LEN - c) * (c % 2));
            const struct mnq_fpixels d = {1 + c % PIXELS, c, apart, kind == 2, flip};
            int32_t want[LEN];
            for (int k = 0; k < c; k++) {
                want[k] = k;
                for (size_t p = 0; p < (size_t)d.n; p++)
                    want[k] += kind == 2 ? x16[p * apart + (size_t)k] : (int8_t)(x8[p * apart + (size_t)k] ^ flip);
            }
            for (int v = 0; mnq_fkernels_at(v) != NULL; v++) {
                int32_t got[LEN + 1];
                for (int k = 0; k <= c; k++) got[k] = k;
                mnq_fkernels_at(v)->sum_pixels(&d, kind == 2 ? (const void *)x16 : x8, got);
                assert_memory_equal(got, want, (size_t)c * sizeof *want);
                assert_int_equal(got[c], c);
            }
        }
}

/* What histograms are made of, with zeros of both signs, infinities and what is not a number. */
static void test_bins(void **state)
{
    (void)state;
    enum { APART = MNQ_FTOGETHER + 3 };
    static float x[MNQ_FSLICE * APART];
    for (int n = 0; n <= MNQ_FSLICE; n += n < 9 ? 1 : 13) {
        struct mnq_fbins b;
        for (int i = 0; i < MNQ_FSLICE * APART; i++)
            x[i] = rand() % 3 == 0 ? 0 : rand() % 50 == 0 ? -0.0F : (float)(rand() / 1e8 - 10);
        for (int i = 0; i < n; i++)
            if (i % 7 == 3) x[i * APART + i % MNQ_FTOGETHER / 3 * 3] = i % 3 == 0 ? INFINITY : i % 3 == 1 ? -INFINITY : NAN;
        for (int v = 0; mnq_fkernels_at(v) != NULL; v++) {
            float lo[MNQ_FTOGETHER] = {0}, hi[MNQ_FTOGETHER] = {0};
            double sum[MNQ_FTOGETHER] = {1, 2, 3};
            static int16_t bin[MNQ_FTOGETHER][MNQ_FSLICE];
            int32_t zeros[MNQ_FTOGETHER];
            mnq_fkernels_at(v)->extremes(x, APART, n, lo, hi, sum);
            for (int c = 0; c < MNQ_FTOGETHER; c++) {
                b.lo[c] = c % 2 == 0 ? fmaxf(lo[c], -1e30F) : 0;
                b.hi[c] = fminf(hi[c], 1e30F);
                b.inv[c] = c % 3 == 0 ? 1e-28F : 8;
            }
            mnq_fkernels_at(v)->bins(x, APART, n, &b, bin, zeros);
            for (int c = 0; c < MNQ_FTOGETHER; c++) {
                float least = 0, most = 0;
                double total = c < 3 ? c + 1 : 0;
                int none = 0;
                for (int i = 0; i < n; i++) {
                    float a = x[i * APART + c];
                    least = a < least ? a : least;
                    most = a > most ? a : most;
                    total += (double)a;
                    float in = a < b.lo[c] ? b.lo[c] : !(a <= b.hi[c]) ? b.hi[c] : a;
                    none += !(in < 0) && !(in > 0);
                    assert_int_equal(bin[c][i], !(in < 0) && !(in > 0) ? INT16_MIN : (int)floorf(in * b.inv[c]));
                }
                assert_memory_equal(&lo[c], &least, sizeof least);
                assert_memory_equal(&hi[c], &most, sizeof most);
                assert_true(memcmp(&sum[c], &total, sizeof total) == 0 || (isnan(sum[c]) && isnan(total)));
                assert_int_equal(zeros[c], none);
            }
        }
    }
}

static void test_axpy(void **state)
{
    (void)state;
    double x[LEN], y[LEN];
    for (int n = 0; n <= LEN; n++) {
        const double f = rand() / 1e9 - 1;
        for (int i = 0; i < LEN; i++) {
            x[i] = rand() / 3e8;
            y[i] = rand() / 7e7;
        }
        for (int v = 0; mnq_fkernels_at(v) != NULL; v++) {
            double got[LEN];
            memcpy(got, y, sizeof y);
            mnq_fkernels_at(v)->axpy(got, x, f, n);
            for (int i = 0; i < LEN; i++) assert_true(got[i] == (i < n ? y[i] - f * x[i] : y[i]));
        }
    }
}

static void test_axpys(void **state)
{
    (void)state;
    enum { LANES = 6 };
    double x[ROWS * STRIDE], y[LANES * LEN], f[LANES * (ROWS + 1)];
    for (int i = 0; i < ROWS * STRIDE; i++) x[i] = rand() / 3e8;
    for (int n = 0; n <= LEN; n++)
        for (int k = 0; k <= ROWS; k++) {
            const struct mnq_faxpys d = {1 + (n + k) % LANES, k, n, LEN, n % 2 != 0 ? STRIDE : -STRIDE, ROWS + 1};
            const double *first = n % 2 != 0 || k == 0 ? x : x + (k - 1) * STRIDE; /* rows may be read backwards */
            for (int q = 0; q < LANES * (ROWS + 1); q++) f[q] = rand() / 1e9 - 1;
            for (int i = 0; i < LANES * LEN; i++) y[i] = rand() / 7e7;
            for (int v = 0; mnq_fkernels_at(v) != NULL; v++) {
                double got[LANES * LEN], want[LANES * LEN];
                memcpy(got, y, sizeof y);
                memcpy(want, y, sizeof y);
                for (int r = 0; r < d.rows; r++)
                    for (int q = 0; q < k; q++)
                        mnq_fkernels_c.axpy(want + r * LEN, first + q * d.x_stride, f[r * (ROWS + 1) + q], n);
                mnq_fkernels_at(v)->axpys(&d, got, first, f);
                assert_memory_equal(got, want, sizeof want);
            }
        }
}

/* Sums in the order of k, nothing written beyond the columns, and below the diagonal the same when only that is wanted. */
static void test_outer(void **state)
{
    (void)state;
    enum { MOST = 17 };
    double u[ROWS * STRIDE], v[ROWS * STRIDE], a[MOST * STRIDE];
    for (int i = 0; i < ROWS * STRIDE; i++) {
        u[i] = rand() / 1e9 - 1;
        v[i] = rand() / 3e8;
    }
    for (int i = 0; i < MOST * STRIDE; i++) a[i] = rand() / 7e7;
    for (int n = 0; n <= LEN; n++)
        for (int k = 0; k <= ROWS; k++) {
            struct mnq_fouter o = {.rows = 1 + (n + k) % MOST, .cols = n, .k = k, .plus = k % 2 != 0, .lower = n % 3 == 0};
            o.a_stride = o.u_stride = o.v_stride = STRIDE;
            for (int t = 0; mnq_fkernels_at(t) != NULL; t++) {
                double got[MOST * STRIDE];
                memcpy(got, a, sizeof a);
                mnq_fkernels_at(t)->outer(&o, got, u, v);
                for (int i = 0; i < MOST; i++)
                    for (int j = 0; j < STRIDE; j++) {
                        double want = a[i * STRIDE + j];
                        bool in = i < o.rows && j < n;
                        if (in && o.lower && j > i + n - o.rows) continue;
                        for (int q = 0; in && q < k; q++) {
                            double x = u[q * STRIDE + i] * v[q * STRIDE + j];
                            want = o.plus ? want + x : want - x;
                        }
                        assert_true(got[i * STRIDE + j] == want);
                    }
            }
        }
}

/* The same in single precision. */
static void test_outer_f(void **state)
{
    (void)state;
    enum { MOST = 17, WIDE = 150, APART = 160 }; /* AVX2 takes six rows and 64 columns at a time */
    float u[ROWS * APART], v[ROWS * APART], a[MOST * APART];
    for (int i = 0; i < ROWS * APART; i++) {
        u[i] = (float)(rand() / 1e9 - 1);
        v[i] = (float)(rand() / 3e8);
    }
    for (int i = 0; i < MOST * APART; i++) a[i] = (float)(rand() / 7e7);
    for (int n = 0; n <= WIDE; n += n < 40 ? 1 : 5)
        for (int k = 0; k <= ROWS; k++) {
            struct mnq_fouter o = {.rows = 1 + (n + k) % MOST, .cols = n, .k = k, .plus = k % 2 != 0, .lower = n % 3 == 0};
            o.a_stride = o.u_stride = o.v_stride = APART;
            for (int t = 0; mnq_fkernels_at(t) != NULL; t++) {
                float got[MOST * APART];
                memcpy(got, a, sizeof a);
                mnq_fkernels_at(t)->outer_f(&o, got, u, v);
                for (int i = 0; i < MOST; i++)
                    for (int j = 0; j < APART; j++) {
                        float want = a[i * APART + j];
                        bool in = i < o.rows && j < n;
                        if (in && o.lower && j > i + n - o.rows) continue;
                        for (int q = 0; in && q < k; q++) {
                            float x = u[q * APART + i] * v[q * APART + j];
                            want = o.plus ? want + x : want - x;
                        }
                        assert_true(got[i * APART + j] == want);
                    }
            }
        }
}

static void test_dots(void **state)
{
    (void)state;
    enum { MOST = 9, VALUES = 64 };
    float x[MOST * STRIDE], y[STRIDE];
    for (int i = 0; i < MOST * STRIDE; i++) x[i] = (float)(rand() / 1e9 - 1);
    for (int i = 0; i < STRIDE; i++) y[i] = (float)(rand() / 7e8);
    for (int n = 0; n <= MOST; n++)
        for (int len = 0; len <= VALUES; len += MNQ_FLANES)
            for (int t = 0; mnq_fkernels_at(t) != NULL; t++) {
                double got[MOST];
                for (int k = 0; k < MOST; k++) got[k] = k;
                mnq_fkernels_at(t)->dots(y, x, STRIDE, n, len, got);
                for (int k = 0; k < MOST; k++) {
                    float lane[MNQ_FLANES] = {0}, total = 0;
                    for (int p = 0; p < len; p++) lane[p % MNQ_FLANES] += x[k * STRIDE + p] * y[p];
                    for (int l = 0; l < MNQ_FLANES; l++) total += lane[l];
                    assert_true(got[k] == (k < n ? k + (double)total : k));
                }
            }
}

static void test_remove(void **state)
{
    (void)state;
    float v[LEN], w[LEN], diagonal[LEN];
    for (int n = 0; n < LEN; n++) {
        for (int i = 0; i < LEN; i++) {
            v[i] = (float)(rand() / 1e9 - 1);
            w[i] = (float)(rand() / 7e7);
            diagonal[i] = (float)(rand() / 1e9);
        }
        const float f = (float)(rand() / 1e9), inv = 0.75f;
        for (int t = 0; mnq_fkernels_at(t) != NULL; t++) {
            float a[LEN], d[LEN], price[LEN];
            memcpy(a, w, sizeof w);
            memcpy(d, diagonal, sizeof d);
            for (int i = 0; i < LEN; i++) price[i] = -1;
            mnq_fkernels_at(t)->remove(v, f, inv, n, a, d, price);
            for (int i = 0; i < LEN; i++) {
                float x = w[i], left = diagonal[i], cost = -1;
                if (i < n) {
                    x -= v[i] * f;
                    left -= v[i] * v[i] * inv;
                    cost = left > 0 ? x * x / left : 0;
                }
                assert_true(a[i] == x && d[i] == left && price[i] == cost);
            }
        }
    }
}

static void test_least(void **state)
{
    (void)state;
    float x[LEN];
    for (int n = 1; n <= LEN; n++)
        for (int round = 0; round < 20; round++) {
            int want = 0;
            for (int i = 0; i < LEN; i++) x[i] = (float)(rand() % (round + 1) - round / 2); /* many alike */
            for (int i = 1; i < n; i++)
                if (x[i] < x[want]) want = i;
            for (int t = 0; mnq_fkernels_at(t) != NULL; t++) assert_int_equal(mnq_fkernels_at(t)->least(x, n), want);
        }
}

static void test_round_noise(void **state)
{
    (void)state;
    enum { TRIED = 2 * MNQ_FSTEPS };
    double w[LEN], importance[LEN], step[TRIED], inv[TRIED], got[TRIED];
    const struct mnq_fsteps s = {TRIED, step, inv};
    for (int n = 0; n <= LEN; n++) {
        const int qmax = n % 3 == 0 ? 7 : n % 3 == 1 ? 127 : 32767;
        for (int k = 0; k < LEN; k++) {
            w[k] = k % 7 == 0 ? 0.5 * (k - 20) : rand() / 1e9 - 1; /* halves of steps too */
            importance[k] = rand() / 1e9;
        }
        for (int i = 0; i < TRIED; i++) {
            step[i] = i == 0 ? 1 : i == 1 ? 0.25 : 0.01 + rand() / 2e10;
            inv[i] = 1 / step[i];
        }
        for (int v = 0; mnq_fkernels_at(v) != NULL; v++) {
            mnq_fkernels_at(v)->round_noise(w, importance, n, qmax, &s, got);
            for (int i = 0; i < TRIED; i++) {
                double want = 0;
                for (int k = 0; k < n; k++) {
                    double q = fmin(floor(fabs(w[k] * inv[i]) + 0.5), qmax);
                    double d = w[k] - step[i] * (w[k] < 0 ? -q : q);
                    want += importance[k] * d * d;
                }
                assert_true(got[i] == want);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products), cmocka_unit_test(test_sum_pixels),  cmocka_unit_test(test_bins),
        cmocka_unit_test(test_axpy),     cmocka_unit_test(test_axpys),       cmocka_unit_test(test_outer),
        cmocka_unit_test(test_outer_f),  cmocka_unit_test(test_remove),      cmocka_unit_test(test_dots),
        cmocka_unit_test(test_least),    cmocka_unit_test(test_round_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
