/* SPDX-License-Identifier: Apache-2.0
 * The loader's proof that accumulators hold, at its exact limit, and the ranges of weights and multipliers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mnq_bytes.h"

#include <stdlib.h>

/* A model of one layer on a 4x4xC input, all of whose weights are w, with biases b and scaling m, r. */
struct one {
    unsigned op, wtype, act, c, oc, k, mult;
    int32_t w, b, m, m2;
    int8_t r, r2;
};

static uint32_t constant(struct mnq_bytes *b, size_t size, size_t n, int32_t v)
{
    int32_t *a = calloc(n + 1, 4);
    uint32_t at;

    assert_non_null(a);
    for (size_t i = 0; i < n; i++) {
        if (size == 1) ((int8_t *)a)[i] = (int8_t)v;
        else if (size == 2) ((int16_t *)a)[i] = (int16_t)v;
        else a[i] = v;
    }
    at = mnq_bytes_array(b, a, size, n);
    free(a);
    return at;
}

/* Writes and loads the model. */
static enum mnq_status load(const struct one *o)
{
    struct mnq_bytes b = {0};
    const unsigned table = o->op == MNQ_L_SOFTMAX, size = table ? 1 : 4, second = o->op == MNQ_L_ADD;
    const unsigned in_type = table ? MNQ_S16 : MNQ_S8, n = table ? 1 : o->oc;
    const size_t window = (size_t)o->k * o->k;
    const size_t weights = o->op == MNQ_L_CONV || o->op == MNQ_L_PW ? window * o->c * o->oc
                           : o->op == MNQ_L_DWCONV                  ? window * o->oc
                           : second                                 ? 2 * (size_t)o->oc
                                                                    : 0;
    const unsigned wsize = o->wtype == MNQ_W_S16 ? 2 : 1;
    struct mnq_model m;
    size_t bytes;

    const unsigned in0 = mnq_bytes_tensor(&b, size, size, o->c, in_type, 0);
    const unsigned in1 =
        mnq_bytes_tensor(&b, o->op == MNQ_L_MUL ? 1 : size, o->op == MNQ_L_MUL ? 1 : size, o->c, in_type, 0);
    const unsigned out = mnq_bytes_tensor(&b, size - o->k + 1, size - o->k + 1, o->oc, in_type, 0);
    struct mnq_bytes_layer l = {.op = o->op,
                                .wtype = o->wtype,
                                .act = o->act,
                                .frac = o->act ? 12 : 0,
                                .in0 = in0,
                                .in1 = second || o->op == MNQ_L_MUL ? in1 : MNQ_BYTES_NO_TENSOR,
                                .out = out,
                                .kh = o->k,
                                .kw = o->k,
                                .sh = 1,
                                .sw = 1,
                                .mult = o->mult,
                                .lo = -128,
                                .hi = 127,
                                .weights = MNQ_BYTES_NONE,
                                .bias = MNQ_BYTES_NONE,
                                .m2 = MNQ_BYTES_NONE,
                                .r2 = MNQ_BYTES_NONE,
                                .pad = MNQ_BYTES_NONE};
    if (weights) {
        l.weights = constant(&b, wsize, weights, o->w);
        l.weights_size = (uint32_t)(weights * wsize);
    }
    if (!table) l.bias = constant(&b, 4, n, o->b);
    l.m = constant(&b, 4, n, o->m);
    l.r = constant(&b, 1, n, o->r);
    if (o->act) {
        l.m2 = constant(&b, 4, n, o->m2);
        l.r2 = constant(&b, 1, n, o->r2);
    }
    if (o->op == MNQ_L_CONV || o->op == MNQ_L_DWCONV) l.pad = constant(&b, 1, o->c, 0);
    mnq_bytes_layer(&b, &l);
    b.input = in0;
    b.output = out;
    if (l.in1 == in1) { /* a first layer writes the second input */
        struct mnq_bytes_layer pool = {.op = MNQ_L_AVGPOOL,
                                       .in0 = in0,
                                       .in1 = MNQ_BYTES_NO_TENSOR,
                                       .out = in1,
                                       .sh = 1,
                                       .sw = 1,
                                       .lo = -128,
                                       .hi = 127,
                                       .weights = MNQ_BYTES_NONE,
                                       .bias = l.bias,
                                       .m = l.m,
                                       .r = l.r,
                                       .m2 = MNQ_BYTES_NONE,
                                       .r2 = MNQ_BYTES_NONE,
                                       .pad = MNQ_BYTES_NONE};
        pool.kh = pool.kw = o->op == MNQ_L_MUL ? size : 1;
        pool.bias = constant(&b, 4, n, 0);
        b.layer[0] = pool;
        mnq_bytes_layer(&b, &l);
    } else {
        b.tensor[in1] = b.tensor[in0]; /* unused: left out of the file */
        b.tensor[1] = b.tensor[out];
        b.layer[0].out = b.output = 1;
        b.n_tensors = 2;
    }
    uint8_t *f = mnq_bytes_file(&b, &bytes);
    const enum mnq_status s = mnq_model_load(&m, f, bytes);
    free(f);
    mnq_bytes_free(&b);
    return s;
}

/* The bias at the limit is accepted, one more is not, for both signs of both. */
static void at_limit(struct one o, int64_t weight_sum)
{
    const int32_t limit = (int32_t)(INT32_MAX - 128 * weight_sum);

    o.m = 1 << 30;
    for (int sign = -1; sign <= 1; sign += 2) {
        o.w = sign * o.w;
        o.b = limit;
        assert_int_equal(load(&o), MNQ_OK);
        o.b = -limit;
        assert_int_equal(load(&o), MNQ_OK);
        o.b = (int32_t)((uint32_t)limit + 1);
        assert_int_equal(load(&o), MNQ_E_OVERFLOW);
        o.b = -limit - 1;
        assert_int_equal(load(&o), MNQ_E_OVERFLOW);
    }
}

static void test_limits(void **state)
{
    (void)state;
    at_limit((struct one){.op = MNQ_L_PW, .wtype = MNQ_W_S8, .c = 700, .oc = 3, .k = 1, .w = 127}, 700 * 127);
    at_limit((struct one){.op = MNQ_L_PW, .wtype = MNQ_W_S16, .c = 500, .oc = 3, .k = 1, .w = 32767}, 500 * 32767);
    at_limit((struct one){.op = MNQ_L_CONV, .wtype = MNQ_W_S8, .c = 5, .oc = 2, .k = 3, .w = 100}, 9 * 5 * 100);
    at_limit((struct one){.op = MNQ_L_CONV, .wtype = MNQ_W_S16, .c = 5, .oc = 2, .k = 2, .w = 30000}, 4 * 5 * 30000);
    at_limit((struct one){.op = MNQ_L_DWCONV, .wtype = MNQ_W_S8, .c = 5, .oc = 10, .k = 3, .mult = 2, .w = 99}, 9 * 99);
    at_limit((struct one){.op = MNQ_L_DWCONV, .wtype = MNQ_W_S16, .c = 5, .oc = 5, .k = 3, .mult = 1, .w = 32767},
             9 * 32767);
    at_limit((struct one){.op = MNQ_L_ADD, .wtype = MNQ_W_S16, .c = 6, .oc = 6, .k = 1, .w = 32767}, 2 * 32767);
    at_limit((struct one){.op = MNQ_L_AVGPOOL, .c = 6, .oc = 6, .k = 4, .w = 1}, 16);
}

/* Weights alone, without a bias: 513 * 128 * 32767 passes 2^31. */
static void test_weights_alone(void **state)
{
    struct one o = {.op = MNQ_L_PW, .wtype = MNQ_W_S16, .c = 512, .oc = 2, .k = 1, .w = 32767, .m = 1};

    (void)state;
    assert_int_equal(load(&o), MNQ_OK);
    o.c = 513;
    assert_int_equal(load(&o), MNQ_E_OVERFLOW);
    o.c = 65535;
    assert_int_equal(load(&o), MNQ_E_OVERFLOW);
}

static void test_bias_extremes(void **state)
{
    struct one o = {.op = MNQ_L_PW, .wtype = MNQ_W_S8, .c = 1, .oc = 1, .k = 1, .w = 0, .m = 1, .b = INT32_MAX};

    (void)state;
    assert_int_equal(load(&o), MNQ_OK);
    o.b = INT32_MIN;
    assert_int_equal(load(&o), MNQ_E_OVERFLOW);
}

static void test_least_weight(void **state)
{
    struct one s8 = {.op = MNQ_L_PW, .wtype = MNQ_W_S8, .c = 4, .oc = 4, .k = 1, .w = -128, .m = 1};
    struct one s16 = {.op = MNQ_L_DWCONV, .wtype = MNQ_W_S16, .c = 4, .oc = 4, .k = 1, .mult = 1, .w = -32768, .m = 1};

    (void)state;
    assert_int_equal(load(&s8), MNQ_E_FORMAT);
    assert_int_equal(load(&s16), MNQ_E_FORMAT);
    s8.w = -127;
    s16.w = -32767;
    assert_int_equal(load(&s8), MNQ_OK);
    assert_int_equal(load(&s16), MNQ_OK);
}

static void test_scaling(void **state)
{
    const struct one good = {.op = MNQ_L_PW,
                             .wtype = MNQ_W_S8,
                             .act = MNQ_A_HSWISH,
                             .c = 4,
                             .oc = 4,
                             .k = 1,
                             .w = 1,
                             .m = INT32_MAX,
                             .m2 = 0,
                             .r = 31,
                             .r2 = -30};
    struct one o = good;

    (void)state;
    assert_int_equal(load(&o), MNQ_OK);
    o.m = -1;
    assert_int_equal(load(&o), MNQ_E_FORMAT);
    o = good;
    o.r = 32;
    assert_int_equal(load(&o), MNQ_E_FORMAT);
    o.r = -31;
    assert_int_equal(load(&o), MNQ_E_FORMAT);
    o = good;
    o.m2 = INT32_MIN;
    assert_int_equal(load(&o), MNQ_E_FORMAT);
    o = good;
    o.r2 = -31;
    assert_int_equal(load(&o), MNQ_E_FORMAT);
}

static void test_softmax(void **state)
{
    struct one o = {.op = MNQ_L_SOFTMAX, .c = 16384, .oc = 16384, .k = 1, .m = 1, .r = 31};

    (void)state;
    assert_int_equal(load(&o), MNQ_OK);
    o.m = -1;
    assert_int_equal(load(&o), MNQ_E_FORMAT);
    o.m = 1;
    o.r = 32;
    assert_int_equal(load(&o), MNQ_E_FORMAT);
    o.r = 1;
    o.c = o.oc = 16385;
    assert_int_equal(load(&o), MNQ_E_FORMAT);
}

static void test_mul_bias(void **state)
{
    struct one o = {.op = MNQ_L_MUL, .c = 8, .oc = 8, .k = 1, .m = 1};

    (void)state;
    assert_int_equal(load(&o), MNQ_OK);
    o.b = 1;
    assert_int_equal(load(&o), MNQ_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_weights_alone), cmocka_unit_test(test_bias_extremes),
        cmocka_unit_test(test_least_weight), cmocka_unit_test(test_scaling),       cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_mul_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
