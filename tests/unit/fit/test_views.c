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
static struct mnq_shots shots;
static struct mnq_logits judge;
static struct mnq_err e;

static int setup(void **state)
{
    (void)state;
    for (int y = 0; y < CORNER; y++) memset(samples[1] + (size_t)y * SIDE * 3, 255, (size_t)CORNER * 3);
    builder_init(&b, &arena, 1);
    softmax(&b, dense(&b, global_pool(&b, input(&b, SIDE, SIDE, 3)), CLASSES, true));
    shots = (struct mnq_shots){.input = samples[0], .bytes = PIXELS, .n = SAMPLES};
    judge = mnq_logits_of(&b.g, NULL);
    assert_int_equal(judge.n, CLASSES);
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
    if (mnq_views_make(&b.g, &preprocess, &shots, &judge, per, threads, v, &arena, NULL, NULL, &e) != 0)
        fail_msg("%s", e.msg);
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
    shots.label = label;
    make(&v, 1, 1);
    shots.label = NULL;
    assert_true(v.temperature < 1); /* always right: surer than it says */
}

/* Another network of the same shapes loses where its class differs, in the pictures that are asked; the same one nothing. */
static void losses_are_of_pictures(void **state)
{
    (void)state;
    static const struct mnq_split all = {0}, second = {2, 1};
    struct mnq_views v;
    double loss[SAMPLES];
    float got[SAMPLES * PLACES * CLASSES];
    make(&v, PLACES, 2);
    assert_int_equal(mnq_views_floats(&v), sizeof got / sizeof *got);
    if (mnq_views_ask(&v, &b.g, NULL, all, got, &e) != 0) fail_msg("%s", e.msg);
    assert_memory_equal(got, v.want, sizeof got);
    assert_int_equal(mnq_views_losses(&v, got, all, loss, &e), SAMPLES);
    assert_true(loss[0] == 0 && loss[1] == 0);
    for (int i = 0; i < SAMPLES * PLACES; i++) { /* every class moves on by one */
        float first = got[i * CLASSES];
        for (int c = 0; c + 1 < CLASSES; c++) got[i * CLASSES + c] = got[i * CLASSES + c + 1];
        got[i * CLASSES + CLASSES - 1] = first;
    }
    assert_int_equal(mnq_views_losses(&v, got, all, loss, &e), SAMPLES);
    assert_true(loss[0] > 0 && loss[1] > 0);
    double both = loss[1];
    assert_int_equal(mnq_views_losses(&v, got, second, loss, &e), 1);
    assert_true(loss[0] == both);
    float kept = got[0];
    if (mnq_views_ask(&v, &b.g, NULL, second, got, &e) != 0) fail_msg("%s", e.msg);
    assert_true(got[0] == kept); /* the first picture was not asked */
    assert_memory_equal(got + PLACES * CLASSES, v.want + PLACES * CLASSES, PLACES * CLASSES * sizeof *got);
}

/* Without parts the pictures stand for themselves: one view each, the whole corner in it. */
static void pictures_stand_for_themselves(void **state)
{
    (void)state;
    struct mnq_views v;
    make(&v, 0, 1);
    assert_int_equal(mnq_views_floats(&v), SAMPLES * CLASSES);
    assert_false(same(&v, 0, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(views_are_parts), cmocka_unit_test(threads_change_nothing),
                                       cmocka_unit_test(labels_give_a_temperature), cmocka_unit_test(losses_are_of_pictures),
                                       cmocka_unit_test(pictures_stand_for_themselves)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
