/* SPDX-License-Identifier: Apache-2.0
 * Models whose fields agree with one another and that break a single rule all the same: each is built for its rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mnq_bytes.h"

#include <stdlib.h>
#include <string.h>

static enum mnq_status finish(struct mnq_bytes *b, unsigned *bad)
{
    struct mnq_model m;
    size_t n;
    uint8_t *f = mnq_bytes_file(b, &n);
    const enum mnq_status s = mnq_model_load(&m, f, n);

    *bad = m.bad;
    free(f);
    mnq_bytes_free(b);
    return s;
}

/* The model is refused on account of layer (or tensor) `want`. */
static void refuse(struct mnq_bytes *b, unsigned want)
{
    unsigned bad;

    assert_int_equal(finish(b, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, want);
}

static void accept(struct mnq_bytes *b)
{
    unsigned bad;

    assert_int_equal(finish(b, &bad), MNQ_OK);
}

/* Input h x w x c of a type, then a PW layer to c S8 (wide: S16) channels: tensor 1, layer 0. */
static void begin(struct mnq_bytes *b, unsigned h, unsigned w, unsigned c, unsigned dtype, unsigned wide)
{
    const struct mnq_bytes_op op = {.op = MNQ_L_PW, .wtype = MNQ_W_S8, .in0 = 0, .oc = c, .wide_out = wide};

    *b = (struct mnq_bytes){.random = 3};
    b->input = mnq_bytes_tensor(b, h, w, c, dtype, 0);
    mnq_bytes_random_layer(b, &op);
}

#define LAYER(...) mnq_bytes_random_layer(&b, &(struct mnq_bytes_op){__VA_ARGS__})

static void test_input_types(void **state)
{
    struct mnq_bytes b;

    (void)state;
    begin(&b, 4, 4, 3, MNQ_U8, 0);
    accept(&b);

    for (unsigned op = MNQ_L_CONV; op <= MNQ_L_AVGPOOL; op++) {
        for (unsigned type = MNQ_U8; type <= MNQ_S16; type++) {
            begin(&b, 4, 4, 3, type, 0);
            LAYER(.op = op, .wtype = op == MNQ_L_AVGPOOL ? MNQ_W_NONE : MNQ_W_S8, .in0 = 0, .oc = 2);
            accept(&b);
        }
    }
    for (unsigned op = MNQ_L_ADD; op <= MNQ_L_MUL; op++) {
        for (unsigned type = MNQ_S8; type <= MNQ_S16; type++) {
            for (unsigned wide = 0; wide <= 1; wide++) {
                begin(&b, 1, 1, 3, type, wide);
                LAYER(.op = op, .wtype = op == MNQ_L_ADD ? MNQ_W_S16 : MNQ_W_NONE, .in0 = 0, .in1 = 1);
                accept(&b);
            }
        }
    }

    begin(&b, 4, 4, 3, MNQ_U8, 0);
    LAYER(.op = MNQ_L_ADD, .wtype = MNQ_W_S16, .in0 = 0, .in1 = 1);
    refuse(&b, 1); /* U8 read by ADD */

    begin(&b, 4, 4, 3, MNQ_U8, 0);
    LAYER(.op = MNQ_L_ADD, .wtype = MNQ_W_S16, .in0 = 1, .in1 = 0);
    refuse(&b, 1); /* as its second input */

    begin(&b, 1, 1, 3, MNQ_U8, 0);
    LAYER(.op = MNQ_L_MUL, .in0 = 1, .in1 = 0);
    refuse(&b, 1); /* a gate of U8 */

    begin(&b, 1, 1, 3, MNQ_U8, 0);
    LAYER(.op = MNQ_L_SOFTMAX, .in0 = 0);
    refuse(&b, 1);

    begin(&b, 1, 1, 3, MNQ_S8, 0);
    LAYER(.op = MNQ_L_SOFTMAX, .in0 = 1);
    refuse(&b, 1); /* S8 read by SOFTMAX */

    begin(&b, 1, 1, 3, MNQ_S8, 1);
    LAYER(.op = MNQ_L_LOGISTIC, .in0 = 1);
    accept(&b);
}

static void test_output_types(void **state)
{
    struct mnq_bytes b;

    (void)state;
    begin(&b, 4, 4, 3, MNQ_U8, 0);
    LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S8, .in0 = 1, .oc = 3);
    b.layer[1].out = 0;
    refuse(&b, 1); /* the U8 input is written */

    begin(&b, 1, 1, 3, MNQ_S8, 1);
    LAYER(.op = MNQ_L_SOFTMAX, .in0 = 1);
    b.tensor[2].dtype = MNQ_S8;
    b.layer[1].lo = -128;
    b.layer[1].hi = 127;
    refuse(&b, 1); /* probabilities of 8 bits */

    begin(&b, 4, 4, 3, MNQ_S8, 0);
    LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S8, .in0 = 0, .oc = 3);
    b.tensor[2].dtype = 3; /* read by nobody */
    refuse(&b, 2);
}

static void test_shapes(void **state)
{
    struct mnq_bytes b;

    (void)state;
    for (unsigned op = MNQ_L_SOFTMAX; op <= MNQ_L_LOGISTIC; op++) {
        begin(&b, 2, 3, 3, MNQ_S8, 1);
        LAYER(.op = op, .in0 = 1);
        accept(&b); /* per pixel */
        begin(&b, 2, 3, 3, MNQ_S8, 1);
        LAYER(.op = op, .in0 = 1);
        b.tensor[2].w = 2;
        refuse(&b, 1);
        begin(&b, 1, 1, 3, MNQ_S8, 1);
        LAYER(.op = op, .in0 = 1);
        b.tensor[2].c = 2;
        refuse(&b, 1);
    }
    begin(&b, 4, 4, 3, MNQ_S8, 0);
    LAYER(.op = MNQ_L_AVGPOOL, .in0 = 1, .kh = 2, .kw = 2);
    b.tensor[2].c = 2;
    refuse(&b, 1); /* the pool loses a channel */
}

static void test_add_weights(void **state)
{
    struct mnq_bytes b;

    (void)state;
    begin(&b, 4, 4, 3, MNQ_S8, 0);
    LAYER(.op = MNQ_L_ADD, .wtype = MNQ_W_S16, .in0 = 0, .in1 = 1);
    b.layer[1].wtype = MNQ_W_S8;
    b.layer[1].weights_size /= 2;
    refuse(&b, 1);
}

/* Larger than the kernel padding makes windows that see nothing but padding; the output's size is right. */
static void test_padding(void **state)
{
    static const unsigned sides[4][4] = {{3, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 3, 0}, {0, 0, 0, 2}};
    struct mnq_bytes b;

    (void)state;
    for (unsigned op = MNQ_L_CONV; op <= MNQ_L_DWCONV; op++) {
        for (int i = 0; i < 4; i++) {
            for (unsigned less = 0; less <= 1; less++) {
                const unsigned *s = sides[i];
                begin(&b, 5, 5, 3, MNQ_S8, 0);
                LAYER(.op = op, .wtype = MNQ_W_S8, .in0 = 1, .oc = 2, .kh = 3, .kw = 2, .pt = s[0] ? s[0] - less : 0,
                      .pl = s[1] ? s[1] - less : 0, .pb = s[2] ? s[2] - less : 0, .pr = s[3] ? s[3] - less : 0);
                if (less) accept(&b);
                else refuse(&b, 1);
            }
        }
    }
}

/* A kernel one larger than the input with a stride of 2: C's division says one output, (-1) / 2 + 1. */
static void test_kernel_too_large(void **state)
{
    struct mnq_bytes b;

    (void)state;
    for (int wide = 0; wide <= 1; wide++) {
        begin(&b, 4, 4, 3, MNQ_S8, 0);
        LAYER(.op = MNQ_L_AVGPOOL, .in0 = 1, .kh = 4, .kw = 4);
        if (wide) {
            b.layer[1].kw = 5;
            b.layer[1].sw = 2;
        } else {
            b.layer[1].kh = 5;
            b.layer[1].sh = 2;
        }
        refuse(&b, 1);
    }
}

static void test_no_kernel(void **state)
{
    struct mnq_bytes b;

    (void)state;
    begin(&b, 4, 4, 3, MNQ_S8, 0);
    LAYER(.op = MNQ_L_AVGPOOL, .in0 = 1);
    b.layer[1].kh = 0;
    b.tensor[2].h = 5;
    b.arena_size += 16;
    refuse(&b, 1);
    begin(&b, 4, 4, 3, MNQ_S8, 0);
    LAYER(.op = MNQ_L_AVGPOOL, .in0 = 1);
    b.layer[1].kw = 0;
    b.tensor[2].w = 5;
    b.arena_size += 16;
    refuse(&b, 1);
}

/* ---- sections ---- */

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

struct section {
    uint32_t tag, offset, size; /* offset from the end of the other sections */
};

/* Loads a small valid model with more sections in its table and 64 more bytes in its file. */
static enum mnq_status load_with(const struct section *more, unsigned count)
{
    struct mnq_bytes b;
    struct mnq_model m;
    size_t n, gap = 16 * (size_t)count;

    begin(&b, 4, 4, 3, MNQ_U8, 0);
    uint8_t *small = mnq_bytes_file(&b, &n);
    const size_t size = n + gap + 64;
    uint8_t *f = aligned_alloc(MNQ_ALIGN, size);
    assert_non_null(f);
    memset(f, 0, size);
    memcpy(f, small, 96);
    memcpy(f + 96 + gap, small + 96, n - 96);
    put32(f + 8, (uint32_t)size);
    put32(f + 16, 3 + count);
    for (unsigned i = 0; i < 3; i++) put32(f + 52 + 16 * i, get32(f + 52 + 16 * i) + (uint32_t)gap);
    for (unsigned i = 0; i < count; i++) {
        put32(f + 96 + 16 * i, more[i].tag);
        put32(f + 100 + 16 * i, (uint32_t)(n + gap) + more[i].offset);
        put32(f + 104 + 16 * i, more[i].size);
    }
    mnq_bytes_seal(f, size);
    const enum mnq_status s = mnq_model_load(&m, f, size);
    free(f);
    free(small);
    mnq_bytes_free(&b);
    return s;
}

static void test_unknown_sections(void **state)
{
    const struct section two[] = {{1, 0, 20}, {2, 32, 32}}, repeated[] = {{1, 0, 16}, {1, 16, 16}};
    const struct section data_twice[] = {{0x41544144, 0, 64}}, misaligned[] = {{1, 8, 16}};
    const struct section overlapping[] = {{1, 0, 32}, {2, 16, 32}}, beyond[] = {{1, 48, 17}};
    struct section many[14];

    (void)state;
    for (uint32_t i = 0; i < 14; i++) many[i] = (struct section){i + 1, 0, 0};
    assert_int_equal(load_with(two, 0), MNQ_OK);
    assert_int_equal(load_with(two, 2), MNQ_OK);
    assert_int_equal(load_with(many, 13), MNQ_OK);
    assert_int_equal(load_with(many, 14), MNQ_E_FORMAT);
    assert_int_equal(load_with(repeated, 2), MNQ_E_FORMAT);
    assert_int_equal(load_with(data_twice, 1), MNQ_E_FORMAT);
    assert_int_equal(load_with(misaligned, 1), MNQ_E_FORMAT);
    assert_int_equal(load_with(overlapping, 2), MNQ_E_FORMAT);
    assert_int_equal(load_with(beyond, 1), MNQ_E_FORMAT);
}

/* A header alone that promises sections. */
static void test_header_alone(void **state)
{
    struct mnq_bytes b;
    struct mnq_model m;
    size_t n;

    (void)state;
    begin(&b, 4, 4, 3, MNQ_U8, 0);
    uint8_t *full = mnq_bytes_file(&b, &n), *f = aligned_alloc(MNQ_ALIGN, 48);
    assert_non_null(f);
    memcpy(f, full, 48);
    put32(f + 8, 48);
    mnq_bytes_seal(f, 48);
    assert_int_equal(mnq_model_load(&m, f, 48), MNQ_E_FORMAT);
    free(f);
    free(full);
    mnq_bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_input_types), cmocka_unit_test(test_output_types),     cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_add_weights), cmocka_unit_test(test_padding),          cmocka_unit_test(test_kernel_too_large),
        cmocka_unit_test(test_no_kernel),   cmocka_unit_test(test_unknown_sections), cmocka_unit_test(test_header_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
