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

enum fill { RANDOM, LEAST, MOST, ALTERNATE };

static void fill_input(struct mnq_bytes *b, uint8_t *p, size_t n, enum fill how)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t r = mnq_bytes_random(b);
        p[i] = (uint8_t)(how == RANDOM ? r : how == LEAST ? 0 : how == MOST ? 255 : i & 1 ? 255 : 0);
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
    for (int how = RANDOM; how <= ALTERNATE; how++) {
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

/* Accumulators at the very limit that the loader admits: 512 inputs, weights of 32767, activations of -128. */
static void test_largest_accumulator(void **state)
{
    struct mnq_bytes b = {0};
    int16_t w[512];
    const int32_t bias[1] = {INT32_MAX - 512 * 128 * 32767}, m[1] = {INT32_MAX};
    const int8_t r[1] = {16};

    (void)state;
    for (int i = 0; i < 512; i++) w[i] = -32767;
    b.input = mnq_bytes_tensor(&b, 1, 1, 512, MNQ_U8, 0);
    b.output = mnq_bytes_tensor(&b, 1, 1, 1, MNQ_S16, 0);
    struct mnq_bytes_layer l = {.op = MNQ_L_PW,
                                .wtype = MNQ_W_S16,
                                .in0 = 0,
                                .in1 = MNQ_BYTES_NO_TENSOR,
                                .out = 1,
                                .kh = 1,
                                .kw = 1,
                                .sh = 1,
                                .sw = 1,
                                .lo = -32768,
                                .hi = 32767,
                                .weights_size = 1024,
                                .m2 = MNQ_BYTES_NONE,
                                .r2 = MNQ_BYTES_NONE,
                                .pad = MNQ_BYTES_NONE};
    l.weights = mnq_bytes_array(&b, w, 2, 512);
    l.bias = mnq_bytes_array(&b, bias, 4, 1);
    l.m = mnq_bytes_array(&b, m, 4, 1);
    l.r = mnq_bytes_array(&b, r, 1, 1);
    mnq_bytes_layer(&b, &l);
    compare(&b, 512);
    mnq_bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_models),
        cmocka_unit_test(test_hostile_scaling),
        cmocka_unit_test(test_largest_accumulator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
