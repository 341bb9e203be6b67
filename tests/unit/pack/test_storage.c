/* SPDX-License-Identifier: Apache-2.0
 * Dense or sparse: the choice follows bytes or time, and nothing grows. */
#include "kernels.h"
#include "pack/storage.h"

#include <math.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* One PW layer of `side`^2 pixels whose blocks are zero with a chance of `percent`. */
static struct mnq_qmodel make(struct mnq_arena *arena, int wtype, int cin, int cout, int side, int block, int percent)
{
    struct mnq_qmodel q = {.arena = arena, .n_tensors = 2, .n_layers = 1, .output = 1};
    q.tensor = mnq_arena_array(arena, 2, sizeof *q.tensor);
    q.layer = mnq_arena_array(arena, 1, sizeof *q.layer);
    assert_non_null(q.tensor);
    assert_non_null(q.layer);
    q.tensor[0].shape = (struct mnq_shape){side, side, cin};
    q.tensor[1].shape = (struct mnq_shape){side, side, cout};
    struct mnq_qlayer *l = &q.layer[0];
    *l = (struct mnq_qlayer){.name = "l", .op = MNQ_L_PW, .wtype = (uint8_t)wtype, .in1 = -1, .out = 1};
    l->w_count = (size_t)(cin * cout);
    int8_t *w = mnq_arena_array(arena, l->w_count, 1);
    assert_non_null(w);
    int kept = 1;
    for (int i = 0; i < cin * cout; i++) {
        if (i % block == 0) kept = rand() % 100 >= percent;
        w[i] = (int8_t)(kept ? 1 + rand() % 7 : 0);
    }
    l->w = w;
    return q;
}

static struct mnq_storage_layer choose(struct mnq_qmodel *q, enum mnq_storage_mode mode)
{
    struct mnq_storage_report r;
    struct mnq_err e = {0};
    assert_int_equal(mnq_choose_storage(q, mode, &r, &e), 0);
    assert_int_equal(r.n, 1);
    assert_true(r.bytes_chosen <= r.bytes_dense);
    const struct mnq_qlayer *l = &q->layer[0];
    int cin = q->tensor[0].shape.c, cout = q->tensor[1].shape.c;
    assert_int_equal(mnq_qlayer_weight_bytes(l, cin, cout), r.bytes_chosen);
    assert_int_equal(l->wtype == MNQ_W_SPARSE || l->wtype == MNQ_W_SPARSE4, r.layer[0].sparse);
    assert_int_equal(l->block, r.layer[0].sparse ? r.layer[0].block : 0);
    return r.layer[0];
}

/* 0.65 of the dense bytes at one half, 0.40 at three quarters; never more. */
static void bytes(void **state)
{
    static const struct {
        int zeros;
        double most;
    } want[] = {{0, 1.0}, {5, 1.0}, {50, 0.65}, {75, 0.40}, {100, 0.13}};
    (void)state;
    srand(1);
    for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
        struct mnq_arena arena = {0};
        struct mnq_qmodel q = make(&arena, MNQ_W_S8, 512, 512, 14, 1, want[k].zeros);
        struct mnq_storage_layer s = choose(&q, MNQ_STORAGE_BYTES);
        assert_true((double)(s.sparse ? s.bytes_sparse : s.bytes_dense) <= want[k].most * (double)s.bytes_dense);
        assert_int_equal(s.sparse, want[k].zeros >= 50);
        assert_true(fabs(s.even_bytes - 0.125) < 1e-9);
        assert_true(fabs(s.zeros - want[k].zeros / 100.0) < 0.02);
        mnq_arena_free(&arena);
    }
}

/* Each side of the break-even decides the other way. */
static void break_even(void **state)
{
    (void)state;
    srand(2);
    for (int side = 1; side <= 14; side += 6)
        for (int mode = MNQ_STORAGE_BYTES; mode <= MNQ_STORAGE_SPEED; mode++) {
            struct mnq_arena arena = {0};
            struct mnq_qmodel q = make(&arena, MNQ_W_S8, 256, 256, side, 1, 50);
            struct mnq_storage_layer s = choose(&q, (enum mnq_storage_mode)mode);
            double even = mode == MNQ_STORAGE_BYTES ? s.even_bytes : fmax(s.even_time, s.even_bytes);
            for (int d = -3; d <= 3; d += 6) {
                int percent = (int)lround(100 * even) + d;
                if (percent < 0 || percent > 100) continue;
                q = make(&arena, MNQ_W_S8, 256, 256, side, 1, percent);
                assert_int_equal(choose(&q, (enum mnq_storage_mode)mode).sparse, d > 0);
            }
            mnq_arena_free(&arena);
        }
}

static void blocks(void **state)
{
    (void)state;
    srand(3);
    for (int block = 1; block <= 16; block *= 2) {
        struct mnq_arena arena = {0};
        struct mnq_qmodel q = make(&arena, MNQ_W_S8, 48, 64, 7, block, 60);
        assert_int_equal(choose(&q, MNQ_STORAGE_BYTES).block, block);
        mnq_arena_free(&arena);
    }
}

/* Four bits stay four bits, and are left out where that saves an eighth: half the bytes at three quarters. */
static void four_bits(void **state)
{
    (void)state;
    srand(4);
    for (int percent = 30; percent <= 75; percent += 15) {
        struct mnq_arena arena = {0};
        struct mnq_qmodel q = make(&arena, MNQ_W_S4, 256, 256, 7, 1, percent);
        struct mnq_storage_layer s = choose(&q, MNQ_STORAGE_BYTES);
        assert_int_equal(s.bytes_dense, 256 * 128);
        assert_true(fabs(s.even_bytes - 0.375) < 1e-9);
        assert_int_equal(q.layer[0].wtype, percent > 38 ? MNQ_W_SPARSE4 : MNQ_W_S4);
        if (percent == 75) assert_true(s.bytes_sparse < 256 * 128 * 51 / 100);
        assert_false(choose(&q, MNQ_STORAGE_DENSE).sparse);
        assert_int_equal(q.layer[0].wtype, MNQ_W_S4);
        mnq_arena_free(&arena);
    }
}

/* DENSE takes a sparse layer back; other layers are left alone. */
static void dense(void **state)
{
    struct mnq_arena arena = {0};
    struct mnq_storage_report r;
    struct mnq_err e = {0};
    (void)state;
    struct mnq_qmodel q = make(&arena, MNQ_W_S8, 64, 64, 7, 1, 90);
    assert_true(choose(&q, MNQ_STORAGE_BYTES).sparse);
    assert_false(choose(&q, MNQ_STORAGE_DENSE).sparse);
    assert_int_equal(q.layer[0].wtype, MNQ_W_S8);
    q.layer[0].op = MNQ_L_CONV;
    assert_int_equal(mnq_choose_storage(&q, MNQ_STORAGE_BYTES, &r, &e), 0);
    assert_int_equal(r.n, 0);
    q.layer[0].op = MNQ_L_PW, q.layer[0].wtype = MNQ_W_XNOR;
    assert_int_equal(mnq_choose_storage(&q, MNQ_STORAGE_BYTES, &r, &e), 0);
    assert_int_equal(r.n, 0);
    assert_int_equal(q.layer[0].wtype, MNQ_W_XNOR);
    mnq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes), cmocka_unit_test(break_even), cmocka_unit_test(blocks),
                                       cmocka_unit_test(four_bits), cmocka_unit_test(dense)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
