/* SPDX-License-Identifier: Apache-2.0
 * The static memory plan: what may share bytes of the arena and what the loader refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mnq_bytes.h"

#include <stdlib.h>

/* Input 0 -> PW -> 1 -> PW -> 2 -> PW -> 3; ADD 2 + 3 -> 4 -> PW -> 5. All of them 4x4x4: 64 bytes. */
enum { SIZE = 64, LAST = 5 };

static void build(struct mnq_bytes *b)
{
    *b = (struct mnq_bytes){.random = 7};
    mnq_bytes_tensor(b, 4, 4, 4, MNQ_S8, 0);
    for (unsigned i = 1; i <= LAST; i++) {
        const unsigned add = i == 4;
        const struct mnq_bytes_op op = {
            .op = add ? MNQ_L_ADD : MNQ_L_PW, .wtype = MNQ_W_S16, .in0 = add ? 2 : i - 1, .in1 = 3, .oc = 4};
        assert_int_equal(mnq_bytes_random_layer(b, &op), i);
    }
}

/* Loads and frees; *bad names the tensor at fault. */
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

/* Places the six tensors at these multiples of SIZE. */
static enum mnq_status plan(const unsigned place[LAST + 1], unsigned *bad)
{
    struct mnq_bytes b;

    build(&b);
    for (unsigned i = 0; i <= LAST; i++) b.tensor[i].offset = place[i] * SIZE;
    return finish(&b, bad);
}

static void test_shared_bytes(void **state)
{
    /* the tightest plan: three places, each reused as soon as its tensor is dead */
    static const unsigned tight[] = {0, 1, 0, 1, 2, 0};
    unsigned bad;

    (void)state;
    assert_int_equal(plan(tight, &bad), MNQ_OK);
}

static void test_overwritten(void **state)
{
    static const struct {
        unsigned place[LAST + 1], bad;
    } faults[] = {
        {{0, 0, 1, 2, 3, 4}, 0}, /* layer 0 writes onto its own input */
        {{0, 1, 2, 1, 2, 3}, 2}, /* ADD writes onto its input 0 */
        {{0, 1, 2, 3, 3, 1}, 3}, /* ADD writes onto its input 1 */
        {{0, 1, 2, 2, 3, 4}, 2}, /* tensor 3 destroys 2, which ADD still needs */
        {{0, 1, 2, 3, 4, 4}, 4}, /* the last layer works in place */
    };

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        unsigned bad;
        assert_int_equal(plan(faults[i].place, &bad), MNQ_E_FORMAT);
        assert_int_equal(bad, faults[i].bad);
    }
}

/* One shared 16-byte line is enough. */
static void test_partial_overlap(void **state)
{
    struct mnq_bytes b;
    unsigned bad;

    (void)state;
    build(&b);
    b.tensor[1].offset = SIZE - 16;
    assert_int_equal(finish(&b, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, 0);
}

static void test_output_destroyed(void **state)
{
    struct mnq_bytes b;
    unsigned bad;

    (void)state;
    build(&b);
    b.output = 1; /* later layers run on; nothing may touch it */
    assert_int_equal(finish(&b, &bad), MNQ_OK);
    build(&b);
    b.output = 1;
    b.tensor[4].offset = b.tensor[1].offset;
    assert_int_equal(finish(&b, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, 1);
}

static void test_several_outputs(void **state)
{
    struct mnq_bytes b;
    struct mnq_model m;
    unsigned bad;
    size_t n;

    (void)state;
    build(&b);
    b.n_outs = 2;
    b.outs[0] = 2;
    b.outs[1] = 4;
    uint8_t *f = mnq_bytes_file(&b, &n);
    assert_int_equal(mnq_model_load(&m, f, n), MNQ_OK);
    assert_int_equal(mnq_output_count(&m), 3);
    assert_int_equal(mnq_output_tensor(&m, 0), m.output);
    assert_int_equal(mnq_output_tensor(&m, 1), 2);
    assert_int_equal(mnq_output_tensor(&m, 2), 4);
    assert_int_equal(mnq_output_tensor(&m, 3), 0xffff);
    assert_ptr_equal(mnq_output_at(&m, f, 2), f + b.tensor[4].offset);
    assert_null(mnq_output_at(&m, f, 3));
    free(f);
    assert_int_equal(finish(&b, &bad), MNQ_OK);

    build(&b); /* the last layer writes over what is an output too */
    b.n_outs = 1;
    b.outs[0] = 1;
    assert_int_equal(finish(&b, &bad), MNQ_OK);
    build(&b);
    b.n_outs = 1;
    b.outs[0] = 1;
    b.tensor[4].offset = b.tensor[1].offset;
    assert_int_equal(finish(&b, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, 1);

    static const unsigned wrong[] = {0, LAST + 1, 0xffff}; /* the input, none, none */
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        build(&b);
        b.n_outs = 1;
        b.outs[0] = wrong[i];
        assert_int_equal(finish(&b, &bad), MNQ_E_FORMAT);
    }
    for (unsigned most = MNQ_MAX_OUTPUTS - 1; most <= MNQ_MAX_OUTPUTS; most++) {
        build(&b);
        b.n_outs = most;
        for (unsigned i = 0; i < most; i++) b.outs[i] = 1; /* one tensor may be several outputs */
        assert_int_equal(finish(&b, &bad), most < MNQ_MAX_OUTPUTS ? MNQ_OK : MNQ_E_FORMAT);
    }
}

static void test_unread_tensor(void **state)
{
    struct mnq_bytes b;
    unsigned bad;

    (void)state;
    build(&b);
    b.output = 4; /* tensor 5 is written for nothing, over dead bytes */
    b.tensor[5].offset = 0;
    assert_int_equal(finish(&b, &bad), MNQ_OK);
}

static void test_order(void **state)
{
    struct mnq_bytes b;
    unsigned bad;

    (void)state;
    build(&b);
    b.layer[1].in0 = 3; /* read before its layer ran */
    assert_int_equal(finish(&b, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, 3);

    build(&b);
    b.layer[1].in0 = 2; /* reads what it writes */
    assert_int_equal(finish(&b, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, 2);

    build(&b);
    b.layer[4].out = 1; /* two writers */
    assert_int_equal(finish(&b, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, 1);

    build(&b);
    b.layer[0].out = 2; /* 1 has no writer */
    assert_int_equal(finish(&b, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, 1);

    build(&b);
    b.layer[1].out = 0; /* the input is written */
    assert_int_equal(finish(&b, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, 0);
}

static void test_same_input_twice(void **state)
{
    struct mnq_bytes b;
    unsigned bad;

    (void)state;
    build(&b);
    b.layer[3].in1 = 2;
    assert_int_equal(finish(&b, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_bytes),
        cmocka_unit_test(test_overwritten),
        cmocka_unit_test(test_several_outputs),
        cmocka_unit_test(test_partial_overlap),
        cmocka_unit_test(test_output_destroyed),
        cmocka_unit_test(test_unread_tensor),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_same_input_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
