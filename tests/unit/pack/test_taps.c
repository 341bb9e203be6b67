/* SPDX-License-Identifier: Apache-2.0
 * Sums of what the taps of a window see, against a walk over every output. */
#include "pack/qrun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { SIDE = 9, C = 21, WINDOW = 5, STRIDE = 3 };

static int at_most(int n)
{
    return rand() % (n + 1);
}

static int value_at(const struct mnq_qtensor *t, const void *x, int i)
{
    if (t->dtype == MNQ_S16) return ((const int16_t *)x)[i];
    return t->dtype == MNQ_U8 ? ((const uint8_t *)x)[i] - 128 : ((const int8_t *)x)[i];
}

/* Any geometry: windows that hang over every side, strides beyond the window, outputs that leave input out. */
static void windows(void **state)
{
    (void)state;
    srand(5);
    for (int round = 0; round < 400; round++) {
        static int16_t x[SIDE * SIDE * C];
        int8_t pad[C];
        int32_t scratch[(STRIDE + 2) * C];
        int64_t got[WINDOW * WINDOW * C], want[WINDOW * WINDOW * C];
        struct mnq_qtensor t[2] = {{.shape = {1 + at_most(SIDE - 1), 1 + at_most(SIDE - 1), 1 + at_most(C - 1)}},
                                   {.shape = {1 + at_most(SIDE - 1), 1 + at_most(SIDE - 1), 1}}};
        struct mnq_qlayer l = {.op = MNQ_L_CONV, .in0 = 0, .out = 1, .pad = pad};
        struct mnq_qmodel q = {.tensor = t, .n_tensors = 2, .layer = &l, .n_layers = 1};
        const struct mnq_shape in = t[0].shape, out = t[1].shape;
        t[0].dtype = (enum mnq_dtype)(round % 3);
        l.kh = 1 + at_most(WINDOW - 1), l.kw = 1 + at_most(WINDOW - 1);
        l.sh = 1 + at_most(STRIDE - 1), l.sw = 1 + at_most(STRIDE - 1);
        l.pt = at_most(l.kh), l.pl = at_most(l.kw);
        for (int i = 0; i < SIDE * SIDE * C; i++) x[i] = (int16_t)(rand() - RAND_MAX / 2);
        for (int k = 0; k < C; k++) pad[k] = (int8_t)rand();
        for (int i = 0; i < WINDOW * WINDOW * C; i++) got[i] = want[i] = i;
        for (int tap = 0; tap < l.kh * l.kw; tap++)
            for (int o = 0; o < out.h * out.w; o++) {
                int y = o / out.w * l.sh + tap / l.kw - l.pt, z = o % out.w * l.sw + tap % l.kw - l.pl;
                bool inside = y >= 0 && y < in.h && z >= 0 && z < in.w;
                for (int k = 0; k < in.c; k++)
                    want[tap * in.c + k] += inside ? value_at(&t[0], x, (y * in.w + z) * in.c + k) : pad[k];
            }
        assert_true(mnq_qlayer_tap_scratch(&q, &l) <= sizeof scratch / sizeof *scratch);
        assert_int_equal(mnq_qlayer_tap_sums(&q, &l, x, got, scratch), out.h * out.w);
        assert_memory_equal(got, want, sizeof want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(windows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
