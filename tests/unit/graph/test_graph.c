/* SPDX-License-Identifier: Apache-2.0
 * Building graphs, shape inference, checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct mnq_arena arena;
static struct mnq_err err;
static struct mnq_graph g;

static int setup(void **state)
{
    (void)state;
    memset(&err, 0, sizeof err);
    mnq_graph_init(&g, &arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    return 0;
}

static struct mnq_node *add(enum mnq_op op, const char *name)
{
    struct mnq_node *nd = mnq_graph_add(&g, op, name);
    assert_non_null(nd);
    if (op != MNQ_OP_INPUT) {
        nd->n_in = 1;
        nd->in[0] = g.n - 2;
    }
    g.output = g.n - 1;
    return nd;
}

static void input(int h, int w, int c)
{
    add(MNQ_OP_INPUT, "in")->out = (struct mnq_shape){h, w, c};
}

static float *floats(size_t n, float v)
{
    float *p = mnq_arena_array(&arena, n, sizeof *p);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) p[i] = v;
    return p;
}

static void assert_shape(int i, int h, int w, int c)
{
    assert_int_equal(g.node[i].out.h, h);
    assert_int_equal(g.node[i].out.w, w);
    assert_int_equal(g.node[i].out.c, c);
}

static void expect_fault(const char *message)
{
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_graph_check(&g, &err), -1);
    assert_string_equal(err.msg, message);
    assert_int_equal(err.code, MNQ_EXIT_FAILED);
}

static void names_every_operator(void **state)
{
    (void)state;
    for (int i = 0; i < MNQ_OP_COUNT; i++)
        for (int k = 0; k < i; k++) assert_string_not_equal(mnq_op_name((enum mnq_op)i), mnq_op_name((enum mnq_op)k));
    assert_string_equal(mnq_op_name(MNQ_OP_RESHAPE), "reshape");
    assert_string_equal(mnq_act_name(MNQ_ACT_RELU_MAX), "relu_max");
    assert_string_equal(mnq_act_name(MNQ_ACT_SIGMOID), "sigmoid");
}

static void infers_shapes(void **state)
{
    (void)state;
    input(9, 8, 3);
    struct mnq_node *nd = add(MNQ_OP_PAD, "pad");
    nd->pb = nd->pr = 1;
    nd = add(MNQ_OP_CONV, "conv");
    nd->kh = nd->kw = 3;
    nd->sh = nd->sw = 2;
    nd->out.c = 5;
    nd->w = floats(3 * 3 * 3 * 5, 0.5f);
    nd = add(MNQ_OP_DWCONV, "dw");
    nd->kh = nd->kw = 3;
    nd->pt = nd->pl = nd->pb = nd->pr = 1;
    nd->mult = 2;
    nd->w = floats(3 * 3 * 10, 0.5f);
    nd = add(MNQ_OP_AVGPOOL, "pool");
    nd->kh = nd->kw = 4;
    nd = add(MNQ_OP_DENSE, "dense");
    nd->out.c = 7;
    nd->w = floats(70, 0.5f);
    add(MNQ_OP_SOFTMAX, "softmax");
    assert_int_equal(mnq_graph_check(&g, &err), 0);
    assert_shape(1, 10, 9, 3);
    assert_shape(2, 4, 4, 5);
    assert_shape(3, 4, 4, 10);
    assert_shape(4, 1, 1, 10);
    assert_shape(6, 1, 1, 7);
    assert_int_equal(mnq_node_weights(&g, &g.node[2]), 135);
    assert_int_equal(mnq_node_weights(&g, &g.node[3]), 90);
    assert_int_equal(mnq_node_weights(&g, &g.node[5]), 70);
}

static void refuses_shapes_that_do_not_fit(void **state)
{
    (void)state;
    input(4, 4, 2);
    struct mnq_node *nd = add(MNQ_OP_AVGPOOL, "pool");
    nd->kh = nd->kw = 5;
    g.file = "m.h5";
    expect_fault("m.h5: avgpool 'pool': window of 5 x 5 does not fit its input of 4 x 4");
    g.node[1].kh = g.node[1].kw = 3;
    nd = add(MNQ_OP_DENSE, "dense");
    nd->out.c = 1;
    nd->w = floats(2, 1);
    expect_fault("m.h5: dense 'dense': input is 2x2x2, 1x1xC is wanted");
    g.node[2].op = MNQ_OP_ADD;
    g.node[2].n_in = 2;
    g.node[2].in[1] = 0;
    expect_fault("m.h5: add 'dense': inputs are 2x2x2 and 4x4x2, equal sizes or 1 in each direction are wanted");
    g.node[2].op = MNQ_OP_MUL;
    expect_fault("m.h5: mul 'dense': inputs are 2x2x2 and 4x4x2, equal sizes or 1 in each direction are wanted");
    g.node[2].op = MNQ_OP_RESHAPE;
    g.node[2].n_in = 1;
    g.node[2].out = (struct mnq_shape){1, 1, 9};
    expect_fault("m.h5: reshape 'dense': cannot make 1x1x9 of 2x2x2");
    g.node[2].out.c = 8;
    assert_int_equal(mnq_graph_check(&g, &(struct mnq_err){0}), 0);
}

static void refuses_absurd_sizes(void **state)
{
    (void)state;
    input(1 << 20, 1 << 20, 1 << 20);
    expect_fault("input 'in': output of 1048576 x 1048576 x 1048576 is out of range");
    g.node[0].out = (struct mnq_shape){8, 8, 0};
    expect_fault("input 'in': output of 8 x 8 x 0 is out of range");
}

static void refuses_broken_topology(void **state)
{
    (void)state;
    expect_fault("graph: the network is empty");
    input(4, 4, 2);
    add(MNQ_OP_ACT, "a");
    g.node[1].in[0] = 1;
    expect_fault("act 'a': reads node 1, which is not before it");
    g.node[1].in[0] = -1;
    expect_fault("act 'a': input 0 is node -1 of 2");
    g.node[1].in[0] = 0;
    g.node[1].name = "in";
    expect_fault("two layers are named 'in'");
    g.node[1].name = "a";
    g.output = 2;
    expect_fault("graph: output is node 2 of 2");
    g.output = 1;
    g.node[1].op = MNQ_OP_INPUT;
    g.node[1].n_in = 0;
    g.node[1].out = g.node[0].out;
    expect_fault("graph: 2 inputs, one is wanted");
}

static void refuses_weights_that_are_no_numbers(void **state)
{
    (void)state;
    input(4, 4, 2);
    struct mnq_node *nd = add(MNQ_OP_CONV, "conv");
    nd->out.c = 3;
    expect_fault("conv 'conv': has no weights");
    float *w = floats(6, 1);
    g.node[1].w = w;
    w[4] = NAN;
    expect_fault("conv 'conv': weight[4] is NaN");
    w[4] = -INFINITY;
    expect_fault("conv 'conv': weight[4] is infinite");
    w[4] = 0;
    nd = add(MNQ_OP_BATCHNORM, "bn");
    nd->mean = floats(3, 0);
    nd->var = floats(3, -1);
    nd->eps = 0.5f;
    expect_fault("batchnorm 'bn': variance[0] + epsilon is -0.5, above 0 is wanted");
}

static void tells_each_note_once(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(mnq_graph_note(&g, "note %d", i), 0);
        assert_int_equal(mnq_graph_note(&g, "note %d", i / 2), 0);
    }
    assert_int_equal(g.n_note, 40);
    assert_string_equal(g.note[39], "note 39");
}

static void grows(void **state)
{
    (void)state;
    input(4, 4, 2);
    char name[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "a%d", i);
        add(MNQ_OP_ACT, name);
    }
    assert_int_equal(mnq_graph_check(&g, &err), 0);
    assert_string_equal(g.node[500].name, "a499");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_every_operator, setup, teardown),
        cmocka_unit_test_setup_teardown(infers_shapes, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_shapes_that_do_not_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_absurd_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_broken_topology, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_weights_that_are_no_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_each_note_once, setup, teardown),
        cmocka_unit_test_setup_teardown(grows, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
