/* SPDX-License-Identifier: Apache-2.0
 * The sums that calibration is made of: right, and the same bits from every instruction set. */
#include "graph/fkernel/fkernel.h"

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
    int16_t a[LEN], b[ROWS * STRIDE];
    for (int narrow = 0; narrow < 2; narrow++)
        for (int len = 0; len <= LEN; len++) {
            const int limit = narrow ? 255 : 32767;
            for (int i = 0; i < LEN; i++) a[i] = random_s16(limit);
            for (int i = 0; i < ROWS * STRIDE; i++) b[i] = random_s16(limit);
            if (!narrow) a[0] = b[0] = b[STRIDE] = INT16_MIN; /* the largest product there is */
            int64_t want[ROWS];
            for (int k = 0; k < ROWS; k++) {
                want[k] = k;
                for (int i = 0; i < len; i++) want[k] += (int64_t)a[i] * b[k * STRIDE + i];
            }
            for (int v = 0; mnq_fkernels_at(v) != NULL; v++) {
                int64_t got[ROWS + 1] = {0, 1, 2, 3, 4, GUARD};
                mnq_fkernels_at(v)->products(a, b, STRIDE, ROWS, len, narrow != 0, got);
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
            int32_t want[LEN];
            for (int k = 0; k < c; k++) {
                want[k] = k;
                for (int p = 0; p < PIXELS; p++) want[k] += kind == 2 ? x16[p * c + k] : (int8_t)(x8[p * c + k] ^ flip);
            }
            for (int v = 0; mnq_fkernels_at(v) != NULL; v++) {
                int32_t got[LEN + 1];
                for (int k = 0; k <= c; k++) got[k] = k;
                mnq_fkernels_at(v)->sum_pixels(kind == 2 ? (const void *)x16 : x8, kind == 2, flip, PIXELS, c, got);
                assert_memory_equal(got, want, (size_t)c * sizeof *want);
                assert_int_equal(got[c], c);
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
    double x[ROWS * STRIDE], y[LEN], f[2 * ROWS];
    for (int i = 0; i < ROWS * STRIDE; i++) x[i] = rand() / 3e8;
    for (int n = 0; n <= LEN; n++)
        for (int k = 0; k <= ROWS; k++) {
            const size_t step = 1 + (size_t)(n % 2);
            for (int q = 0; q < 2 * ROWS; q++) f[q] = rand() / 1e9 - 1;
            for (int i = 0; i < LEN; i++) y[i] = rand() / 7e7;
            for (int v = 0; mnq_fkernels_at(v) != NULL; v++) {
                double got[LEN], want[LEN];
                memcpy(got, y, sizeof y);
                memcpy(want, y, sizeof y);
                for (int q = 0; q < k; q++) mnq_fkernels_c.axpy(want, x + q * STRIDE, f[(size_t)q * step], n);
                mnq_fkernels_at(v)->axpys(got, x, STRIDE, f, step, k, n);
                assert_memory_equal(got, want, sizeof want);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_sum_pixels),
        cmocka_unit_test(test_axpy),
        cmocka_unit_test(test_axpys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
