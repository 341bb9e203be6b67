/* SPDX-License-Identifier: Apache-2.0
 * Views: which part of a sample each sees, and what two networks' answers to them say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "quantize/lower.h"
#include "views.h"

enum { SIDE = 12, CORNER = 4, CLASSES = 3, PIXELS = SIDE * SIDE * 3, SAMPLES = 2, PLACES = 5 };

/* Black, and black with a white corner at the top left. */
static uint8_t samples[SAMPLES][PIXELS];

static struct mnq_arena arena;
static struct builder b;
static struct mnq_preprocess preprocess;
static struct mnq_stats stats;
static struct mnq_err e;

static int setup(void **state)
{
    (void)state;
    for (int y = 0; y < CORNER; y++) memset(samples[1] + (size_t)y * SIDE * 3, 255, (size_t)CORNER * 3);
    builder_init(&b, &arena, 1);
    softmax(&b, dense(&b, global_pool(&b, input(&b, SIDE, SIDE, 3)), CLASSES, true));
    stats = (struct mnq_stats){.samples = SAMPLES,
                               .held = SAMPLES,
                               .input = samples[0],
                               .input_bytes = PIXELS,
                               .judge = mnq_logits_of(&b.g, NULL)};
    assert_int_equal(stats.judge.n, CLASSES);
    return mnq_preprocess_named(&preprocess, "unit", 3, &e);
}

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    return 0;
}

static void make(struct mnq_views *v, int per, int threads)
{
    if (mnq_views_make(&b.g, &preprocess, &stats, per, threads, v, &arena, NULL, NULL, &e) != 0) fail_msg("%s", e.msg);
}

static bool same(const struct mnq_views *v, int i, int k)
{
    return memcmp(v->want + (size_t)i * CLASSES, v->want + (size_t)k * CLASSES, CLASSES * sizeof *v->want) == 0;
}

/* 8 x 8 of 12 x 12: the centre sees a quarter of the corner, the part at the top left all of it, the others nothing. */
static void views_are_parts(void **state)
{
    (void)state;
    struct mnq_views v;
    make(&v, PLACES, 1);
    for (int i = 1; i < PLACES; i++) assert_true(same(&v, i, 0));
    assert_false(same(&v, PLACES, 0));
    assert_false(same(&v, PLACES + 1, 0));
    assert_false(same(&v, PLACES + 1, PLACES));
    for (int i = 2; i < PLACES; i++) assert_true(same(&v, PLACES + i, 0));
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct mnq_views one, many;
    make(&one, PLACES, 1);
    make(&many, PLACES, 4);
    assert_memory_equal(one.want, many.want, (size_t)SAMPLES * PLACES * CLASSES * sizeof *one.want);
    assert_true(one.temperature == 1);
}

static void labels_give_a_temperature(void **state)
{
    (void)state;
    struct mnq_views v;
    int label[SAMPLES];
    make(&v, 1, 1);
    for (int s = 0; s < SAMPLES; s++) {
        label[s] = 0;
        for (int c = 1; c < CLASSES; c++)
            if (v.want[s * CLASSES + c] > v.want[s * CLASSES + label[s]]) label[s] = c;
    }
    stats.label = label;
    make(&v, 1, 1);
    stats.label = NULL;
    assert_true(v.temperature < 1); /* always right: surer than it says */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(views_are_parts), cmocka_unit_test(threads_change_nothing),
                                       cmocka_unit_test(labels_give_a_temperature)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
