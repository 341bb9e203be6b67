/* SPDX-License-Identifier: Apache-2.0
 * Tables of activations: straight lines between 257 knots stay within a fraction of an 8-bit step of the function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/activation.h"
#include "quantize/act_table.h"

#include <math.h>

/* What the runtime makes of pre-activation t, NUMERICS.md section 3. */
static double value_at(const struct mnq_act_table *t, int32_t x)
{
    int32_t i = (x + 32768) >> 8, f = (x + 32768) & 255;
    return ldexp(256 * t->knot[i] + (t->knot[i + 1] - t->knot[i]) * f, -t->out_bits - 8);
}

/* Largest error in steps of the 8 bits that the values seen would get. */
static double worst_step(const struct mnq_node *nd, double pre_max)
{
    struct mnq_act_table t;
    double error = 0, lo = HUGE_VAL, hi = -HUGE_VAL;
    mnq_act_table_make(nd, pre_max, &t);
    for (int32_t x = -32768; x <= 32767; x += 5) {
        double real = ldexp(x, -t.in_bits), y = mnq_act_value(nd, 0, real);
        if (fabs(real) > pre_max) continue;
        lo = fmin(lo, y);
        hi = fmax(hi, y);
        error = fmax(error, fabs(value_at(&t, x) - y));
    }
    return hi > lo ? error / ((hi - lo) / 255) : 0;
}

static void stays_within_a_step(void **state)
{
    (void)state;
    static const double pre_max[] = {0.3, 1, 2.5, 6, 11, 30, 100};
    for (int act = MNQ_ACT_SIGMOID; act < MNQ_ACT_COUNT; act++) {
        struct mnq_node nd = {.act = (enum mnq_act)act, .act_alpha = 0.7f, .act_max = HUGE_VALF};
        if (!mnq_act_by_table(&nd)) continue;
        for (size_t i = 0; i < sizeof pre_max / sizeof *pre_max; i++) {
            if (act == MNQ_ACT_EXP && pre_max[i] > 6) continue;       /* of no use */
            if (act == MNQ_ACT_SOFTSIGN && pre_max[i] > 12) continue; /* neither straight nor flat: some steps at 30 */
            double steps = worst_step(&nd, pre_max[i]), limit = 0.5;
            if (!(steps < limit)) fail_msg("%s up to %g: %g steps", mnq_act_name(nd.act), pre_max[i], steps);
        }
    }
}

/* Beyond what was seen the last value holds, and a function of wide range still has a table. */
static void holds_at_the_ends(void **state)
{
    (void)state;
    struct mnq_node nd = {.act = MNQ_ACT_SIGMOID};
    struct mnq_act_table t;
    mnq_act_table_make(&nd, 1e6, &t);
    assert_true(value_at(&t, 32767) > 0.9999 && value_at(&t, -32768) < 1e-4);
    nd.act = MNQ_ACT_SQUARE;
    mnq_act_table_make(&nd, 3000, &t);
    assert_true(fabs(value_at(&t, 16384) / mnq_act_value(&nd, 0, ldexp(16384, -t.in_bits)) - 1) < 1e-3);
}

/* Straight lines need none. */
static void leaves_lines_alone(void **state)
{
    (void)state;
    static const enum mnq_act lines[] = {MNQ_ACT_NONE, MNQ_ACT_RELU, MNQ_ACT_RELU_MAX, MNQ_ACT_LEAKY, MNQ_ACT_PRELU};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_false(mnq_act_by_table(&(struct mnq_node){.act = lines[i], .act_max = HUGE_VALF}));
    assert_true(mnq_act_by_table(&(struct mnq_node){.act = MNQ_ACT_LEAKY, .act_threshold = 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_within_a_step),
        cmocka_unit_test(holds_at_the_ends),
        cmocka_unit_test(leaves_lines_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
