/* SPDX-License-Identifier: Apache-2.0
 * Raw to legal graphs: what reshapes, selections and tensors read twice become, and what must not be a picture. */
#include "legal_check.h"

static void test_reshape(void **state)
{
    (void)state;
    int x = act(&b, conv(&b, input(&b, 7, 6, 3), 5, 3, 2, 0, true), MNQ_ACT_RELU, 0.0f);
    int flat = reshape(&b, reshape(&b, x, 1, 1, 30), 1, 1, 30); /* Flatten, Dropout */
    softmax(&b, dense(&b, flat, 4, true));
    check("input conv+relu conv softmax");
    assert_int_equal(legal.node[2].kh, 3);
    assert_int_equal(legal.node[2].kw, 2);
    assert_int_equal(legal.node[2].source, 5);

    fresh(24); /* BatchNormalization and activation of the flat vector */
    x = act(&b, conv(&b, input(&b, 7, 6, 3), 5, 3, 2, 0, true), MNQ_ACT_RELU, 0.0f);
    dense(&b, batchnorm(&b, act(&b, reshape(&b, x, 1, 1, 30), MNQ_ACT_HSWISH, 0.0f)), 4, false);
    check("input conv+relu dwconv+hswish conv");

    fresh(25); /* V1's head: GAP, Reshape, 1x1 convolution, Reshape, softmax */
    x = conv(&b, input(&b, 7, 6, 3), 5, 3, 2, 0, true);
    x = conv(&b, reshape(&b, global_pool(&b, x), 1, 1, 5), 9, 1, 1, 0, true);
    reshape(&b, softmax(&b, reshape(&b, x, 1, 1, 9)), 1, 1, 9);
    check("input conv avgpool conv softmax");

    fresh(26); /* pixels in a row: 1x1 layers, sums and global pools do not care */
    x = conv(&b, input(&b, 7, 6, 3), 5, 1, 1, 0, true);
    int y = reshape(&b, x, 42, 1, 5), z = conv(&b, y, 5, 1, 1, 0, true);
    global_pool(
        &b, act(&b, add(&b, y, affine(&b, reshape(&b, reshape(&b, z, 7, 6, 5), 42, 1, 5), 0.5f, 1.0f)), MNQ_ACT_RELU, 0.0f));
    check("input conv conv add+relu avgpool");

    fresh(27); /* a row of pixels as the picture; its channels stay */
    conv(&b, reshape(&b, input(&b, 1, 16, 3), 4, 4, 3), 5, 3, 1, 1, true);
    check("input conv");
    assert_int_equal(legal.node[0].out.h, 4);
    fresh(27);
    reshape(&b, input(&b, 1, 1, 3), 3, 1, 1);
    check("input dwconv");
    assert_int_equal(legal.node[0].out.c, 3);
    fresh(27);
    conv(&b, reshape(&b, input(&b, 1, 1, 48), 4, 4, 3), 5, 3, 1, 1, true);
    check("input dwconv spread conv");

    fresh(28); /* the output may be flattened */
    reshape(&b, conv(&b, input(&b, 4, 4, 3), 5, 3, 1, 1, true), 1, 1, 80);
    check("input conv");
}

/* What lies between two inputs vanishes, and one tensor is left: no layer reads a tensor twice. */
static void test_twice(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        fresh(40 + (unsigned)kind);
        int x = conv(&b, input(&b, 5, 4, 3), 4, 3, 1, 1, true), y = affine(&b, add(&b, x, x), 0.5f, 0.0f);
        conv(&b, kind == 0 ? add(&b, y, x) : kind == 1 ? mul(&b, x, y) : concat(&b, y, x), 2, 1, 1, 0, true);
        check(kind == 0 ? "input conv conv" : kind == 1 ? "input conv+square conv" : "input conv select conv");
        for (int i = 0; i < legal.n; i++) assert_true(legal.node[i].n_in < 2 || legal.node[i].in[0] != legal.node[i].in[1]);
    }
}

/* A network of which nothing is left computes its picture. */
static void test_nothing_left(void **state)
{
    (void)state;
    reshape(&b, input(&b, 4, 4, 3), 4, 4, 3);
    check("input dwconv");
    fresh(1);
    affine(&b, input(&b, 4, 4, 3), 0.5f, 1.0f);
    check("input affine dwconv");
}

static void test_buffered_inputs(void **state)
{
    (void)state;
    int x = affine(&b, input(&b, 4, 4, 3), 0.5f, 1.0f);
    add(&b, conv(&b, x, 3, 3, 1, 1, true), x);
    check("input affine conv dwconv add");

    fresh(29);
    softmax(&b, input(&b, 1, 1, 5));
    check("input dwconv softmax");
}

/* Inside the network probabilities become a tensor of their own, one for all readers; over a map its pixels are channels. */
static void test_softmax_inside(void **state)
{
    (void)state;
    fresh(1);
    dense(&b, softmax(&b, dense(&b, input(&b, 1, 1, 3), 4, true)), 2, true);
    check("input dense softmax dwconv dense");

    fresh(2);
    int x = conv(&b, input(&b, 3, 3, 2), 4, 1, 1, 0, true), p = softmax(&b, conv(&b, x, 4, 1, 1, 0, true));
    add(&b, mul(&b, x, p), p);
    check("input conv conv softmax dwconv mul add");

    fresh(3);
    x = conv(&b, input(&b, 3, 4, 2), 4, 1, 1, 0, true);
    p = softmax(&b, reshape(&b, conv(&b, x, 1, 1, 1, 0, true), 1, 1, 12));
    mul(&b, x, reshape(&b, p, 3, 4, 1));
    check("input conv conv conv softmax dwconv spread mul");
}

/* Two maps flattened, one behind the other, and a dense layer: a window on each. A few elements may be renamed one by one.
 */
static void test_flat_joined(void **state)
{
    (void)state;
    fresh(1);
    int x = conv(&b, input(&b, 4, 4, 3), 4, 1, 1, 0, true), y = conv(&b, x, 2, 3, 2, 1, true);
    dense(&b, concat(&b, reshape(&b, x, 1, 1, 64), reshape(&b, y, 1, 1, 8)), 5, true);
    check("input conv conv conv conv add");

    fresh(2);
    x = conv(&b, input(&b, 4, 4, 3), 4, 1, 1, 0, true);
    concat(&b, reshape(&b, x, 1, 1, 64), dense(&b, global_pool(&b, x), 3, true));
    check("input conv conv avgpool dense select");
}

static void test_dead_nodes(void **state)
{
    (void)state;
    int x = conv(&b, input(&b, 4, 4, 3), 4, 1, 1, 0, true);
    int y = act(&b, x, MNQ_ACT_RELU, 0.0f);
    add(&b, batchnorm(&b, y), mul(&b, x, y)); /* nobody reads this, nor could it be expressed */
    b.g.output = y;
    check("input conv+relu");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reshape, setup, teardown),
        cmocka_unit_test_setup_teardown(test_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_buffered_inputs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_softmax_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flat_joined, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dead_nodes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
