/* SPDX-License-Identifier: Apache-2.0
 * Which samples are said to tell nothing, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "telling.h"

#include <string.h>

enum { HELD = 12, BYTES = 24 };

static uint8_t input[HELD * BYTES];
static float logits[HELD * 2];

/* Different pictures and answers. */
static struct mnq_stats fresh(void)
{
    for (int i = 0; i < HELD * BYTES; i++) input[i] = (uint8_t)(i * 37 + i / BYTES * 11);
    for (int i = 0; i < HELD * 2; i++) logits[i] = (float)(i % 5);
    return (struct mnq_stats){
        .held = HELD, .input = input, .input_bytes = BYTES, .channels = 3, .logits = logits, .judge = {.n = 2}};
}

static void says(const struct mnq_stats *s, const char *want)
{
    struct mnq_arena arena = {0};
    const char *why = "";
    assert_int_equal(mnq_samples_telling(s, &why, &arena), 0);
    if (want == NULL) assert_null(why);
    else assert_string_equal(why, want);
    mnq_arena_free(&arena);
}

static void telling(void **state)
{
    (void)state;
    struct mnq_stats s = fresh();
    says(&s, NULL);
    s.held = MNQ_TELLING_LEAST;
    says(&s, NULL);
    s.held = MNQ_TELLING_LEAST - 1;
    says(&s, "4 samples, at least 5 are wanted");
    s.held = 1;
    says(&s, "1 sample, at least 5 are wanted");
}

static void copies(void **state)
{
    (void)state;
    struct mnq_stats s = fresh();
    for (int i = 4; i < HELD; i++) memcpy(input + (size_t)i * BYTES, input, BYTES);
    says(&s, "only 4 of 12 samples differ from each other");
    input[HELD * BYTES - 1] ^= 1; /* a fifth */
    says(&s, NULL);
}

static void one_colour(void **state)
{
    (void)state;
    struct mnq_stats s = fresh();
    for (int i = 3; i < HELD; i++)
        for (int k = 0; k < BYTES; k++) input[i * BYTES + k] = (uint8_t)(10 * i + k % 3);
    says(&s, "9 of 12 samples are of one colour");
    input[5 * BYTES + 4]++; /* another channel than the first pixel's: not plain any more */
    input[6 * BYTES + 4]++;
    says(&s, NULL);
}

static void same_answers(void **state)
{
    (void)state;
    struct mnq_stats s = fresh();
    for (int i = 0; i < HELD * 2; i++) logits[i] = i % 2 == 0 ? 3.0F : -1.0F;
    says(&s, "the network answers the same to all samples");
    logits[7] += 1e-6F; /* as much as rounding */
    says(&s, "the network answers the same to all samples");
    logits[7] += 0.1F;
    says(&s, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(telling), cmocka_unit_test(copies), cmocka_unit_test(one_colour),
                                       cmocka_unit_test(same_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
