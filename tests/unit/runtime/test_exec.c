/* SPDX-License-Identifier: Apache-2.0
 * Running: every operator on numbers worked out by hand, the calls' errors, and what a run may touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mnq_bytes.h"

#include <stdlib.h>
#include <string.h>

enum { HALF = 1 << 30 }; /* with r = -1: one half; with r = -2: one */

/* ---- one layer at a time ---- */

/* A one-layer model under construction: tensor 0 in, the last tensor out. */
struct single {
    struct mnq_bytes b;
    struct mnq_bytes_layer l;
};

static void begin(struct single *s, unsigned op, unsigned h, unsigned w, unsigned c, unsigned dtype, int32_t zp)
{
    memset(s, 0, sizeof *s);
    s->l = (struct mnq_bytes_layer){.op = op,
                                    .in1 = MNQ_BYTES_NO_TENSOR,
                                    .kh = 1,
                                    .kw = 1,
                                    .sh = 1,
                                    .sw = 1,
                                    .lo = -128,
                                    .hi = 127,
                                    .weights = MNQ_BYTES_NONE,
                                    .bias = MNQ_BYTES_NONE,
                                    .m2 = MNQ_BYTES_NONE,
                                    .r2 = MNQ_BYTES_NONE,
                                    .pad = MNQ_BYTES_NONE};
    mnq_bytes_tensor(&s->b, h, w, c, dtype, zp);
}

static void weights(struct single *s, unsigned type, const void *w, size_t n)
{
    s->l.wtype = type;
    s->l.weights = mnq_bytes_array(&s->b, w, type, n);
    s->l.weights_size = (uint32_t)(n * type);
}

/* The same multiplier and shift for n channels. */
static void scaling(struct single *s, int32_t m, int8_t r, size_t n, int second)
{
    int32_t mult[32];
    int8_t shift[32];

    assert_true(n <= 32);
    for (size_t i = 0; i < n; i++) {
        mult[i] = m;
        shift[i] = r;
    }
    *(second ? &s->l.m2 : &s->l.m) = mnq_bytes_array(&s->b, mult, 4, n);
    *(second ? &s->l.r2 : &s->l.r) = mnq_bytes_array(&s->b, shift, 1, n);
}

static void output(struct single *s, unsigned h, unsigned w, unsigned c, unsigned dtype, int32_t zp)
{
    s->l.out = s->b.output = mnq_bytes_tensor(&s->b, h, w, c, dtype, zp);
}

/* Runs the model on input bytes; the output must be `want`, and only tensors that a layer writes may change. */
static void expect(struct single *s, const void *in, size_t n_in, const void *want, size_t n_want)
{
    struct mnq_model m;
    struct mnq_tensor t;
    size_t n;

    mnq_bytes_layer(&s->b, &s->l);
    uint8_t *f = mnq_bytes_file(&s->b, &n);
    assert_int_equal(mnq_model_load(&m, f, n), MNQ_OK);
    const size_t size = mnq_arena_size(&m);
    uint8_t *arena = aligned_alloc(MNQ_ALIGN, size), *before = malloc(size);
    assert_non_null(arena);
    assert_non_null(before);
    memset(arena, 0xa5, size);
    memcpy(mnq_input(&m, arena), in, n_in);
    memcpy(before, arena, size);
    assert_int_equal(mnq_run(&m, arena, size), MNQ_OK);
    assert_int_equal(mnq_tensor_get(&m, m.output, &t), MNQ_OK);
    assert_int_equal(t.size, n_want);
    assert_memory_equal(mnq_output(&m, arena), want, n_want);
    for (unsigned i = 1; i < s->b.n_tensors; i++) {
        assert_int_equal(mnq_tensor_get(&m, i, &t), MNQ_OK);
        memcpy(before + t.offset, arena + t.offset, t.size);
    }
    assert_memory_equal(arena, before, size);
    free(before);
    free(arena);
    free(f);
    mnq_bytes_free(&s->b);
}

static void test_pw(void **state)
{
    static const int8_t w[] = {1, 2, 3, -1, 0, 127};
    static const int32_t bias[] = {10, -20};
    static const int8_t in[] = {5, -6, 7, -128, 127, 0};
    /* pixel 0: 10 + 5 - 12 + 21 = 24, -20 - 5 + 889 = 864; pixel 1: 10 - 128 + 254 = 136, -20 + 128 = 108; halved, + 3 */
    static const int8_t want[] = {15, 127, 71, 57};
    struct single s;

    (void)state;
    begin(&s, MNQ_L_PW, 1, 2, 3, MNQ_S8, 0);
    weights(&s, MNQ_W_S8, w, 6);
    s.l.bias = mnq_bytes_array(&s.b, bias, 4, 2);
    scaling(&s, HALF, -1, 2, 0);
    output(&s, 1, 2, 2, MNQ_S8, 3);
    expect(&s, in, sizeof in, want, sizeof want);
}

/* Raw bytes: 0 is -128, 255 is 127. */
static void test_pw_u8_s16(void **state)
{
    static const int16_t w[] = {1000, -32767};
    static const int32_t bias[] = {0};
    static const uint8_t in[] = {0, 128, 255, 0, 129, 127};
    static const int16_t want[] = {-16000, 32767, 4221};
    struct single s;

    (void)state;
    begin(&s, MNQ_L_PW, 3, 1, 2, MNQ_U8, 0);
    weights(&s, MNQ_W_S16, w, 2);
    s.l.bias = mnq_bytes_array(&s.b, bias, 4, 1);
    scaling(&s, HALF, 1, 1, 0); /* 1/8 */
    s.l.lo = -32768;
    s.l.hi = 32767;
    output(&s, 3, 1, 1, MNQ_S16, 0);
    /* -128000 / 8; (127000 + 128 * 32767) / 8 saturates; (1000 + 32767) / 8 = 4220.9 */
    expect(&s, in, sizeof in, want, sizeof want);
}

/* 2x3 kernel on a 3x3 image of one channel, stride 2, padded by 9 at the top and left. */
static void test_conv(void **state)
{
    static const int8_t w[] = {1, 2, 3, 4, 5, 6}, pad[] = {9};
    static const int32_t bias[] = {0};
    static const int8_t in[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    /* y=0 sees rows (pad, 0), y=1 rows (1, 2); x=0 sees columns (pad, 0, 1), x=1 columns (1, 2, pad); all halved */
    static const int8_t want[] = {
        (9 * 6 + 4 * 9 + 5 * 1 + 6 * 2 + 1) / 2,
        (9 * 6 + 4 * 2 + 5 * 3 + 6 * 9 + 1) / 2,
        (1 * 9 + 2 * 4 + 3 * 5 + 4 * 9 + 5 * 7 + 6 * 8 + 1) / 2,
        (1 * 5 + 2 * 6 + 3 * 9 + 4 * 8 + 5 * 9 + 6 * 9 + 1) / 2,
    };
    struct single s;

    (void)state;
    begin(&s, MNQ_L_CONV, 3, 3, 1, MNQ_S8, 9);
    weights(&s, MNQ_W_S8, w, 6);
    s.l.bias = mnq_bytes_array(&s.b, bias, 4, 1);
    s.l.pad = mnq_bytes_array(&s.b, pad, 1, 1);
    s.l.kh = 2;
    s.l.kw = 3;
    s.l.sh = s.l.sw = 2;
    s.l.pt = s.l.pl = s.l.pr = 1;
    scaling(&s, HALF, -1, 1, 0);
    output(&s, 2, 2, 1, MNQ_S8, 0);
    expect(&s, in, sizeof in, want, sizeof want);
}

/* The padding of a U8 image is given in terms of q, not of the stored byte. */
static void test_conv_u8_padding(void **state)
{
    static const int8_t w[] = {1, 1, 1}, pad[] = {-3};
    static const int32_t bias[] = {0};
    static const uint8_t in[] = {130};
    static const int8_t want[] = {-3 + 2 - 3};
    struct single s;

    (void)state;
    begin(&s, MNQ_L_CONV, 1, 1, 1, MNQ_U8, -3);
    weights(&s, MNQ_W_S8, w, 3);
    s.l.bias = mnq_bytes_array(&s.b, bias, 4, 1);
    s.l.pad = mnq_bytes_array(&s.b, pad, 1, 1);
    scaling(&s, HALF, -2, 1, 0);
    s.l.kw = 3;
    s.l.pl = s.l.pr = 1;
    output(&s, 1, 1, 1, MNQ_S8, 0);
    expect(&s, in, sizeof in, want, sizeof want);
}

/* Two channels, multiplier 2, a 1x2 kernel; padding differs per channel. */
static void test_dwconv(void **state)
{
    static const int16_t w[] = {1, 2, 3, 4, 10, 20, 30, 40};
    static const int8_t pad[] = {1, -1};
    static const int32_t bias[] = {0, 1, 2, 3};
    static const int8_t in[] = {1, 2, -1, 0};
    static const int8_t want[] = {
        1 + 10, 1 + 2 + 20, 2 - 3 + 60, 3 - 4 + 80, /* (pad, pixel 0) */
        1 - 10, 1 + 2 - 20, 2 + 6,      3 + 8,      /* (pixel 0, pixel 1) */
    };
    struct single s;

    (void)state;
    begin(&s, MNQ_L_DWCONV, 1, 2, 2, MNQ_S8, 0);
    weights(&s, MNQ_W_S16, w, 8);
    s.l.bias = mnq_bytes_array(&s.b, bias, 4, 4);
    s.l.pad = mnq_bytes_array(&s.b, pad, 1, 2);
    scaling(&s, HALF, -2, 4, 0);
    s.l.kw = 2;
    s.l.pl = 1;
    s.l.mult = 2;
    output(&s, 1, 2, 4, MNQ_S8, 0);
    expect(&s, in, sizeof in, want, sizeof want);
}

/* A 1x2 kernel on two pixels, raw bytes of q = (3, -4), (-5, 6), padded on the left; both weight types. */
static void test_dwconv_u8(void **state)
{
    static const int8_t w8[] = {1, 10, 2, -1}, pad[] = {-100, 7};
    static const int16_t w16[] = {1, 10, 2, -1};
    static const int32_t bias[] = {0, 0};
    static const uint8_t in[] = {131, 124, 123, 134};
    static const int8_t want[] = {-100 + 6, 70 + 4, 3 - 10, -40 - 6};

    (void)state;
    for (int wide = 0; wide <= 1; wide++) {
        struct single s;
        begin(&s, MNQ_L_DWCONV, 1, 2, 2, MNQ_U8, 0);
        if (wide) weights(&s, MNQ_W_S16, w16, 4);
        else weights(&s, MNQ_W_S8, w8, 4);
        s.l.bias = mnq_bytes_array(&s.b, bias, 4, 2);
        s.l.pad = mnq_bytes_array(&s.b, pad, 1, 2);
        s.l.kw = 2;
        s.l.pl = 1;
        s.l.mult = 1;
        scaling(&s, HALF, -2, 2, 0);
        output(&s, 1, 2, 2, MNQ_S8, 0);
        expect(&s, in, sizeof in, want, sizeof want);
    }
}

static void test_avgpool(void **state)
{
    static const int32_t bias[] = {0};
    static const int8_t in[] = {1, 2, 3, 4, 5, 6};
    static const uint8_t raw[] = {129, 130, 131, 132, 133, 134}; /* the same */
    static const int8_t want[] = {3, 4};                         /* (1+2+4+5)/4, (2+3+5+6)/4 */

    (void)state;
    for (unsigned dtype = MNQ_U8; dtype <= MNQ_S8; dtype++) {
        struct single s;
        begin(&s, MNQ_L_AVGPOOL, 2, 3, 1, dtype, 0);
        s.l.bias = mnq_bytes_array(&s.b, bias, 4, 1);
        scaling(&s, HALF, 0, 1, 0);
        s.l.kh = s.l.kw = 2;
        output(&s, 1, 2, 1, MNQ_S8, 0);
        expect(&s, dtype == MNQ_U8 ? (const void *)raw : (const void *)in, sizeof in, want, sizeof want);
    }
}

/* t has F = 2 fraction bits: 12 is 3.0. The gate is t + 3 cut to 0..6, the product is scaled by 1/6 in real terms. */
static void hsigmoid_or_hswish(unsigned act, int32_t m2, int8_t r2, const int8_t want[5])
{
    static const int8_t w[] = {1};
    static const int32_t bias[] = {0};
    static const int8_t in[] = {-128, -12, -6, 0, 12};
    struct single s;

    begin(&s, MNQ_L_PW, 5, 1, 1, MNQ_S8, 0);
    weights(&s, MNQ_W_S8, w, 1);
    s.l.bias = mnq_bytes_array(&s.b, bias, 4, 1);
    scaling(&s, HALF, -2, 1, 0);
    scaling(&s, m2, r2, 1, 1);
    s.l.act = act;
    s.l.frac = 2;
    output(&s, 5, 1, 1, MNQ_S8, -1);
    expect(&s, in, sizeof in, want, 5);
}

static void test_activations(void **state)
{
    /* u = 0, 0, 6, 12, 24 */
    static const int8_t gate[] = {-1, -1, 5, 11, 23};
    /* t * u / 8 = 0, 0, -36 / 8 = -4.5 -> -4, 0, 288 / 8 */
    static const int8_t swish[] = {-1, -1, -5, -1, 35};

    (void)state;
    hsigmoid_or_hswish(MNQ_A_HSIGMOID, HALF, -2, gate);
    hsigmoid_or_hswish(MNQ_A_HSWISH, HALF, 1, swish);
}

/* ---- two inputs ---- */

/* tensor 0 (in) -> AVGPOOL -> tensor 1; op(0, 1) -> 2. */
static void pair(unsigned op, int32_t zp0, int32_t zp1, const int16_t *w, const int8_t in[4], const int8_t want[4])
{
    static const int32_t bias[] = {0, 0};
    struct single s;

    begin(&s, MNQ_L_AVGPOOL, op == MNQ_L_MUL ? 2 : 1, 1, 2, MNQ_S8, zp0);
    s.l.kh = op == MNQ_L_MUL ? 2 : 1;
    s.l.bias = mnq_bytes_array(&s.b, bias, 4, 2);
    scaling(&s, HALF, op == MNQ_L_MUL ? -1 : -2, 2, 0);
    output(&s, 1, 1, 2, MNQ_S8, zp1);
    mnq_bytes_layer(&s.b, &s.l);
    s.l.op = op;
    s.l.kh = 1;
    s.l.in1 = 1;
    if (w) weights(&s, MNQ_W_S16, w, 4);
    scaling(&s, HALF, -1, 2, 0);
    output(&s, op == MNQ_L_MUL ? 2 : 1, 1, 2, MNQ_S8, 0);
    expect(&s, in, op == MNQ_L_MUL ? 4 : 2, want, op == MNQ_L_MUL ? 4 : 2);
}

static void test_add(void **state)
{
    static const int16_t w[] = {3, -2, 1, 1};
    static const int8_t in[4] = {10, 20}, want[4] = {(30 + 12) / 2, (-40 + 22) / 2};

    (void)state;
    pair(MNQ_L_ADD, 0, 2, w, in, want); /* input 1 is input 0 + 2, its zero point */
}

static void test_mul(void **state)
{
    /* the gate is the mean of both pixels plus 5, its zero point: q1 - z1 = 3, -4; z0 = -7 */
    static const int8_t in[4] = {2, -8, 4, 0};
    static const int8_t want[4] = {(9 * 3 + 1) / 2, 2, (11 * 3 + 1) / 2, -14};

    (void)state;
    pair(MNQ_L_MUL, -7, 5, NULL, in, want);
}

/* ---- 16-bit activations ---- */

static void wide_output(struct single *s)
{
    s->l.lo = -32768;
    s->l.hi = 32767;
}

/* One sixteenth of 3 - q0 + 2 q1; both weight types. */
static void test_wide_pw(void **state)
{
    static const int8_t w8[] = {-1, 2};
    static const int16_t w16[] = {-1, 2}, in[] = {1000, 32767, -32768, -32768, 0, -4};
    static const int32_t bias[] = {3};
    static const int16_t want[] = {4034, -2048, 0}; /* 64537, -32765 and -5, / 16 */

    (void)state;
    for (int wide = 0; wide <= 1; wide++) {
        struct single s;
        begin(&s, MNQ_L_PW, 3, 1, 2, MNQ_S16, 0);
        if (wide) weights(&s, MNQ_W_S16, w16, 2);
        else weights(&s, MNQ_W_S8, w8, 2);
        s.l.bias = mnq_bytes_array(&s.b, bias, 4, 1);
        scaling(&s, HALF, 2, 1, 0);
        wide_output(&s);
        output(&s, 3, 1, 1, MNQ_S16, 0);
        expect(&s, in, sizeof in, want, sizeof want);
    }
}

/* 1x2 kernel over one row of two channels, padded at both ends: padding stays 8 bits wide. */
static void test_wide_conv(void **state)
{
    static const int8_t w8[] = {1, 10, 2, -1}, pad[] = {-100, 7};
    static const int16_t w16[] = {1, 10, 2, -1}, in[] = {300, 400, -500, 32000};
    static const int32_t bias[] = {1};
    static const int16_t want[] = {
        1 - 100 + 70 + 600 - 400,      /* (pad, pixel 0) */
        1 + 300 + 4000 - 1000 - 32000, /* (pixel 0, pixel 1) */
        32767,                         /* (pixel 1, pad): 1 - 500 + 320000 - 200 - 7 */
    };

    (void)state;
    for (int wide = 0; wide <= 1; wide++) {
        struct single s;
        begin(&s, MNQ_L_CONV, 1, 2, 2, MNQ_S16, 0);
        if (wide) weights(&s, MNQ_W_S16, w16, 4);
        else weights(&s, MNQ_W_S8, w8, 4);
        s.l.bias = mnq_bytes_array(&s.b, bias, 4, 1);
        s.l.pad = mnq_bytes_array(&s.b, pad, 1, 2);
        s.l.kw = 2;
        s.l.pl = s.l.pr = 1;
        scaling(&s, HALF, -2, 1, 0);
        wide_output(&s);
        output(&s, 1, 3, 1, MNQ_S16, 0);
        expect(&s, in, sizeof in, want, sizeof want);
    }
}

/* The same window, channel by channel; multiplier 1, then 2. */
static void test_wide_dwconv(void **state)
{
    static const int8_t pad[] = {-100, 7}, w8[] = {1, 10, 2, -1};
    static const int16_t w16[] = {1, 10, 2, -1}, in[] = {300, 400, -500, 3000};
    static const int8_t w8_double[] = {1, 1, 10, -10, 2, 3, -1, 0};
    static const int16_t w16_double[] = {1, 1, 10, -10, 2, 3, -1, 0};
    static const int32_t bias[] = {0, 0, 0, 5};
    static const int16_t want[] = {-100 + 600, 70 - 400, 300 - 1000, 4000 - 3000, -500 - 200, 30000 - 7};
    static const int16_t want_double[] = {
        -100 + 600,  -100 + 900, 70 - 400,   -70 + 5,    300 - 1000, 300 - 1500,
        4000 - 3000, -4000 + 5,  -500 - 200, -500 - 300, 30000 - 7,  -30000 + 5,
    };

    (void)state;
    for (unsigned mult = 1; mult <= 2; mult++) {
        for (int wide = 0; wide <= 1; wide++) {
            const size_t oc = 2 * (size_t)mult;
            struct single s;
            begin(&s, MNQ_L_DWCONV, 1, 2, 2, MNQ_S16, 0);
            if (wide) weights(&s, MNQ_W_S16, mult == 1 ? w16 : w16_double, 2 * oc);
            else weights(&s, MNQ_W_S8, mult == 1 ? w8 : w8_double, 2 * oc);
            s.l.bias = mnq_bytes_array(&s.b, bias, 4, oc);
            s.l.pad = mnq_bytes_array(&s.b, pad, 1, 2);
            s.l.kw = 2;
            s.l.pl = s.l.pr = 1;
            s.l.mult = mult;
            scaling(&s, HALF, -2, oc, 0);
            wide_output(&s);
            output(&s, 1, 3, 2 * mult, MNQ_S16, 0);
            if (mult == 1) expect(&s, in, sizeof in, want, sizeof want);
            else expect(&s, in, sizeof in, want_double, sizeof want_double);
        }
    }
}

static void test_wide_avgpool(void **state)
{
    static const int32_t bias[] = {0, 100}, narrow_bias[] = {-4000, 65600};
    static const int16_t in[] = {1000, -32768, 3000, -32768, 5001, 30000};
    static const int16_t want[] = {2000, -32718, 4001, -1334}; /* halves of 4000, -65436; 8001, -2668 */
    static const int8_t narrow_want[] = {0, 32, 127, 127};

    (void)state;
    for (int wide = 0; wide <= 1; wide++) {
        struct single s;
        begin(&s, MNQ_L_AVGPOOL, 1, 3, 2, MNQ_S16, 0);
        s.l.bias = mnq_bytes_array(&s.b, wide ? bias : narrow_bias, 4, 2);
        scaling(&s, HALF, -1, 2, 0);
        s.l.kw = 2;
        if (wide) wide_output(&s);
        output(&s, 1, 2, 2, wide ? MNQ_S16 : MNQ_S8, 0);
        if (wide) expect(&s, in, sizeof in, want, sizeof want);
        else expect(&s, in, sizeof in, narrow_want, sizeof narrow_want);
    }
}

/*
 * Tensor 0 of type0, input in[], and tensor 1 of type1, which AVGPOOL makes of it: half of it for 8 bits, cut, or the
 * double for 16 bits. op(0, 1), or op(1, 0) if `swapped`, of 16 bits.
 */
static void wide_pair(unsigned op, unsigned type0, unsigned type1, int swapped, const int16_t *w, const int16_t in[2],
                      const int16_t want[2])
{
    static const int32_t bias[] = {0, 0};
    int8_t narrow[2];
    struct single s;

    for (int i = 0; i < 2; i++) narrow[i] = (int8_t)in[i];
    begin(&s, MNQ_L_AVGPOOL, 1, 1, 2, type0, 0);
    s.l.bias = mnq_bytes_array(&s.b, bias, 4, 2);
    scaling(&s, HALF, type1 == MNQ_S16 ? -3 : -1, 2, 0);
    if (type1 == MNQ_S16) wide_output(&s);
    output(&s, 1, 1, 2, type1, 0);
    mnq_bytes_layer(&s.b, &s.l);
    s.l.op = op;
    s.l.in0 = swapped ? 1 : 0;
    s.l.in1 = swapped ? 0 : 1;
    if (w) weights(&s, MNQ_W_S16, w, 4);
    scaling(&s, HALF, -2, 2, 0);
    wide_output(&s);
    output(&s, 1, 1, 2, MNQ_S16, 0);
    expect(&s, type0 == MNQ_S16 ? (const void *)in : (const void *)narrow, type0 == MNQ_S16 ? 4 : 2, want, 4);
}

static void test_wide_add(void **state)
{
    static const int16_t w[] = {3, -2, 1, 10}, big[2] = {1000, -3000}, small[2] = {100, -30};

    (void)state;
    wide_pair(MNQ_L_ADD, MNQ_S16, MNQ_S16, 0, w, big, (const int16_t[]){3000 + 2000, -32768});
    wide_pair(MNQ_L_ADD, MNQ_S16, MNQ_S16, 1, w, big, (const int16_t[]){6000 + 1000, 12000 - 30000});
    wide_pair(MNQ_L_ADD, MNQ_S16, MNQ_S8, 0, w, big, (const int16_t[]){3000 + 127, 6000 - 1280});
    wide_pair(MNQ_L_ADD, MNQ_S16, MNQ_S8, 1, w, big, (const int16_t[]){3 * 127 + 1000, 256 - 30000});
    wide_pair(MNQ_L_ADD, MNQ_S8, MNQ_S16, 0, w, small, (const int16_t[]){300 + 200, 60 - 600});
    wide_pair(MNQ_L_ADD, MNQ_S8, MNQ_S16, 1, w, small, (const int16_t[]){600 + 100, 120 - 300});
}

static void test_wide_mul(void **state)
{
    static const int16_t big[2] = {100, -200}, small[2] = {100, -30};

    (void)state;
    wide_pair(MNQ_L_MUL, MNQ_S16, MNQ_S16, 0, NULL, big, (const int16_t[]){20000, 32767});
    wide_pair(MNQ_L_MUL, MNQ_S16, MNQ_S16, 1, NULL, big, (const int16_t[]){20000, 32767});
    wide_pair(MNQ_L_MUL, MNQ_S16, MNQ_S8, 0, NULL, big, (const int16_t[]){100 * 50, 200 * 100});
    wide_pair(MNQ_L_MUL, MNQ_S16, MNQ_S8, 1, NULL, big, (const int16_t[]){50 * 100, 100 * 200});
    wide_pair(MNQ_L_MUL, MNQ_S8, MNQ_S16, 0, NULL, small, (const int16_t[]){20000, 1800});
    wide_pair(MNQ_L_MUL, MNQ_S8, MNQ_S16, 1, NULL, small, (const int16_t[]){20000, 1800});
}

/* ---- probabilities ---- */

static void probabilities(unsigned op, const int16_t *in, const int16_t *want, unsigned n)
{
    struct single s;

    begin(&s, op, 1, 1, n, MNQ_S16, 0);
    scaling(&s, HALF, -17, 1, 0); /* one step of the logits is a factor of sqrt(2): 2^15 in Q16 */
    s.l.lo = -32768;
    s.l.hi = 32767;
    output(&s, 1, 1, n, MNQ_S16, 0);
    expect(&s, in, 2 * (size_t)n, want, 2 * (size_t)n);
}

static void test_softmax(void **state)
{
    static const int16_t in[] = {4, 2, 0, 0}, parts[] = {16384, 8192, 4096, 4096}; /* 4 : 2 : 1 : 1 */
    static const int16_t even[] = {-32768, -32768}, half[] = {16384, 16384};
    static const int16_t far_apart[] = {32767, -32768}, sure[] = {32767, 0};
    static const int16_t one[] = {-5}, all[] = {32767};

    (void)state;
    probabilities(MNQ_L_SOFTMAX, in, parts, 4);
    probabilities(MNQ_L_SOFTMAX, even, half, 2);
    probabilities(MNQ_L_SOFTMAX, far_apart, sure, 2);
    probabilities(MNQ_L_SOFTMAX, one, all, 1);
}

static void test_logistic(void **state)
{
    /* 2^(q/2) / (1 + 2^(q/2)) for q = 0, 2, -2, 4, and both ends */
    static const int16_t in[] = {0, 2, -2, 4, 32767, -32768}, want[] = {16384, 21845, 10923, 26214, 32767, 0};

    (void)state;
    probabilities(MNQ_L_LOGISTIC, in, want, 6);
}

/* ---- calls ---- */

static void test_calls(void **state)
{
    struct mnq_bytes b;
    struct mnq_model m;
    size_t n;

    (void)state;
    mnq_bytes_zoo(&b, 6, 9, 12, 5);
    uint8_t *f = mnq_bytes_file(&b, &n);
    assert_int_equal(mnq_model_load(&m, f, n), MNQ_OK);
    const size_t size = mnq_arena_size(&m);
    uint8_t *arena = aligned_alloc(MNQ_ALIGN, size + MNQ_ALIGN), *layered = aligned_alloc(MNQ_ALIGN, size);
    assert_non_null(arena);
    assert_non_null(layered);
    assert_int_equal(mnq_run(NULL, arena, size), MNQ_E_ARG);
    assert_int_equal(mnq_run(&m, NULL, size), MNQ_E_ARG);
    assert_int_equal(mnq_run(&m, arena + 8, size), MNQ_E_ARG);
    assert_int_equal(mnq_run(&m, arena, size - 1), MNQ_E_ARENA);
    assert_int_equal(mnq_run_layer(&m, arena, size - 1, 0), MNQ_E_ARENA);
    assert_int_equal(mnq_run_layer(&m, arena, size, m.n_layers), MNQ_E_ARG);
    assert_ptr_equal(mnq_input(&m, arena), arena + b.tensor[b.input].offset);
    assert_ptr_equal(mnq_output(&m, arena), arena + b.tensor[b.output].offset);

    /* an uninitialized arena does not matter, and layer by layer is the same as at once */
    memset(arena, 0x11, size);
    memset(layered, 0xee, size);
    uint8_t *in = mnq_input(&m, arena);
    for (unsigned i = 0; i < 9 * 12 * 3; i++) in[i] = (uint8_t)mnq_bytes_random(&b);
    memcpy(mnq_input(&m, layered), in, 9 * 12 * 3);
    assert_int_equal(mnq_run(&m, arena, size), MNQ_OK);
    for (unsigned i = 0; i < m.n_layers; i++) assert_int_equal(mnq_run_layer(&m, layered, size, i), MNQ_OK);
    for (unsigned i = 0; i < m.n_tensors; i++) {
        struct mnq_tensor t;
        int alive = 0;
        assert_int_equal(mnq_tensor_get(&m, i, &t), MNQ_OK);
        assert_memory_equal(arena + t.offset, layered + t.offset, t.size);
        for (uint32_t k = 1; k < t.size; k++) alive |= arena[t.offset + k] != arena[t.offset];
        assert_true(alive); /* the random model exercises something */
    }
    free(layered);
    free(arena);
    free(f);
    mnq_bytes_free(&b);
}

static void test_status_str(void **state)
{
    (void)state;
    for (int s = MNQ_E_ENDIAN; s <= MNQ_OK; s++) {
        assert_string_not_equal(mnq_status_str((enum mnq_status)s), "unknown status");
        for (int k = MNQ_E_ENDIAN; k < s; k++)
            assert_string_not_equal(mnq_status_str((enum mnq_status)s), mnq_status_str((enum mnq_status)k));
    }
    assert_string_equal(mnq_status_str((enum mnq_status)99), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pw),           cmocka_unit_test(test_pw_u8_s16),
        cmocka_unit_test(test_conv),         cmocka_unit_test(test_conv_u8_padding),
        cmocka_unit_test(test_dwconv),       cmocka_unit_test(test_dwconv_u8),
        cmocka_unit_test(test_avgpool),      cmocka_unit_test(test_activations),
        cmocka_unit_test(test_add),          cmocka_unit_test(test_mul),
        cmocka_unit_test(test_softmax),      cmocka_unit_test(test_wide_pw),
        cmocka_unit_test(test_wide_conv),    cmocka_unit_test(test_wide_dwconv),
        cmocka_unit_test(test_wide_avgpool), cmocka_unit_test(test_wide_add),
        cmocka_unit_test(test_wide_mul),     cmocka_unit_test(test_logistic),
        cmocka_unit_test(test_calls),        cmocka_unit_test(test_status_str),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
