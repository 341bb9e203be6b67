/* SPDX-License-Identifier: Apache-2.0
 * The generic kernels built on fixed_check.h: no contract of the fixed-point functions is broken on whatever a loaded
 * model can ask for, and the bits are those of fixed.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixed_check.h"
#include "mnq_bytes.h"

#include <stdlib.h>
#include <string.h>

/** The table of this program's own kernels; the library's is mnq_kernels_generic. */
extern const struct mnq_kernels mnq_kernels_checked;

void mnq_fixed_fault(const char *operation)
{
    fail_msg("%s", operation);
}

/* Bytes of the input: least, most, both in turn; as 16-bit values the last two are -32768 and 32767. */
enum fill { RANDOM, LEAST, MOST, ALTERNATE, LEAST_WIDE, MOST_WIDE };

static void fill_input(struct mnq_bytes *b, uint8_t *p, size_t n, enum fill how)
{
    for (size_t i = 0; i < n; i++) {
        static const uint16_t words[] = {0, 0, 0xffff, 0xff00, 0x8000, 0x7fff};
        const uint32_t r = mnq_bytes_random(b);
        p[i] = (uint8_t)(how == RANDOM ? r : (uint32_t)words[how] >> (i & 1 ? 8 : 0));
    }
}

/* Runs the model with both tables; all of the arena must agree. */
static void compare(struct mnq_bytes *b, size_t n_in)
{
    struct mnq_model plain, checked;
    size_t n;
    uint8_t *f = mnq_bytes_file(b, &n);

    assert_int_equal(mnq_model_load(&plain, f, n), MNQ_OK);
    checked = plain;
    checked.kernels = &mnq_kernels_checked;
    const size_t size = mnq_arena_size(&plain);
    uint8_t *a = aligned_alloc(MNQ_ALIGN, size), *c = aligned_alloc(MNQ_ALIGN, size);
    assert_non_null(a);
    assert_non_null(c);
    for (int how = RANDOM; how <= MOST_WIDE; how++) {
        memset(a, 0, size);
        fill_input(b, mnq_input(&plain, a), n_in, (enum fill)how);
        memcpy(c, a, size);
        assert_int_equal(mnq_run(&plain, a, size), MNQ_OK);
        assert_int_equal(mnq_run(&checked, c, size), MNQ_OK);
        assert_memory_equal(a, c, size);
    }
    free(c);
    free(a);
    free(f);
}

static void test_random_models(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct mnq_bytes b;
        const unsigned h = 6 + seed % 7, w = 8 + seed % 5;
        mnq_bytes_zoo(&b, seed, h, w, 1 + 7 * (seed % 6));
        compare(&b, (size_t)h * w * 3);
        mnq_bytes_free(&b);
    }
}

/* Every multiplier and shift of a random model becomes an extreme one, every activation too. */
static void test_hostile_scaling(void **state)
{
    static const uint32_t mult[] = {0x7fffffff, 0x40000000, 1, 0};
    static const uint8_t shift[] = {(uint8_t)-30, 31, 0, 1, (uint8_t)-8};

    (void)state;
    for (uint32_t seed = 1; seed <= 40; seed++) {
        struct mnq_bytes b;
        mnq_bytes_zoo(&b, seed, 7, 9, 6);
        for (unsigned i = 0; i < b.n_layers; i++) {
            struct mnq_bytes_layer *l = &b.layer[i];
            const unsigned n = l->op >= MNQ_L_SOFTMAX ? 1 : b.tensor[l->out].c;
            for (unsigned k = 0; k < n; k++) {
                const uint32_t m = mult[mnq_bytes_random(&b) % 4], m2 = mult[mnq_bytes_random(&b) % 4];
                b.data[l->r + k] = shift[mnq_bytes_random(&b) % 5];
                if (l->act) b.data[l->r2 + k] = shift[mnq_bytes_random(&b) % 5];
                for (unsigned j = 0; j < 4; j++) {
                    b.data[l->m + 4 * k + j] = (uint8_t)(m >> (8 * j));
                    if (l->act) b.data[l->m2 + 4 * k + j] = (uint8_t)(m2 >> (8 * j));
                }
            }
            if (l->act) l->frac = mnq_bytes_random(&b) % 13;
        }
        compare(&b, 7 * 9 * 3);
        mnq_bytes_free(&b);
    }
}

/* ---- accumulators at the very limit ---- */

/* `terms` inputs of a type meet weights of w; the bias takes the rest of the 32 bits, with the sign of `bias`. */
struct limit {
    unsigned op, dtype, terms;
    int32_t w, bias;
};

static uint32_t constant(struct mnq_bytes *b, size_t size, size_t n, int32_t v)
{
    int16_t w[512];
    int32_t a[2] = {v, v};

    assert_true(n <= (size == 2 ? 512 : 2));
    for (size_t i = 0; i < n && size == 2; i++) w[i] = (int16_t)v;
    if (size == 1) memset(a, v, sizeof a);
    return size == 2 ? mnq_bytes_array(b, w, 2, n) : mnq_bytes_array(b, a, size, n);
}

/* A layer of one output channel from tensor `in`; the terms lie along the channels (PW) or the row (others). */
static struct mnq_bytes_layer layer_of(struct mnq_bytes *b, const struct limit *t, unsigned in)
{
    const unsigned along = t->op != MNQ_L_PW && t->op != MNQ_L_ADD && t->op != MNQ_L_MUL;
    struct mnq_bytes_layer l = {.op = t->op,
                                .in0 = in,
                                .in1 = MNQ_BYTES_NO_TENSOR,
                                .kh = 1,
                                .kw = along ? t->terms : 1,
                                .sh = 1,
                                .sw = 1,
                                .mult = t->op == MNQ_L_DWCONV,
                                .lo = -32768,
                                .hi = 32767,
                                .weights = MNQ_BYTES_NONE,
                                .m2 = MNQ_BYTES_NONE,
                                .r2 = MNQ_BYTES_NONE,
                                .pad = MNQ_BYTES_NONE};
    if (t->w) {
        l.wtype = MNQ_W_S16;
        l.weights = constant(b, 2, t->terms, t->w);
        l.weights_size = 2 * t->terms;
    }
    if (t->op == MNQ_L_CONV || t->op == MNQ_L_DWCONV) l.pad = constant(b, 1, 1, 0);
    l.bias = constant(b, 4, 1, t->bias);
    l.m = constant(b, 4, 1, INT32_MAX);
    l.r = constant(b, 1, 1, 16);
    l.out = b->output = mnq_bytes_tensor(b, 1, 1, 1, MNQ_S16, 0);
    return l;
}

static void run_at_limit(const struct limit *t)
{
    const unsigned two = t->op == MNQ_L_ADD || t->op == MNQ_L_MUL;
    const unsigned along = t->op == MNQ_L_PW || two ? 1 : t->terms, channels = t->op == MNQ_L_PW ? t->terms : 1;
    struct mnq_bytes b = {0};

    b.input = mnq_bytes_tensor(&b, 1, along, channels, t->dtype, 0);
    if (two) { /* tensor 1 is a copy of tensor 0 */
        const struct limit same = {.op = MNQ_L_AVGPOOL, .terms = 1};
        struct mnq_bytes_layer l = layer_of(&b, &same, 0);
        l.m = constant(&b, 4, 1, 1 << 30);
        l.r = constant(&b, 1, 1, -2);
        mnq_bytes_layer(&b, &l);
    }
    struct mnq_bytes_layer l = layer_of(&b, t, 0);
    if (two) l.in1 = 1;
    mnq_bytes_layer(&b, &l);
    compare(&b, (size_t)along * channels * (t->dtype == MNQ_S16 ? 2 : 1));
    mnq_bytes_free(&b);
}

static void test_largest_accumulators(void **state)
{
    static const struct limit limits[] = {
        {MNQ_L_PW, MNQ_U8, 512, -32767, INT32_MAX - 512 * 128 * 32767},
        {MNQ_L_PW, MNQ_S16, 2, -32767, INT32_MAX - 2 * 32768 * 32767},
        {MNQ_L_PW, MNQ_S16, 2, 32767, 2 * 32768 * 32767 - INT32_MAX},
        {MNQ_L_PW, MNQ_S16, 500, -131, INT32_MAX - 500 * 32768 * 131},
        {MNQ_L_CONV, MNQ_S16, 200, -327, INT32_MAX - 200 * 32768 * 327},
        {MNQ_L_CONV, MNQ_S16, 2, 32767, 2 * 32768 * 32767 - INT32_MAX},
        {MNQ_L_DWCONV, MNQ_S16, 2, -32767, INT32_MAX - 2 * 32768 * 32767},
        {MNQ_L_DWCONV, MNQ_S16, 200, 327, 200 * 32768 * 327 - INT32_MAX},
        {MNQ_L_AVGPOOL, MNQ_S16, 255, 0, 255 * 32768 - INT32_MAX},
        {MNQ_L_AVGPOOL, MNQ_S16, 255, 0, INT32_MAX - 255 * 32768},
        {MNQ_L_ADD, MNQ_S16, 2, -32767, INT32_MAX - 2 * 32768 * 32767},
        {MNQ_L_ADD, MNQ_S16, 2, 32767, 2 * 32768 * 32767 - INT32_MAX},
        {MNQ_L_MUL, MNQ_S16, 1, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) run_at_limit(&limits[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_models),
        cmocka_unit_test(test_hostile_scaling),
        cmocka_unit_test(test_largest_accumulators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
