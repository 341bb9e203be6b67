/* SPDX-License-Identifier: Apache-2.0
 * The cost model against hand-computed figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/cost.h"

#include <math.h>
#include <string.h>

static struct mnq_arena arena;
static struct mnq_graph g;
static struct mnq_err err;
static float some[4096]; /* values do not matter here */

static struct mnq_node *add(enum mnq_op op, const char *name, int from)
{
    struct mnq_node *nd = mnq_graph_add(&g, op, name);
    assert_non_null(nd);
    nd->n_in = op == MNQ_OP_INPUT ? 0 : 1;
    nd->in[0] = from;
    nd->w = nd->mean = nd->var = some;
    g.output = g.n - 1;
    return nd;
}

static struct mnq_node *batchnorm(const char *name)
{
    struct mnq_node *nd = add(MNQ_OP_BATCHNORM, name, g.n - 1);
    nd->eps = 1e-3f;
    return nd;
}

/* conv 3x3/2 with bias, bn without scale, dw 3x3 x2, bn, squeeze-excite gate, 1x1, pool, dense */
static void counts_like_keras(void **state)
{
    (void)state;
    mnq_graph_init(&g, &arena);
    add(MNQ_OP_INPUT, "in", 0)->out = (struct mnq_shape){8, 8, 3};
    struct mnq_node *nd = add(MNQ_OP_CONV, "conv", 0);
    nd->kh = nd->kw = 3;
    nd->sh = nd->sw = 2;
    nd->pb = nd->pr = 1;
    nd->out.c = 4;
    nd->b = some;
    batchnorm("bn0")->beta = some;
    nd = add(MNQ_OP_DWCONV, "dw", 2);
    nd->kh = nd->kw = 3;
    nd->pt = nd->pl = nd->pb = nd->pr = 1;
    nd->mult = 2;
    nd = batchnorm("bn1");
    nd->beta = nd->gamma = some;
    add(MNQ_OP_ACT, "relu", 4)->act = MNQ_ACT_RELU;
    nd = add(MNQ_OP_AVGPOOL, "squeeze", 5);
    nd->kh = nd->kw = 4;
    nd = add(MNQ_OP_CONV, "excite", 6);
    nd->out.c = 8;
    nd = add(MNQ_OP_MUL, "gate", 5);
    nd->n_in = 2;
    nd->in[1] = 7;
    nd = add(MNQ_OP_CONV, "pw", 8);
    nd->out.c = 16;
    nd = add(MNQ_OP_AVGPOOL, "pool", 9);
    nd->kh = nd->kw = 4;
    nd = add(MNQ_OP_DENSE, "dense", 10);
    nd->out.c = 10;
    nd->b = some;
    assert_int_equal(mnq_graph_check(&g, &err), 0);

    struct mnq_cost c = mnq_cost_node(&g, 1);
    assert_int_equal(c.macs, 4 * 4 * 27 * 4);
    assert_int_equal(c.params, 27 * 4 + 4);
    assert_int_equal(c.weights, 27 * 4);
    assert_int_equal(c.activation, 64);
    assert_int_equal(mnq_cost_node(&g, 2).params, 12);
    c = mnq_cost_node(&g, 3);
    assert_int_equal(c.macs, 16 * 9 * 8);
    assert_int_equal(c.params, 72);
    assert_int_equal(c.pair, 9);
    /* (72 * 16 + 8 * 16 * 16) / (9 * 4 * 16 * 16) */
    assert_true(fabs(c.saving - 3200.0 / 9216.0) < 1e-12);
    assert_int_equal(mnq_cost_node(&g, 4).params, 32);
    assert_int_equal(mnq_cost_node(&g, 9).macs, 16 * 8 * 16);
    assert_int_equal(mnq_cost_node(&g, 11).macs, 160);

    struct mnq_cost t = mnq_cost_total(&g);
    assert_int_equal(t.macs, 1728 + 1152 + 64 + 2048 + 160);
    assert_int_equal(t.params, 112 + 12 + 72 + 32 + 64 + 128 + 170);
    assert_int_equal(t.weights, 108 + 72 + 64 + 128 + 160);
    mnq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_like_keras)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
