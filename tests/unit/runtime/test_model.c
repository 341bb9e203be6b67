/* SPDX-License-Identifier: Apache-2.0
 * The loader refuses every file that breaks FORMAT.md: one damaged field per rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mnq_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Layers of mnq_bytes_zoo(). */
enum {
    CONV,
    DW,
    PW,
    CONV_TALL,
    ADD,
    POOL,
    PW_S8,
    PW_GATE,
    MUL,
    PACKED,             /* thirteen layers of compressed weights */
    WIDE = PACKED + 13, /* seventeen layers of S16 activations */
    DW_TRIPLE = WIDE + 17,
    POOL_WINDOW,
    POOL_LAST,
    LOGITS,
    LOGISTIC,
    PW_LAST,
    SOFTMAX
};

enum { NONE = -1 };

static struct mnq_bytes zoo;
static uint8_t *file; /* its pristine file */
static size_t file_size;

static int setup(void **state)
{
    (void)state;
    mnq_bytes_zoo(&zoo, 1, 17, 16, 8);
    file = mnq_bytes_file(&zoo, &file_size);
    return file ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(file);
    mnq_bytes_free(&zoo);
    return 0;
}

static size_t header_at(unsigned at)
{
    return at;
}
static size_t section_at(unsigned i, unsigned at)
{
    return 48 + 16 * i + at;
}
static size_t tensor_at(unsigned i, unsigned at)
{
    return 96 + 32 * i + at;
}
static size_t layer_at(unsigned i, unsigned at)
{
    return 96 + 32 * zoo.n_tensors + 64 * i + at;
}

/* One rule: `width` bytes at `at` become `value`; the loader then answers `want`, naming `bad`. */
struct damage {
    const char *rule;
    size_t at;
    unsigned width;
    uint32_t value;
    enum mnq_status want;
    int bad;
};

static void check_damage(const struct damage *d, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t *f = aligned_alloc(MNQ_ALIGN, file_size);
        struct mnq_model m;

        assert_non_null(f);
        memcpy(f, file, file_size);
        for (unsigned k = 0; k < d[i].width; k++) f[d[i].at + k] = (uint8_t)(d[i].value >> (8 * k));
        if (!memcmp(f, file, file_size)) fail_msg("%s: the damage changes nothing", d[i].rule);
        mnq_bytes_seal(f, file_size);
        const enum mnq_status got = mnq_model_load(&m, f, file_size);
        if (got != d[i].want) fail_msg("%s: status %d, wanted %d", d[i].rule, got, d[i].want);
        if (d[i].bad != NONE && m.bad != (uint32_t)d[i].bad) fail_msg("%s: names %u, wanted %d", d[i].rule, m.bad, d[i].bad);
        free(f);
    }
}
#define CHECK(rules) check_damage(rules, sizeof(rules) / sizeof *(rules))

static void test_valid(void **state)
{
    struct mnq_model m;
    struct mnq_tensor t;

    (void)state;
    assert_int_equal(mnq_model_load(&m, file, file_size), MNQ_OK);
    assert_int_equal(m.bad, 0);
    assert_int_equal(mnq_arena_size(&m), zoo.arena_size);
    assert_int_equal(m.n_tensors, zoo.n_tensors);
    assert_int_equal(m.n_layers, SOFTMAX + 1);
    assert_int_equal(mnq_tensor_get(&m, m.input, &t), MNQ_OK);
    assert_int_equal(t.h, 17);
    assert_int_equal(t.w, 16);
    assert_int_equal(t.c, 3);
    assert_int_equal(t.dtype, MNQ_U8);
    assert_int_equal(t.size, 17 * 16 * 3);
    assert_int_equal(mnq_tensor_get(&m, m.output, &t), MNQ_OK);
    assert_int_equal(t.dtype, MNQ_S16);
    assert_int_equal(t.size, 22);
    assert_int_equal(t.offset, zoo.tensor[zoo.output].offset);
    assert_int_equal(mnq_tensor_get(&m, m.n_tensors, &t), MNQ_E_ARG);
    assert_int_equal(mnq_tensor_get(&m, 0, NULL), MNQ_E_ARG);
    assert_int_equal(mnq_tensor_get(NULL, 0, &t), MNQ_E_ARG);
}

static void test_arguments(void **state)
{
    struct mnq_model m;
    uint8_t *f = aligned_alloc(MNQ_ALIGN, file_size + MNQ_ALIGN);

    (void)state;
    assert_non_null(f);
    memcpy(f + 4, file, file_size);
    assert_int_equal(mnq_model_load(NULL, file, file_size), MNQ_E_ARG);
    assert_int_equal(mnq_model_load(&m, NULL, file_size), MNQ_E_ARG);
    assert_int_equal(mnq_model_load(&m, f + 4, file_size), MNQ_E_ARG);
    memcpy(f, file, file_size);
    memset(f + file_size, 0xff, MNQ_ALIGN);
    assert_int_equal(mnq_model_load(&m, f, file_size + MNQ_ALIGN), MNQ_OK);
    free(f);
}

/* Every prefix, in memory of exactly its length so that a sanitizer sees a byte too many. */
static void test_truncated(void **state)
{
    (void)state;
    for (size_t n = 0; n < file_size; n += n < 400 ? 1 : 97) {
        uint8_t *f = aligned_alloc(MNQ_ALIGN, (n + 16) & ~(size_t)15);
        struct mnq_model m;
        assert_non_null(f);
        memcpy(f, file, n);
        assert_int_equal(mnq_model_load(&m, f, n), MNQ_E_TRUNCATED);
        free(f);
    }
}

/* Any single flipped bit is noticed. */
static void test_flipped_bits(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * file_size; bit += bit < 8 * 100 ? 1 : 1009) {
        struct mnq_model m;
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (mnq_model_load(&m, file, file_size) == MNQ_OK && !(bit / 8 >= 6 && bit / 8 < 8)) fail_msg("bit %zu", bit);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_header(void **state)
{
    const uint32_t size = (uint32_t)file_size;
    const struct damage rules[] = {
        {"magic", header_at(3), 1, 0x1b, MNQ_E_MAGIC, NONE},
        {"major version", header_at(4), 2, 2, MNQ_E_VERSION, NONE},
        {"size above the bytes", header_at(8), 4, size + 16, MNQ_E_TRUNCATED, NONE},
        {"size not a multiple of 16", header_at(8), 4, size - 8, MNQ_E_FORMAT, NONE},
        {"size below the header", header_at(8), 4, 32, MNQ_E_FORMAT, NONE},
        {"too few sections", header_at(16), 4, 2, MNQ_E_FORMAT, NONE},
        {"too many sections", header_at(16), 4, 17, MNQ_E_FORMAT, NONE},
        {"absurd number of sections", header_at(16), 4, 0x10000003, MNQ_E_FORMAT, NONE},
        {"arena not a multiple of 16", header_at(20), 4, zoo.arena_size + 8, MNQ_E_FORMAT, NONE},
        {"arena too small for a tensor", header_at(20), 4, zoo.arena_size - 16, MNQ_E_FORMAT, (int)zoo.n_tensors - 1},
        {"no tensors", header_at(24), 2, 0, MNQ_E_FORMAT, NONE},
        {"too many tensors", header_at(24), 2, 4097, MNQ_E_FORMAT, NONE},
        {"fewer tensors than TENS", header_at(24), 2, zoo.n_tensors - 1, MNQ_E_FORMAT, NONE},
        {"no layers", header_at(26), 2, 0, MNQ_E_FORMAT, NONE},
        {"too many layers", header_at(26), 2, 4097, MNQ_E_FORMAT, NONE},
        {"more layers than LAYR", header_at(26), 2, SOFTMAX + 2, MNQ_E_FORMAT, NONE},
        {"input out of range", header_at(28), 2, zoo.n_tensors, MNQ_E_FORMAT, NONE},
        {"output out of range", header_at(30), 2, zoo.n_tensors, MNQ_E_FORMAT, NONE},
        {"output is the input", header_at(30), 2, 0, MNQ_E_FORMAT, NONE},
        {"reserved, first", header_at(32), 1, 1, MNQ_E_FORMAT, NONE},
        {"reserved, last", header_at(47), 1, 1, MNQ_E_FORMAT, NONE},
        {"input is another tensor", header_at(28), 2, 1, MNQ_E_FORMAT, NONE},
    };
    const struct damage minor[] = {{"higher minor version", header_at(6), 2, 9, MNQ_OK, NONE}};

    (void)state;
    CHECK(rules);
    CHECK(minor);
}

static void test_sections(void **state)
{
    const uint32_t tens = 96, layr = tens + 32 * zoo.n_tensors, data = layr + 64 * zoo.n_layers;
    const struct damage rules[] = {
        {"TENS missing", section_at(0, 0), 1, 't', MNQ_E_FORMAT, NONE},
        {"LAYR missing", section_at(1, 0), 1, 'l', MNQ_E_FORMAT, NONE},
        {"DATA missing", section_at(2, 0), 1, 'd', MNQ_E_FORMAT, NONE},
        {"tag twice", section_at(1, 0), 4, 0x534e4554, MNQ_E_FORMAT, NONE},
        {"offset inside the table", section_at(0, 4), 4, tens - 16, MNQ_E_FORMAT, NONE},
        {"offset misaligned", section_at(2, 4), 4, data + 4, MNQ_E_FORMAT, NONE},
        {"sections overlap", section_at(1, 4), 4, layr - 16, MNQ_E_FORMAT, NONE},
        {"sections out of order", section_at(2, 4), 4, tens, MNQ_E_FORMAT, NONE},
        {"section beyond the file", section_at(2, 8), 4, (uint32_t)file_size - data + 1, MNQ_E_FORMAT, NONE},
        {"size wraps around", section_at(2, 8), 4, 0xfffffff0, MNQ_E_FORMAT, NONE},
        {"offset beyond the file", section_at(2, 4), 4, 0xfffffff0, MNQ_E_FORMAT, NONE},
        {"reserved", section_at(0, 12), 4, 1, MNQ_E_FORMAT, NONE},
        {"TENS of another size", section_at(0, 8), 4, 32 * zoo.n_tensors - 4, MNQ_E_FORMAT, NONE},
        {"LAYR of another size", section_at(1, 8), 4, 64 * zoo.n_layers - 64, MNQ_E_FORMAT, NONE},
        {"DATA cut short", section_at(2, 8), 4, 64, MNQ_E_FORMAT, CONV},
    };

    (void)state;
    CHECK(rules);
}

static void test_tensors(void **state)
{
    const struct damage rules[] = {
        {"H zero", tensor_at(2, 0), 2, 0, MNQ_E_FORMAT, 2},
        {"W zero", tensor_at(2, 2), 2, 0, MNQ_E_FORMAT, 2},
        {"C zero", tensor_at(2, 4), 2, 0, MNQ_E_FORMAT, 2},
        {"H too large for the arena", tensor_at(2, 0), 2, 0xffff, MNQ_E_FORMAT, 2},
        {"type unknown", tensor_at(2, 6), 1, 3, MNQ_E_FORMAT, 2},
        {"U8 inside the network", tensor_at(2, 6), 1, MNQ_U8, MNQ_E_FORMAT, 2},
        {"reserved byte", tensor_at(3, 7), 1, 1, MNQ_E_FORMAT, 3},
        {"reserved word", tensor_at(3, 28), 4, 0x80000000, MNQ_E_FORMAT, 3},
        {"zero point above S8", tensor_at(1, 8), 4, 128, MNQ_E_FORMAT, 1},
        {"zero point below S8", tensor_at(1, 8), 4, (uint32_t)-129, MNQ_E_FORMAT, 1},
        {"zero point above U8", tensor_at(0, 8), 4, 128, MNQ_E_FORMAT, 0},
        {"zero point of S16", tensor_at(zoo.output, 8), 4, 1, MNQ_E_FORMAT, (int)zoo.output},
        {"offset misaligned", tensor_at(zoo.output, 12), 4, zoo.tensor[zoo.output].offset + 8, MNQ_E_FORMAT,
         (int)zoo.output},
        {"offset at the end of the arena", tensor_at(0, 12), 4, zoo.arena_size, MNQ_E_FORMAT, 0},
        {"offset wraps around", tensor_at(0, 12), 4, 0xfffffff0, MNQ_E_FORMAT, 0},
    };
    const struct damage free_fields[] = {
        {"scale mantissa", tensor_at(1, 16), 4, 12345, MNQ_OK, NONE},
        {"scale exponent", tensor_at(1, 20), 4, (uint32_t)-20, MNQ_OK, NONE},
        {"scale index", tensor_at(1, 24), 4, 77, MNQ_OK, NONE},
    };

    (void)state;
    CHECK(rules);
    CHECK(free_fields);
}

/* 65535^3 * 2 bytes: exceeds 32 bits, and a product taken in 32 bits would pass. */
static void test_huge_tensor(void **state)
{
    struct mnq_model m;
    uint8_t *f = aligned_alloc(MNQ_ALIGN, file_size);

    (void)state;
    assert_non_null(f);
    memcpy(f, file, file_size);
    for (unsigned k = 0; k < 6; k++) f[tensor_at(zoo.output, k)] = (uint8_t)(k & 1 ? 0x80 : 0); /* 2^15 cubed */
    mnq_bytes_seal(f, file_size);
    assert_int_equal(mnq_model_load(&m, f, file_size), MNQ_E_FORMAT);
    assert_int_equal(m.bad, zoo.output);
    free(f);
}

static void test_layer_fields(void **state)
{
    const struct damage rules[] = {
        {"op 0", layer_at(SOFTMAX, 0), 1, 0, MNQ_E_FORMAT, SOFTMAX},
        {"op unknown", layer_at(SOFTMAX, 0), 1, 13, MNQ_E_FORMAT, SOFTMAX},
        {"weight type unknown", layer_at(PW_S8, 1), 1, 3, MNQ_E_FORMAT, PW_S8},
        {"weight type none where needed", layer_at(PW_S8, 1), 1, MNQ_W_NONE, MNQ_E_FORMAT, PW_S8},
        {"weight type where none are", layer_at(MUL, 1), 1, MNQ_W_S16, MNQ_E_FORMAT, MUL},
        {"act unknown", layer_at(CONV, 2), 1, 5, MNQ_E_FORMAT, CONV},
        {"F too large", layer_at(CONV, 3), 1, 13, MNQ_E_FORMAT, CONV},
        {"F with CLAMP", layer_at(PW, 3), 1, 1, MNQ_E_FORMAT, PW},
        {"act on SOFTMAX", layer_at(SOFTMAX, 2), 1, MNQ_A_HSWISH, MNQ_E_FORMAT, SOFTMAX},
        {"input out of range", layer_at(PW, 4), 2, zoo.n_tensors, MNQ_E_FORMAT, PW},
        {"second input where none is", layer_at(PW, 6), 2, 1, MNQ_E_FORMAT, PW},
        {"second input missing", layer_at(ADD, 6), 2, 0xffff, MNQ_E_FORMAT, ADD},
        {"second input out of range", layer_at(ADD, 6), 2, zoo.n_tensors, MNQ_E_FORMAT, ADD},
        {"second input of ADD of another shape", layer_at(ADD, 6), 2, 2, MNQ_E_FORMAT, ADD},
        {"gate of MUL of another size", layer_at(MUL, 6), 2, 1, MNQ_E_FORMAT, MUL},
        {"table without TABLE", layer_at(CONV, 60), 4, 16, MNQ_E_FORMAT, CONV},
        {"F with PRELU", layer_at(CONV, 2), 1, MNQ_A_PRELU, MNQ_E_FORMAT, CONV},
        {"groups that do not divide", layer_at(CONV, 18), 2, 2, MNQ_E_FORMAT, CONV},
        {"output out of range", layer_at(PW, 8), 2, 0xffff, MNQ_E_FORMAT, PW},
        {"kernel height 0", layer_at(CONV, 10), 1, 0, MNQ_E_FORMAT, CONV},
        {"kernel width 0", layer_at(CONV, 11), 1, 0, MNQ_E_FORMAT, CONV},
        {"stride 0, vertical", layer_at(CONV, 12), 1, 0, MNQ_E_FORMAT, CONV},
        {"stride 0, horizontal", layer_at(CONV, 13), 1, 0, MNQ_E_FORMAT, CONV},
        {"PW with a kernel", layer_at(PW, 10), 1, 2, MNQ_E_FORMAT, PW},
        {"PW with a stride", layer_at(PW_GATE, 12), 1, 2, MNQ_E_FORMAT, PW_GATE},
        {"padding as large as the kernel", layer_at(DW, 14), 1, 3, MNQ_E_FORMAT, DW},
        {"padding left as large", layer_at(DW, 15), 1, 3, MNQ_E_FORMAT, DW},
        {"padding bottom as large", layer_at(DW, 16), 1, 3, MNQ_E_FORMAT, DW},
        {"padding right as large", layer_at(DW, 17), 1, 3, MNQ_E_FORMAT, DW},
        {"padding on AVGPOOL as large as the kernel", layer_at(POOL_WINDOW, 16), 1, 9, MNQ_E_FORMAT, POOL_WINDOW},
        {"padding of another output size", layer_at(DW, 14), 1, 0, MNQ_E_FORMAT, DW},
        {"kernel larger than the input", layer_at(POOL_LAST, 11), 1, 255, MNQ_E_FORMAT, POOL_LAST},
        {"stride of another output size", layer_at(POOL_WINDOW, 13), 1, 1, MNQ_E_FORMAT, POOL_WINDOW},
        {"depth multiplier 0", layer_at(DW, 18), 2, 0, MNQ_E_FORMAT, DW},
        {"depth multiplier of other channels", layer_at(DW_TRIPLE, 18), 2, 2, MNQ_E_FORMAT, DW_TRIPLE},
        {"depth multiplier on CONV", layer_at(CONV, 18), 2, 1, MNQ_E_FORMAT, CONV},
        {"lo above hi", layer_at(PW, 24), 4, (uint32_t)-129, MNQ_E_FORMAT, PW},
        {"lo below S8", layer_at(PW, 20), 4, (uint32_t)-129, MNQ_E_FORMAT, PW},
        {"hi above S8", layer_at(PW, 24), 4, 128, MNQ_E_FORMAT, PW},
        {"lo below S16", layer_at(LOGITS, 20), 4, (uint32_t)-32769, MNQ_E_FORMAT, LOGITS},
        {"hi above S16", layer_at(LOGITS, 24), 4, 32768, MNQ_E_FORMAT, LOGITS},
        {"reserved", layer_at(PW, 60), 4, 1, MNQ_E_FORMAT, PW},
    };
    const struct damage clamp[] = {{"narrower clamp", layer_at(PW, 20), 4, 5, MNQ_OK, NONE}};

    (void)state;
    CHECK(rules);
    CHECK(clamp);
}

/*
 * A tensor behind the last one that is there: the file's TENS counts one tensor less, whose record is still where it was.
 * A loader that reads it all the same finds nothing else to refuse.
 */
static void test_tensor_behind_the_last(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        struct mnq_bytes b = {.random = 1};
        struct mnq_model m;
        size_t n;

        b.input = mnq_bytes_tensor(&b, 2, 2, 3, MNQ_S8, 0);
        const struct mnq_bytes_op op = {.op = MNQ_L_PW, .wtype = MNQ_W_S8, .in0 = 0, .oc = 3};
        const struct mnq_bytes_op sum = {.op = MNQ_L_ADD, .wtype = MNQ_W_S16, .in0 = 0, .in1 = 1};
        mnq_bytes_random_layer(&b, &op);
        b.output = mnq_bytes_random_layer(&b, &sum);
        const unsigned last = mnq_bytes_tensor(&b, 2, 2, 3, MNQ_S8, 0);
        if (which == 1) b.layer[1].in0 = last;
        if (which == 2) b.layer[1].in1 = last;
        if (which == 3) { /* the layer whose output nobody reads */
            mnq_bytes_random_layer(&b, &op);
            b.layer[2].out = last;
            b.n_tensors--;
            b.output = 2;
        }
        uint8_t *f = mnq_bytes_file(&b, &n);
        f[24] = (uint8_t)last;
        f[48 + 8] = (uint8_t)(32 * last);
        mnq_bytes_seal(f, n);
        const enum mnq_status s = mnq_model_load(&m, f, n);
        assert_int_equal(s, which == 0 ? MNQ_OK : MNQ_E_FORMAT);
        if (which > 0) assert_int_equal(m.bad, which == 3 ? 2 : 1);
        free(f);
        mnq_bytes_free(&b);
    }
}

static void test_layer_arrays(void **state)
{
    const uint32_t none = 0xffffffff, end = (uint32_t)zoo.data_size, pw = zoo.layer[PW].weights_size;
    const struct damage rules[] = {
        {"weights missing", layer_at(PW, 28), 4, none, MNQ_E_FORMAT, PW},
        {"weights misaligned", layer_at(PW, 28), 4, zoo.layer[PW].weights + 4, MNQ_E_FORMAT, PW},
        {"weights beyond DATA", layer_at(PW, 28), 4, end - 16, MNQ_E_FORMAT, PW},
        {"weights far beyond DATA", layer_at(PW, 28), 4, 0xfffffff0, MNQ_E_FORMAT, PW},
        {"weights of another size", layer_at(PW, 32), 4, pw - 2, MNQ_E_FORMAT, PW},
        {"weights on MUL", layer_at(MUL, 28), 4, 0, MNQ_E_FORMAT, MUL},
        {"weight bytes on MUL", layer_at(MUL, 32), 4, 16, MNQ_E_FORMAT, MUL},
        {"bias missing", layer_at(PW, 36), 4, none, MNQ_E_FORMAT, PW},
        {"bias misaligned", layer_at(PW, 36), 4, zoo.layer[PW].bias + 4, MNQ_E_FORMAT, PW},
        {"bias beyond DATA", layer_at(PW, 36), 4, end, MNQ_E_FORMAT, PW},
        {"bias on SOFTMAX", layer_at(SOFTMAX, 36), 4, 0, MNQ_E_FORMAT, SOFTMAX},
        {"m missing", layer_at(PW, 40), 4, none, MNQ_E_FORMAT, PW},
        {"m misaligned", layer_at(PW, 40), 4, zoo.layer[PW].m + 8, MNQ_E_FORMAT, PW},
        {"m beyond DATA", layer_at(PW, 40), 4, end - 16, MNQ_E_FORMAT, PW},
        {"r missing", layer_at(PW, 44), 4, none, MNQ_E_FORMAT, PW},
        {"r misaligned", layer_at(PW, 44), 4, zoo.layer[PW].r + 1, MNQ_E_FORMAT, PW},
        {"r beyond DATA", layer_at(SOFTMAX, 44), 4, end, MNQ_E_FORMAT, SOFTMAX},
        {"m2 missing", layer_at(CONV, 48), 4, none, MNQ_E_FORMAT, CONV},
        {"m2 with CLAMP", layer_at(PW, 48), 4, 0, MNQ_E_FORMAT, PW},
        {"r2 missing", layer_at(CONV, 52), 4, none, MNQ_E_FORMAT, CONV},
        {"r2 with CLAMP", layer_at(PW, 52), 4, 0, MNQ_E_FORMAT, PW},
        {"pad missing", layer_at(CONV, 56), 4, none, MNQ_E_FORMAT, CONV},
        {"pad beyond DATA", layer_at(CONV, 56), 4, end, MNQ_E_FORMAT, CONV},
        {"pad on PW", layer_at(PW, 56), 4, 0, MNQ_E_FORMAT, PW},
    };

    (void)state;
    CHECK(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_huge_tensor),
        cmocka_unit_test(test_layer_fields),
        cmocka_unit_test(test_layer_arrays),
        cmocka_unit_test(test_tensor_behind_the_last),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
