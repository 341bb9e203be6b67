/* SPDX-License-Identifier: Apache-2.0
 * Recipes: defaults, round trip, every fault with its place. */
#include "recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void defaults(void **state)
{
    (void)state;
    struct mnq_recipe r;
    struct mnq_calib_opts want, got;
    memset(&want, 0, sizeof want);
    mnq_calib_defaults(&want);
    mnq_recipe_defaults(&r);
    got = mnq_recipe_calib(&r, want.threads);
    assert_int_equal(got.observer, want.observer);
    assert_int_equal(got.act_scale, want.act_scale);
    assert_int_equal(got.rounding, want.rounding);
    assert_int_equal(got.wide, want.wide);
    assert_int_equal(got.wide_activations, want.wide_activations);
    assert_int_equal(got.bias_correction, want.bias_correction);
    assert_int_equal(got.shrink, want.shrink);
    assert_int_equal(got.samples, want.samples);
    assert_memory_equal(&got.percentile, &want.percentile, sizeof want.percentile);
    assert_memory_equal(&got.wide_budget, &want.wide_budget, sizeof want.wide_budget);
}

static void round_trip(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_recipe a, b;
    mnq_recipe_defaults(&a);
    a.preprocess = "0.1,0.2,0.3:-1 \"\\ \x01";
    a.observer = MNQ_OBS_KL;
    a.act_scale = MNQ_SCALE_TENSOR;
    a.rounding = MNQ_ROUND_NEAREST;
    a.wide = MNQ_WIDE_ALL;
    a.wide_activations = MNQ_WIDE_NONE;
    a.bias_correction = !a.bias_correction;
    a.shrink = !a.shrink;
    a.percentile = 99.123456789012345;
    a.wide_budget = 1.0 / 3;
    a.samples = 17;
    a.resize = MNQ_RESIZE_CROP;
    a.filter = MNQ_FILTER_TF;
    a.resolution = 160;
    char *text = mnq_recipe_text(&a, &arena);
    assert_non_null(text);
    mnq_recipe_defaults(&b);
    if (mnq_recipe_parse("r.yaml", text, strlen(text), &b, &arena, &e) != 0) fail_msg("%s\n%s", e.msg, text);
    assert_string_equal(a.preprocess, b.preprocess);
    char *again = mnq_recipe_text(&b, &arena);
    assert_string_equal(text, again);
    assert_memory_equal(&a.wide_budget, &b.wide_budget, sizeof a.wide_budget);
    mnq_arena_free(&arena);
}

static void partial(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_recipe r, d;
    static const char text[] = "# a comment\nobserver: minmax\nbias-correction: false\n";
    mnq_recipe_defaults(&r);
    mnq_recipe_defaults(&d);
    assert_int_equal(mnq_recipe_parse("r.yaml", text, strlen(text), &r, &arena, &e), 0);
    assert_int_equal(r.observer, MNQ_OBS_MINMAX);
    assert_int_equal(r.bias_correction, 0);
    assert_int_equal(r.rounding, d.rounding);
    assert_int_equal(mnq_recipe_parse("r.yaml", "", 0, &r, &arena, &e), 0); /* empty: nothing changes */
    assert_int_equal(r.observer, MNQ_OBS_MINMAX);
    mnq_arena_free(&arena);
}

static void fails(const char *text, const char *start)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_recipe r;
    mnq_recipe_defaults(&r);
    assert_int_equal(mnq_recipe_parse("r.yaml", text, strlen(text), &r, &arena, &e), -1);
    assert_int_equal(e.code, MNQ_EXIT_USAGE);
    if (strncmp(e.msg, start, strlen(start)) != 0) fail_msg("'%s' does not start with '%s'", e.msg, start);
    mnq_arena_free(&arena);
}

static void faults(void **state)
{
    (void)state;
    fails("observer: minmax\nobservr: kl\n", "r.yaml:2:1: ");
    fails("observer: best\n", "r.yaml:1:11: observer: ");
    fails("percentile: 101\n", "r.yaml:1:13: percentile: ");
    fails("percentile: [1]\n", "r.yaml:1:13: percentile: ");
    fails("\n\nsamples: 0\n", "r.yaml:3:10: samples: ");
    fails("samples: 1.5\n", "r.yaml:1:10: samples: ");
    fails("- observer\n", "r.yaml:1:1: ");
    fails("observer: mse\nobserver: kl\n", "r.yaml:2:1: ");
    fails("observer: [mse\n", "r.yaml:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults), cmocka_unit_test(round_trip), cmocka_unit_test(partial),
                                       cmocka_unit_test(faults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
