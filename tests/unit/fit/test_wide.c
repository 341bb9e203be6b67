/* SPDX-License-Identifier: Apache-2.0
 * Which weights get 16 bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "wide.h"

enum { CHANNELS = 16, INPUT = 0, FIRST, DEPTHWISE, SECOND, THIRD, NODES };

static struct mnq_arena arena;
static struct builder b;
static double sensitivity[NODES + 1];
static size_t weights[NODES + 1];
static struct mnq_wformat format[NODES + 1];

static int setup(void **state)
{
    (void)state;
    builder_init(&b, &arena, 5);
    int x = conv(&b, input(&b, 4, 4, 3), CHANNELS, 1, 1, 0, false);
    x = dwconv(&b, x, 1, 3, 1, 1, false);
    x = conv(&b, conv(&b, x, CHANNELS, 1, 1, 0, false), CHANNELS, 1, 1, 0, false);
    assert_int_equal(x, THIRD);
    for (int i = 0; i < NODES; i++) {
        weights[i] = i == INPUT ? 0 : i == FIRST ? 3 * CHANNELS : i == DEPTHWISE ? 9 * CHANNELS : CHANNELS * CHANNELS;
        sensitivity[i] = i == INPUT ? 0 : i == THIRD ? 2e-3 : 1e-3;
        format[i] = MNQ_WFORMAT_INT8;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    return 0;
}

static void choose(enum mnq_wide wide, double budget, const char *bits)
{
    for (int i = 0; i < NODES; i++) format[i] = MNQ_WFORMAT_INT8;
    mnq_choose_wide(&b.g, sensitivity, weights, wide, budget, format);
    for (int i = FIRST; i < NODES; i++) assert_int_equal(format[i].bits, bits[i - FIRST] == 'w' ? 16 : 8);
}

static void budget_goes_where_it_gains_most(void **state)
{
    (void)state;
    choose(MNQ_WIDE_NONE, 1, "8888");
    choose(MNQ_WIDE_ALL, 0, "wwww");
    choose(MNQ_WIDE_AUTO, 0.05, "8888"); /* 35 bytes: no layer is as small */
    choose(MNQ_WIDE_AUTO, 0.1, "w888");
    choose(MNQ_WIDE_AUTO, 0.5, "w88w"); /* 352 bytes: most noise a byte first, then what fits */
    choose(MNQ_WIDE_AUTO, 1, "wwww");
}

static void little_noise_gets_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < NODES; i++) sensitivity[i] /= 10;
    choose(MNQ_WIDE_AUTO, 1, "8888");
    for (int i = 0; i < NODES; i++) sensitivity[i] *= 10;
}

/* One weight in eight pays for the bitmap. */
static void pruned_layers_stay_at_eight_bits(void **state)
{
    (void)state;
    enum { ALL = CHANNELS * CHANNELS };
    float *w = node(&b, THIRD)->w;
    for (int k = 0; k < ALL / 8; k++) w[k] = 0;
    choose(MNQ_WIDE_AUTO, 1, "wwww");
    w[ALL / 8] = 0;
    choose(MNQ_WIDE_AUTO, 1, "www8");
    choose(MNQ_WIDE_ALL, 0, "wwww");                                      /* asked for */
    for (int k = 0; k < 9 * CHANNELS; k++) node(&b, DEPTHWISE)->w[k] = 0; /* no sparse form */
    choose(MNQ_WIDE_AUTO, 1, "www8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(budget_goes_where_it_gains_most),
                                       cmocka_unit_test(little_noise_gets_nothing),
                                       cmocka_unit_test(pruned_layers_stay_at_eight_bits)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
