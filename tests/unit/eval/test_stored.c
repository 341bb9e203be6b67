/* SPDX-License-Identifier: Apache-2.0
 * How weights are stored: zeros, bytes and bits of float and integer layers, and the words for them. */
#include "stored.h"

#include "figures.h"
#include "kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void integer(void **state)
{
    (void)state;
    int16_t first[27] = {1, 0, 3}, add[8] = {1, 1, 1, 1};
    int16_t signs[16];
    int8_t pw[32] = {0};
    for (int i = 0; i < 16; i++) signs[i] = i % 3 == 0 ? -1 : 1;
    for (int i = 0; i < 32; i += 2) pw[i] = (int8_t)(i + 1); /* half are zero */
    struct mnq_qlayer layer[] = {
        {.name = "first", .op = MNQ_L_CONV, .wtype = MNQ_W_S16, .kh = 3, .kw = 3, .w = first, .w_count = 27, .macs = 100},
        {.name = "dense", .op = MNQ_L_PW, .wtype = MNQ_W_S8, .kh = 1, .kw = 1, .w = pw, .w_count = 32, .macs = 32},
        {.name = "stride", .op = MNQ_L_CONV, .wtype = MNQ_W_S8, .kh = 1, .kw = 1, .w = pw, .w_count = 16, .macs = 16},
        {.name = "add", .op = MNQ_L_ADD, .wtype = MNQ_W_S16, .w = add, .w_count = 8},
        {.name = "pool", .op = MNQ_L_AVGPOOL},
        {.name = "four", .op = MNQ_L_PW, .wtype = MNQ_W_S4, .kh = 1, .kw = 1, .w = pw, .w_count = 16, .macs = 64},
        {.name = "signs", .op = MNQ_L_PW, .wtype = MNQ_W_BINARY, .bases = 1, .kh = 1, .kw = 1, .w = signs, .w_count = 16},
        {.name = "three", .op = MNQ_L_PW, .wtype = MNQ_W_TERNARY, .kh = 1, .kw = 1, .w = pw, .w_count = 16}};
    struct mnq_qtensor tensor = {.shape = {2, 2, 4}};
    struct mnq_subject s = {.kind = MNQ_SUBJECT_INT8,
                            .package.q = {.tensor = &tensor, .n_tensors = 1, .layer = layer, .n_layers = 8}};
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_stored w;
    char text[200];
    assert_int_equal(mnq_stored_read(&s, &w, &arena, &e), 0);
    assert_int_equal(w.n, 8);
    assert_int_equal(w.weights, 123);
    assert_int_equal(w.layer[5].bytes, 8);
    assert_true(w.layer[6].bytes >= 4 && w.layer[6].bytes < 32); /* rows of signs are padded to words */
    assert_int_equal(w.bytes, 54 + 32 + 16 + 8 + w.layer[6].bytes + 4);
    assert_int_equal(w.layer[7].bytes, 4); /* four rows of a byte */
    assert_int_equal(w.macs, 212);
    assert_int_equal(w.weights_1x1, 96);
    assert_int_equal(w.zeros_1x1, 40);
    assert_int_equal(w.layer[0].zeros, 25);
    assert_int_equal(w.layer[3].weights, 0); /* channel weights of an addition are no weights */
    assert_string_equal(mnq_fig_format(&w.layer[3]).s, "-");
    assert_string_equal(mnq_fig_format(&w.layer[0]).s, "int16");
    assert_string_equal(mnq_fig_bits(w.layer[0].bytes, w.layer[0].weights).s, "16.00");
    mnq_fig_formats(&w, text, sizeof text);
    assert_string_equal(text, "int8 39.0 %, int16 22.0 %, int4 13.0 %, ternary 13.0 %, binary 13.0 %");
    assert_string_equal(mnq_fig_format(&w.layer[6]).s, "binary x1");
    mnq_arena_free(&arena);
}

static void real(void **state)
{
    (void)state;
    float conv[54] = {1}, dense[6] = {0, -0.0F, 1e-30F, 2, 3, 4};
    struct mnq_node node[] = {
        {.name = "in", .op = MNQ_OP_INPUT, .out = {4, 4, 3}},
        {.name = "conv", .op = MNQ_OP_CONV, .n_in = 1, .out = {4, 4, 2}, .kh = 3, .kw = 3, .w = conv},
        {.name = "pool", .op = MNQ_OP_AVGPOOL, .n_in = 1, .in = {1}, .out = {1, 1, 2}, .kh = 4, .kw = 4},
        {.name = "dense", .op = MNQ_OP_DENSE, .n_in = 1, .in = {2}, .out = {1, 1, 3}, .w = dense}};
    struct mnq_subject s = {.kind = MNQ_SUBJECT_FLOAT, .raw = {.node = node, .n = 4, .output = 3}};
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_stored w;
    char text[200];
    assert_int_equal(mnq_stored_read(&s, &w, &arena, &e), 0);
    assert_int_equal(w.n, 2);
    assert_int_equal(w.weights, 60);
    assert_int_equal(w.weights_1x1, 6);
    assert_int_equal(w.zeros_1x1, 2); /* both zeros, nothing that is merely small */
    assert_int_equal(w.layer[0].zeros, 53);
    assert_true(fabs(mnq_stored_bits(w.bytes, w.weights) - 32) <= 0);
    mnq_fig_formats(&w, text, sizeof text);
    assert_string_equal(text, "float");
    mnq_arena_free(&arena);
}

static void figures(void **state)
{
    (void)state;
    struct mnq_stored_layer l = {.format = MNQ_STORED_BINARY, .bases = 3, .weights = 1};
    assert_string_equal(mnq_fig_format(&l).s, "binary x3");
    assert_true(isnan(mnq_stored_bits(0, 0)));
    assert_string_equal(mnq_fig_bits(0, 0).s, "-");
    assert_string_equal(mnq_fig_percent(303, 369).s, "82.11");
    assert_string_equal(mnq_fig_percent(-1, 369).s, "-");
    assert_string_equal(mnq_fig_interval(81, 263).s, "[25.5, 36.6]");
    assert_string_equal(mnq_fig_points(-0.542).s, "-0.54");
    assert_string_equal(mnq_fig_points(0).s, "+0.00");
    assert_string_equal(mnq_fig_p(1).s, "1.000");
    assert_string_equal(mnq_fig_p(0.001).s, "0.001");
    assert_string_equal(mnq_fig_p(0.000999).s, "1.0e-03");
    assert_string_equal(mnq_fig_p(9e-40).s, "9.0e-40");
    assert_string_equal(mnq_fig_ratio(1, 3).s, "0.333");
    assert_string_equal(mnq_fig_ratio(-1, 3).s, "-");
    assert_string_equal(mnq_fig_bytes(-1).s, "-");
    assert_string_equal(mnq_fig_bytes(221794).s, "217 KiB");
    assert_string_equal(mnq_fig_round_bytes(51200).s, "50 KiB");
    assert_string_equal(mnq_fig_round_bytes(0).s, "0 B");
    assert_string_equal(mnq_fig_part(1, 8).s, "12.5");
    assert_string_equal(mnq_fig_part(1, 0).s, "-");
    assert_string_equal(mnq_fig_db((double)INFINITY).s, "exact");
    assert_string_equal(mnq_fig_db((double)NAN).s, "-");
    assert_string_equal(mnq_fig_db(-3.456).s, "-3.46");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(integer), cmocka_unit_test(real), cmocka_unit_test(figures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
