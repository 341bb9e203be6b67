/* SPDX-License-Identifier: Apache-2.0
 * What the loader says of compressed weights: sizes to the byte, bits that stand for nothing, ranges, and the accumulator's
 * bound to the last unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mnq_bytes.h"
#include "wpack.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 14 };

/* A model of one PW layer of 2x2 pixels, and its weights as bytes. */
struct one {
    unsigned wtype, c, oc, field, op, in_type, minor;
    int32_t bias;
    uint8_t w[MOST];
    size_t n;
};

/* A layer whose integers (wpack.h) are all v, and the `rest` behind the signs. */
static struct one make(unsigned wtype, unsigned c, unsigned oc, unsigned field, int32_t v, int32_t rest)
{
    struct one o = {.wtype = wtype, .c = c, .oc = oc, .field = field, .op = MNQ_L_PW, .in_type = MNQ_S8};
    const size_t count = mnq_wpack_count((int)wtype, (int)c, (int)oc, (int)field);
    const size_t signs = (size_t)c * oc * (wtype == MNQ_W_BINARY ? field : 1);
    int32_t *a = malloc(count * sizeof *a);

    assert_non_null(a);
    for (size_t i = 0; i < count; i++) a[i] = i < signs ? v : rest;
    o.n = mnq_wpack_size((int)wtype, (int)c, (int)oc, (int)field, a);
    assert_true(o.n <= MOST);
    mnq_wpack_write((int)wtype, (int)c, (int)oc, (int)field, a, o.w);
    free(a);
    return o;
}

static enum mnq_status load(const struct one *o)
{
    struct mnq_bytes b = {0};
    struct mnq_model m;
    int32_t values[64];
    int8_t r[64] = {0};
    size_t bytes;

    assert_true(o->oc <= 64);
    const unsigned in = mnq_bytes_tensor(&b, 2, 2, o->c, o->in_type, 0), out = mnq_bytes_tensor(&b, 2, 2, o->oc, MNQ_S16, 0);
    struct mnq_bytes_layer l = {.op = o->op,
                                .wtype = o->wtype,
                                .in0 = in,
                                .in1 = MNQ_BYTES_NO_TENSOR,
                                .out = out,
                                .kh = 1,
                                .kw = 1,
                                .sh = 1,
                                .sw = 1,
                                .mult = o->field,
                                .lo = -32768,
                                .hi = 32767,
                                .m2 = MNQ_BYTES_NONE,
                                .r2 = MNQ_BYTES_NONE,
                                .pad = MNQ_BYTES_NONE};
    for (unsigned i = 0; i < 64; i++) values[i] = o->bias;
    l.bias = mnq_bytes_array(&b, values, 4, o->oc);
    for (unsigned i = 0; i < 64; i++) values[i] = 1 << 30;
    l.m = mnq_bytes_array(&b, values, 4, o->oc);
    l.r = mnq_bytes_array(&b, r, 1, o->oc);
    if (o->op != MNQ_L_PW) l.pad = mnq_bytes_array(&b, o->w, 1, o->c);
    l.weights = mnq_bytes_array(&b, o->w, 1, o->n);
    l.weights_size = (uint32_t)o->n;
    mnq_bytes_layer(&b, &l);
    b.output = out;
    uint8_t *f = mnq_bytes_file(&b, &bytes);
    if (o->minor != 0) f[6] = (uint8_t)o->minor;
    const enum mnq_status s = mnq_model_load(&m, f, bytes);
    free(f);
    mnq_bytes_free(&b);
    return s;
}

static void expect(const struct one *o, enum mnq_status s)
{
    assert_int_equal(load(o), s);
}

/* One layer of every type with sizes around a word. */
static struct one sample(unsigned wtype, unsigned c)
{
    const unsigned field = mnq_wpack_sparse((int)wtype) ? 1 : wtype == MNQ_W_BINARY ? 2 : 0;
    return make(wtype, c, 3, field, wtype == MNQ_W_BINARY || wtype == MNQ_W_XNOR ? 1 : 5, 7);
}

/* The size is exact: a byte more or less is refused. */
static void test_sizes(void **state)
{
    static const unsigned channels[] = {1, 2, 31, 32, 33, 64, 65};

    (void)state;
    for (unsigned t = MNQ_W_S4; t != 0; t = (unsigned)mnq_wpack_next((int)t))
        for (size_t k = 0; k < sizeof channels / sizeof *channels; k++) {
            struct one o = sample(t, channels[k]);
            expect(&o, MNQ_OK);
            o.n++;
            expect(&o, MNQ_E_FORMAT);
            o.n -= 2;
            expect(&o, MNQ_E_FORMAT);
        }
}

/* Only PW has them; a map is no weight. */
static void test_operators(void **state)
{
    (void)state;
    for (unsigned t = MNQ_W_S4; t != 0; t = (unsigned)mnq_wpack_next((int)t)) {
        struct one o = sample(t, 3);
        o.op = MNQ_L_CONV;
        expect(&o, MNQ_E_FORMAT);
        o.op = MNQ_L_DWCONV;
        expect(&o, MNQ_E_FORMAT);
    }
    struct one o = sample(MNQ_W_XNOR, 3);
    o.wtype = MNQ_W_MAP;
    expect(&o, MNQ_E_FORMAT);
    o.wtype = MNQ_W_TERNARY + 1;
    expect(&o, MNQ_E_FORMAT);
    o.wtype = 255;
    expect(&o, MNQ_E_FORMAT);
    o.minor = MNQ_FORMAT_MINOR + 1; /* it may be one of theirs */
    expect(&o, MNQ_E_VERSION);
    o = sample(MNQ_W_SPARSE4, 3);
    o.minor = MNQ_FORMAT_MINOR + 1;
    expect(&o, MNQ_OK);
}

static void test_field(void **state)
{
    static const unsigned blocks[] = {0, 3, 5, 6, 12, 32, 64};
    struct one o;

    (void)state;
    for (unsigned b = 1; b <= 16; b *= 2) {
        o = make(MNQ_W_SPARSE, 48, 3, b, 1, 0);
        expect(&o, MNQ_OK);
    }
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) {
        o.field = blocks[k];
        expect(&o, MNQ_E_FORMAT);
    }
    for (unsigned t = MNQ_W_SPARSE; t <= MNQ_W_SPARSE4; t += MNQ_W_SPARSE4 - MNQ_W_SPARSE) {
        o = make(t, 6, 3, 1, 1, 0);
        o.field = 4; /* does not divide 6 */
        expect(&o, MNQ_E_FORMAT);
        o = make(t, 32, 3, 1, 1, 0);
        o.field = 32;
        expect(&o, MNQ_E_FORMAT);
    }
    for (unsigned m = 1; m <= 4; m++) {
        o = make(MNQ_W_BINARY, 33, 3, m, 1, 1);
        expect(&o, MNQ_OK);
    }
    o.field = 5;
    expect(&o, MNQ_E_FORMAT);
    o.field = 0;
    expect(&o, MNQ_E_FORMAT);
    o = sample(MNQ_W_S4, 4);
    o.field = 1;
    expect(&o, MNQ_E_FORMAT);
    o = sample(MNQ_W_XNOR, 4);
    o.field = 1;
    expect(&o, MNQ_E_FORMAT);
    o = make(MNQ_W_XNOR, 1024, 2, 0, 1, 0);
    expect(&o, MNQ_OK);
    o = make(MNQ_W_XNOR, 1025, 2, 0, 1, 0);
    expect(&o, MNQ_E_FORMAT);
}

static void test_s4(void **state)
{
    struct one o = sample(MNQ_W_S4, 5);

    (void)state;
    o.w[2] = 0x15; /* a nibble behind the last weight of the first row */
    expect(&o, MNQ_E_FORMAT);
    o.w[2] = 0x05;
    expect(&o, MNQ_OK);
    o.w[2] = 0x08; /* -8 */
    expect(&o, MNQ_E_FORMAT);
    o.w[2] = 0x09;
    expect(&o, MNQ_OK);
    o.w[3] = 0x81;
    expect(&o, MNQ_E_FORMAT);
    o.w[3] = 0x91;
    expect(&o, MNQ_OK);
}

static void test_sparse(void **state)
{
    struct one o = make(MNQ_W_SPARSE, 10, 2, 1, 0, 0);

    (void)state;
    assert_int_equal(o.n, 4);
    expect(&o, MNQ_OK);
    o.w[0] = 1; /* a bit without its weight */
    expect(&o, MNQ_E_FORMAT);
    o.n = 5;
    o.w[4] = 0; /* a stored zero is allowed */
    expect(&o, MNQ_OK);
    o.w[4] = 0x80;
    expect(&o, MNQ_E_FORMAT);
    o.w[4] = 0x81;
    expect(&o, MNQ_OK);
    o.w[0] = 0;
    o.w[1] = 2; /* the last input of the first row */
    expect(&o, MNQ_OK);
    o.w[1] = 4; /* behind it */
    expect(&o, MNQ_E_FORMAT);
    o = make(MNQ_W_SPARSE, 32, 2, 16, 1, 0);
    o.w[0] = 1;
    o.n -= 16;
    expect(&o, MNQ_OK);
    o.w[0] = 9;
    o.n += 16;
    expect(&o, MNQ_E_FORMAT);
}

/* Rows of nibbles begin with a byte each; what is behind a row's last weight is 0. */
static void test_sparse4(void **state)
{
    struct one o = make(MNQ_W_SPARSE4, 10, 2, 1, 0, 0);

    (void)state;
    assert_int_equal(o.n, 4);
    expect(&o, MNQ_OK);
    o.w[0] = 1; /* a bit without its weight */
    expect(&o, MNQ_E_FORMAT);
    o.n = 5;
    o.w[4] = 0; /* a stored zero is allowed */
    expect(&o, MNQ_OK);
    o.w[4] = 0x08; /* -8 */
    expect(&o, MNQ_E_FORMAT);
    o.w[4] = 0x09;
    expect(&o, MNQ_OK);
    o.w[4] = 0x19; /* a nibble without its bit */
    expect(&o, MNQ_E_FORMAT);
    o.w[1] = 2; /* the row's last input */
    expect(&o, MNQ_OK);
    o.w[1] = 4; /* behind it */
    expect(&o, MNQ_E_FORMAT);
    o.w[1] = 0, o.w[2] = 1; /* one weight of each row: a byte each */
    o.w[4] = 0x07;
    expect(&o, MNQ_E_FORMAT);
    o.n = 6;
    o.w[5] = 0x09;
    expect(&o, MNQ_OK);
    o.w[5] = 0x08;
    expect(&o, MNQ_E_FORMAT);
    o = make(MNQ_W_SPARSE4, 32, 2, 16, 1, 0);
    assert_int_equal(o.n, 2 + 2 * 16);
    o.w[0] = 1;
    o.n -= 8;
    expect(&o, MNQ_OK);
    o.w[0] = 9;
    o.n += 8;
    expect(&o, MNQ_E_FORMAT);
}

/* A byte has five; of the bytes that say the same one counts; what is behind a row's last weight is 0. */
static void test_ternary(void **state)
{
    struct one o = make(MNQ_W_TERNARY, 5, 2, 0, 0, 0);
    int valid = 0;

    (void)state;
    assert_int_equal(o.n, 2);
    for (int byte = 0; byte < 256; byte++) {
        o.w[1] = (uint8_t)byte;
        valid += load(&o) == MNQ_OK;
    }
    assert_int_equal(valid, 243);
    o.w[1] = 0; /* all -1 */
    expect(&o, MNQ_OK);
    o.w[1] = 255; /* all 1 */
    expect(&o, MNQ_OK);
    o.w[1] = 1; /* the digits of 0 */
    expect(&o, MNQ_E_FORMAT);
    o = make(MNQ_W_TERNARY, 6, 2, 0, 0, 0);
    assert_int_equal(o.n, 4);
    expect(&o, MNQ_OK);
    o.w[1] = 128; /* 1, 1, 1, 1, 1 of digits: zeros */
    expect(&o, MNQ_OK);
    o.w[1] = 127; /* the last input's 0, and a -1 far behind it */
    expect(&o, MNQ_E_FORMAT);
    o.w[1] = 43; /* -1, then zeros */
    expect(&o, MNQ_OK);
    o.w[1] = 213; /* 1, then zeros */
    expect(&o, MNQ_OK);
    o.n = 3;
    expect(&o, MNQ_E_FORMAT);
}

static void test_planes(void **state)
{
    struct one o = make(MNQ_W_BINARY, 33, 2, 1, -1, 0);

    (void)state;
    o.w[4] = 2; /* input 33 of a plane of 33 */
    expect(&o, MNQ_E_FORMAT);
    o.w[4] = 1;
    expect(&o, MNQ_OK);
    o.w[15] = 0x80;
    expect(&o, MNQ_E_FORMAT);
    o = make(MNQ_W_XNOR, 33, 2, 0, -1, -32768);
    expect(&o, MNQ_OK);
    o.w[12] = 2;
    expect(&o, MNQ_E_FORMAT);
}

static void test_coefficients(void **state)
{
    struct one o = make(MNQ_W_BINARY, 8, 2, 4, 1, 8191);
    const size_t at = o.n - 2; /* of the last coefficient */

    (void)state;
    expect(&o, MNQ_OK);
    o.w[at] = o.w[at + 1] = 0;
    expect(&o, MNQ_E_FORMAT);
    o.w[at] = 1;
    expect(&o, MNQ_OK);
    o.w[at] = o.w[at + 1] = 0xff; /* -1 */
    expect(&o, MNQ_E_FORMAT);
    o.w[at] = 0x02, o.w[at + 1] = 0x20; /* 3 * 8191 + 8194 = 32767 */
    expect(&o, MNQ_OK);
    o.w[at] = 0x03;
    expect(&o, MNQ_E_FORMAT);
}

/* The bias at the limit is accepted, one more is not, for both signs. */
static void at_limit(struct one o, int64_t reach)
{
    const int32_t room = (int32_t)(INT32_MAX - reach);

    o.bias = room;
    expect(&o, MNQ_OK);
    o.bias = -room;
    expect(&o, MNQ_OK);
    o.bias = (int32_t)((uint32_t)room + 1);
    expect(&o, MNQ_E_OVERFLOW);
    o.bias = -room - 1;
    expect(&o, MNQ_E_OVERFLOW);
}

static void test_limits(void **state)
{
    struct one o;

    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        at_limit(make(MNQ_W_S4, 37, 2, 0, 7 * sign, 0), 128 * 37 * 7);
        at_limit(make(MNQ_W_TERNARY, 37, 2, 0, sign, 0), 128 * 37);
        at_limit(make(MNQ_W_SPARSE, 40, 2, 8, 127 * sign, 0), 128 * 40 * 127);
        at_limit(make(MNQ_W_SPARSE4, 39, 2, 1, 7 * sign, 0), 128 * 39 * 7);
        at_limit(make(MNQ_W_BINARY, 37, 2, 1, sign, 0), 128 * 37);
        at_limit(make(MNQ_W_BINARY, 37, 2, 3, sign, 100), 128 * 37 * 300);
        at_limit(make(MNQ_W_XNOR, 37, 2, 0, sign, 0), 256 * 37);
    }
    o = make(MNQ_W_BINARY, 37, 2, 2, 1, 1000); /* signs that cancel count all the same */
    memset(o.w, 0, 8);
    at_limit(o, 128 * 37 * 2000);
    o = make(MNQ_W_BINARY, 16, 2, 4, 1, 1000);
    o.in_type = MNQ_S16;
    at_limit(o, (int64_t)32768 * 16 * 4000);
    o = make(MNQ_W_BINARY, 17, 2, 4, 1, 1000); /* weights alone are too much */
    o.in_type = MNQ_S16;
    expect(&o, MNQ_E_OVERFLOW);
}

/* A bitmap that does not fit the file, with a size that would hide it. */
static void test_outside(void **state)
{
    struct one o;

    (void)state;
    for (unsigned t = MNQ_W_SPARSE; t <= MNQ_W_SPARSE4; t += MNQ_W_SPARSE4 - MNQ_W_SPARSE) {
        o = make(t, 16, 2, 1, 1, 0);
        o.c = 60000;
        o.n = 15000;
        expect(&o, MNQ_E_FORMAT);
    }
    o = make(MNQ_W_XNOR, 16, 2, 0, 1, 0);
    o.c = 1000;
    expect(&o, MNQ_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),  cmocka_unit_test(test_operators),    cmocka_unit_test(test_field),
        cmocka_unit_test(test_s4),     cmocka_unit_test(test_sparse),       cmocka_unit_test(test_planes),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_coefficients), cmocka_unit_test(test_outside),
        cmocka_unit_test(test_sparse4), cmocka_unit_test(test_ternary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
