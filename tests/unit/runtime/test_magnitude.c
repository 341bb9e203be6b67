/* SPDX-License-Identifier: Apache-2.0
 * The proof that accumulators hold, on inputs whose magnitude follows from the layer that wrote them: exact to the last
 * unit of the bias, for every operator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mnq_bytes.h"

#include <stdlib.h>

enum { SIDE = 4, C = 5 };

/* ---- models ---- */

static uint32_t constant(struct mnq_bytes *b, size_t size, size_t n, int32_t v)
{
    int32_t a[64];

    assert_true(n <= 64);
    for (size_t i = 0; i < n; i++) {
        if (size == 1) ((int8_t *)a)[i] = (int8_t)v;
        else if (size == 2) ((int16_t *)a)[i] = (int16_t)v;
        else a[i] = v;
    }
    return mnq_bytes_array(b, a, size, n);
}

/* A layer of kernel 1 without weights from tensor `in` to a new tensor of its shape. */
static struct mnq_bytes_layer plain(struct mnq_bytes *b, unsigned op, unsigned in, unsigned dtype, int32_t lo, int32_t hi)
{
    const struct mnq_bytes_tensor t = b->tensor[in];
    struct mnq_bytes_layer l = {.op = op,
                                .in0 = in,
                                .in1 = MNQ_BYTES_NO_TENSOR,
                                .kh = 1,
                                .kw = 1,
                                .sh = 1,
                                .sw = 1,
                                .lo = lo,
                                .hi = hi,
                                .weights = MNQ_BYTES_NONE,
                                .m2 = MNQ_BYTES_NONE,
                                .r2 = MNQ_BYTES_NONE,
                                .pad = MNQ_BYTES_NONE};
    const unsigned table = op >= MNQ_L_SOFTMAX;

    l.bias = table ? MNQ_BYTES_NONE : constant(b, 4, t.c, 0);
    l.m = constant(b, 4, table ? 1 : t.c, 1 << 30);
    l.r = constant(b, 1, table ? 1 : t.c, 1);
    l.out = b->output = mnq_bytes_tensor(b, t.h, t.w, t.c, dtype, 0);
    return l;
}

/* Tensor `in` copied to a new one within lo..hi; its index. */
static unsigned copy(struct mnq_bytes *b, unsigned in, unsigned dtype, int32_t lo, int32_t hi)
{
    const struct mnq_bytes_layer l = plain(b, MNQ_L_AVGPOOL, in, dtype, lo, hi);

    mnq_bytes_layer(b, &l);
    return l.out;
}

/* Input SIDE x SIDE x C of a type. */
static void begin(struct mnq_bytes *b, unsigned dtype)
{
    *b = (struct mnq_bytes){0};
    b->input = mnq_bytes_tensor(b, SIDE, SIDE, C, dtype, 0);
}

/* Input 1 x 1 x C of 16 bits. */
static void begin_vector(struct mnq_bytes *b)
{
    *b = (struct mnq_bytes){0};
    b->input = mnq_bytes_tensor(b, 1, 1, C, MNQ_S16, 0);
}

static enum mnq_status load(const struct mnq_bytes *b, unsigned *bad)
{
    struct mnq_model m;
    size_t n;
    uint8_t *f = mnq_bytes_file(b, &n);
    const enum mnq_status s = mnq_model_load(&m, f, n);

    *bad = m.bad;
    free(f);
    return s;
}

static void set_bias(struct mnq_bytes *b, const struct mnq_bytes_layer *l, int32_t v)
{
    for (unsigned i = 0; i < 4; i++) b->data[l->bias + i] = (uint8_t)((uint32_t)v >> (8 * i));
}

/* The last layer's terms may reach `bound`: the first channel's bias takes what remains, and not a unit more. */
static void holds_up_to(struct mnq_bytes *b, int64_t bound)
{
    const struct mnq_bytes_layer *l = &b->layer[b->n_layers - 1];
    const int32_t rest = (int32_t)(INT32_MAX - bound);
    unsigned bad;

    assert_true(bound >= 0 && bound < INT32_MAX);
    for (int sign = -1; sign <= 1; sign += 2) {
        set_bias(b, l, sign * rest);
        if (load(b, &bad) != MNQ_OK) fail_msg("op %u: refused within %lld", l->op, (long long)bound);
        set_bias(b, l, sign > 0 ? (int32_t)((uint32_t)rest + 1) : -rest - 1);
        if (load(b, &bad) != MNQ_E_OVERFLOW) fail_msg("op %u: accepted beyond %lld", l->op, (long long)bound);
        assert_int_equal(bad, b->n_layers - 1);
    }
    mnq_bytes_free(b);
}

/* What a reader looks like beside its input: zero fields as in mnq_bytes_op. */
struct reader {
    unsigned op, wtype, k, pt, pl, pb, pr;
    int32_t w;
};

/* Adds a layer that reads tensor `in` with weights of w; the sum of their magnitudes in one accumulator. */
static int64_t read_with(struct mnq_bytes *b, unsigned in, const struct reader *r)
{
    const unsigned k = r->k ? r->k : 1, out = SIDE - k + 1;
    const size_t window = (size_t)k * k, wsize = r->wtype == MNQ_W_S16 ? 2 : 1;
    const size_t terms = r->op == MNQ_L_CONV || r->op == MNQ_L_PW ? window * C : window;
    const size_t weights = r->op == MNQ_L_AVGPOOL ? 0 : r->op == MNQ_L_DWCONV ? window * C : terms;
    struct mnq_bytes_layer l = plain(b, r->op, in, MNQ_S8, -128, 127);

    l.wtype = r->wtype;
    l.kh = l.kw = k;
    l.pt = r->pt;
    l.pl = r->pl;
    l.pb = r->pb;
    l.pr = r->pr;
    l.mult = r->op == MNQ_L_DWCONV;
    if (weights) {
        l.weights = constant(b, wsize, weights, r->w);
        l.weights_size = (uint32_t)(weights * wsize);
    }
    if (r->op == MNQ_L_CONV || r->op == MNQ_L_DWCONV) l.pad = constant(b, 1, C, 127);
    b->tensor[l.out].h = out + l.pt + l.pb;
    b->tensor[l.out].w = out + l.pl + l.pr;
    if (r->op == MNQ_L_CONV || r->op == MNQ_L_PW) b->tensor[l.out].c = 1;
    mnq_bytes_layer(b, &l);
    return (int64_t)terms * (weights ? r->w < 0 ? -r->w : r->w : 1);
}

static const struct reader readers[] = {
    {.op = MNQ_L_CONV, .wtype = MNQ_W_S8, .k = 2, .w = -3},
    {.op = MNQ_L_CONV, .wtype = MNQ_W_S16, .k = 3, .w = 200},
    {.op = MNQ_L_DWCONV, .wtype = MNQ_W_S8, .k = 3, .w = 127},
    {.op = MNQ_L_DWCONV, .wtype = MNQ_W_S16, .k = 2, .w = -999},
    {.op = MNQ_L_PW, .wtype = MNQ_W_S8, .w = -127},
    {.op = MNQ_L_PW, .wtype = MNQ_W_S16, .w = 13000},
    {.op = MNQ_L_AVGPOOL, .wtype = MNQ_W_NONE, .k = 4, .w = 0},
};
enum { READERS = sizeof readers / sizeof readers[0] };

/* ---- one input ---- */

static void test_bounds_of_the_writer(void **state)
{
    static const struct {
        int32_t lo, hi, a;
    } bounds[] = {{-2048, 2047, 2048},
                  {-5, 2047, 2047},
                  {-2048, 5, 2048},
                  {-32768, 32767, 32768},
                  {-32768, -32768, 32768},
                  {3, 900, 900},
                  {-900, -3, 900},
                  {0, 0, 0},
                  {-1, 0, 1},
                  {-32767, 32767, 32767}};

    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        for (int r = 0; r < READERS; r++) {
            struct mnq_bytes b;
            begin(&b, MNQ_S8);
            const int64_t sum = read_with(&b, copy(&b, 0, MNQ_S16, bounds[i].lo, bounds[i].hi), &readers[r]);
            holds_up_to(&b, sum * bounds[i].a);
        }
    }
}

static void test_network_input(void **state)
{
    (void)state;
    for (unsigned dtype = MNQ_U8; dtype <= MNQ_S16; dtype++) {
        for (int r = 0; r < READERS; r++) {
            struct mnq_bytes b;
            begin(&b, dtype);
            const int64_t sum = read_with(&b, 0, &readers[r]);
            holds_up_to(&b, sum * (dtype == MNQ_S16 ? 32768 : 128));
        }
    }
}

/* A clamp narrows 16 bits only. */
static void test_bytes_are_bytes(void **state)
{
    (void)state;
    for (int r = 0; r < READERS; r++) {
        struct mnq_bytes b;
        begin(&b, MNQ_S16);
        const int64_t sum = read_with(&b, copy(&b, 0, MNQ_S8, -1, 1), &readers[r]);
        holds_up_to(&b, sum * 128);
    }
}

/* Padding may be any int8, whichever side it is on; of a wide tensor it is small. */
static void test_padding(void **state)
{
    static const int32_t lo[] = {-50, -200}, a[2][2] = {{50, 128}, {200, 200}};

    (void)state;
    for (unsigned op = MNQ_L_CONV; op <= MNQ_L_DWCONV; op++) {
        for (int side = 0; side <= 4; side++) {
            for (int i = 0; i < 2; i++) {
                const struct reader r = {.op = op,
                                         .wtype = MNQ_W_S8,
                                         .k = 2,
                                         .pt = side == 1,
                                         .pl = side == 2,
                                         .pb = side == 3,
                                         .pr = side == 4,
                                         .w = 100};
                struct mnq_bytes b;
                begin(&b, MNQ_S8);
                const int64_t sum = read_with(&b, copy(&b, 0, MNQ_S16, lo[i], 40), &r);
                holds_up_to(&b, sum * a[i][side > 0]);
            }
        }
    }
}

/* Probabilities reach 32767 whatever their layer's lo and hi say. */
static void test_probabilities(void **state)
{
    (void)state;
    for (unsigned op = MNQ_L_SOFTMAX; op <= MNQ_L_LOGISTIC; op++) {
        struct mnq_bytes b;
        begin_vector(&b);
        struct mnq_bytes_layer l = plain(&b, op, 0, MNQ_S16, 0, 0);
        mnq_bytes_layer(&b, &l);
        l = plain(&b, MNQ_L_PW, l.out, MNQ_S8, -128, 127);
        l.wtype = MNQ_W_S16;
        l.weights = constant(&b, 2, C * C, 10000);
        l.weights_size = 2 * C * C;
        mnq_bytes_layer(&b, &l);
        holds_up_to(&b, (int64_t)C * 10000 * 32767);
    }
}

/* Each tensor has the bounds of its own writer, not of the layer before the reader. */
static void test_several_writers(void **state)
{
    static const int32_t a[] = {100, 30000, 7};

    (void)state;
    for (unsigned which = 0; which < 3; which++) {
        struct mnq_bytes b;
        begin(&b, MNQ_S8);
        for (unsigned i = 0; i < 3; i++) copy(&b, i, MNQ_S16, -a[i], 0);
        const int64_t sum = read_with(&b, 1 + which, &readers[5]);
        holds_up_to(&b, sum * a[which]);
    }
}

/* ---- two inputs ---- */

/* op(in0, in1) with weights w0 and w1 (ADD). */
static void join(struct mnq_bytes *b, unsigned op, unsigned in0, unsigned in1, int16_t w0, int16_t w1)
{
    struct mnq_bytes_layer l = plain(b, op, in0, MNQ_S8, -128, 127);
    int16_t w[2 * C];

    l.in1 = in1;
    if (op == MNQ_L_ADD) {
        for (int i = 0; i < C; i++) {
            w[i] = w0;
            w[C + i] = w1;
        }
        l.wtype = MNQ_W_S16;
        l.weights = mnq_bytes_array(b, w, 2, 2 * C);
        l.weights_size = sizeof w;
    }
    mnq_bytes_layer(b, &l);
}

static void test_add(void **state)
{
    struct mnq_bytes b;

    (void)state;
    for (unsigned swap = 0; swap <= 1; swap++) {
        begin(&b, MNQ_S8);
        copy(&b, 0, MNQ_S16, -2048, 2047); /* tensor 1; 0 has 8 bits */
        join(&b, MNQ_L_ADD, swap, !swap, swap ? 300 : -30000, swap ? -30000 : 300);
        holds_up_to(&b, 128 * 30000 + 2048 * 300);

        begin(&b, MNQ_S8);
        copy(&b, 0, MNQ_S16, -2048, 2047);
        copy(&b, 0, MNQ_S16, 0, 20000);
        join(&b, MNQ_L_ADD, 1 + swap, 2 - swap, 77, 32767);
        holds_up_to(&b, swap ? 20000 * 77 + 2048 * 32767 : 2048 * 77 + 20000 * 32767);
    }
    begin(&b, MNQ_S16);
    copy(&b, 0, MNQ_S16, -32768, 0);
    join(&b, MNQ_L_ADD, 0, 1, -32767, 32767);
    holds_up_to(&b, (int64_t)2 * 32767 * 32768);
}

/* ADD's weights are never the least value, in either half. */
static void test_add_least_weight(void **state)
{
    (void)state;
    for (int half = 0; half <= 1; half++) {
        struct mnq_bytes b;
        unsigned bad;
        begin(&b, MNQ_S8);
        copy(&b, 0, MNQ_S16, -1, 1);
        join(&b, MNQ_L_ADD, 0, 1, half ? 1 : -32768, half ? -32768 : 1);
        assert_int_equal(load(&b, &bad), MNQ_E_FORMAT);
        assert_int_equal(bad, 1);
        mnq_bytes_free(&b);
    }
}

/* The largest product, 2^30, always fits: nothing to refuse. */
static void test_mul(void **state)
{
    struct mnq_bytes b;
    unsigned bad;

    (void)state;
    begin_vector(&b);
    copy(&b, 0, MNQ_S16, -32768, 32767);
    join(&b, MNQ_L_MUL, 0, 1, 0, 0);
    assert_int_equal(load(&b, &bad), MNQ_OK);
    mnq_bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds_of_the_writer),
        cmocka_unit_test(test_network_input),
        cmocka_unit_test(test_bytes_are_bytes),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_probabilities),
        cmocka_unit_test(test_several_writers),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_add_least_weight),
        cmocka_unit_test(test_mul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
