/* SPDX-License-Identifier: Apache-2.0
 * Raw to legal graphs: every pattern gives the operators expected and the raw graph's result. */
#include "legal_check.h"

enum { RANDOM_GRAPHS = 400 };

/* ---- BatchNormalization and affine maps ---- */

static void test_fold_back(void **state)
{
    (void)state;
    for (int bias = 0; bias < 2; bias++) {
        fresh(3);
        int x = batchnorm(&b, conv(&b, input(&b, 7, 6, 3), 5, 3, 2, 1, bias != 0));
        x = batchnorm(&b, dwconv(&b, act(&b, x, MNQ_ACT_RELU_MAX, 6.0f), 2, 3, 1, 1, bias != 0));
        x = act(&b, batchnorm(&b, conv(&b, act(&b, x, MNQ_ACT_RELU, 0.0f), 8, 1, 1, 0, bias != 0)), MNQ_ACT_RELU, 0.0f);
        softmax(&b, batchnorm(&b, dense(&b, global_pool(&b, x), 4, bias != 0)));
        node(&b, 2)->gamma = NULL;
        check("input conv+relu_max dwconv+relu conv+relu avgpool dense softmax");
        assert_string_equal(legal.node[1].name, "conv_1");
        assert_int_equal(legal.node[1].source, 1);
        assert_int_equal(legal.node[2].source, 4);
        assert_int_equal(legal.node[4].source, -1);
    }
}

static void test_fold_forward(void **state)
{
    (void)state;
    int x = act(&b, conv(&b, input(&b, 6, 6, 3), 4, 3, 1, 1, true), MNQ_ACT_RELU, 0.0f);
    int y = batchnorm(&b, x); /* behind a ReLU, in front of two unpadded layers */
    int p = dwconv(&b, y, 3, 3, 1, 0, true), q = conv(&b, y, 12, 3, 1, 0, false);
    add(&b, p, q);
    check("input conv+relu dwconv conv add");

    fresh(5); /* a scale without offset passes padding */
    x = act(&b, conv(&b, input(&b, 6, 6, 3), 4, 3, 1, 1, true), MNQ_ACT_RELU, 0.0f);
    conv(&b, pad(&b, affine(&b, x, -0.3f, 0.0f), 1, 1, 1, 1), 5, 3, 2, 0, false);
    check("input conv+relu conv");
    assert_null(legal.node[2].b);

    fresh(6); /* an offset does not */
    x = act(&b, conv(&b, input(&b, 6, 6, 3), 4, 3, 1, 1, true), MNQ_ACT_RELU, 0.0f);
    conv(&b, batchnorm(&b, x), 5, 3, 2, 1, false);
    check("input conv+relu dwconv conv");
}

static void test_fold_around_pool_and_sum(void **state)
{
    (void)state;
    int x = conv(&b, input(&b, 6, 6, 3), 4, 3, 1, 1, true);
    act(&b, batchnorm(&b, avgpool(&b, x, 2, 2)), MNQ_ACT_RELU, 0.0f); /* back through the pool */
    check("input conv avgpool+relu");

    fresh(8); /* forward through the pool */
    x = act(&b, conv(&b, input(&b, 6, 6, 3), 4, 3, 1, 1, true), MNQ_ACT_RELU, 0.0f);
    dense(&b, global_pool(&b, batchnorm(&b, x)), 5, false);
    check("input conv+relu avgpool dense");

    fresh(9); /* into both summands */
    x = input(&b, 6, 6, 3);
    int y = conv(&b, x, 4, 3, 1, 1, true), z = dwconv(&b, conv(&b, x, 4, 1, 1, 0, false), 1, 3, 1, 1, false);
    act(&b, batchnorm(&b, add(&b, y, z)), MNQ_ACT_RELU, 0.0f);
    check("input conv conv dwconv add+relu");

    fresh(10); /* a summand with another reader: a layer of its own */
    x = act(&b, conv(&b, input(&b, 6, 6, 3), 4, 3, 1, 1, true), MNQ_ACT_RELU, 0.0f);
    y = conv(&b, x, 4, 3, 1, 1, true);
    act(&b, batchnorm(&b, add(&b, y, x)), MNQ_ACT_RELU, 0.0f);
    check("input conv+relu conv add dwconv+relu");
}

static void test_input_affine(void **state)
{
    (void)state;
    int x = affine(&b, affine(&b, input(&b, 8, 8, 3), 2.0f, 0.0f), 0.5f, -1.0f);
    x = batchnorm(&b, x);
    conv(&b, pad(&b, x, 0, 0, 1, 1), 4, 3, 2, 0, true);
    check("input affine conv");

    fresh(11); /* the picture has another reader: the map cannot stay in front */
    x = input(&b, 8, 8, 3);
    add(&b, conv(&b, affine(&b, x, 2.0f, -1.0f), 4, 1, 1, 0, true), conv(&b, x, 4, 1, 1, 0, false));
    check("input conv conv add");
}

/* A convolution that is read twice keeps its values. */
static void test_shared_producer(void **state)
{
    (void)state;
    int x = conv(&b, input(&b, 5, 5, 3), 4, 3, 1, 1, true);
    int y = act(&b, batchnorm(&b, x), MNQ_ACT_RELU, 0.0f);
    add(&b, conv(&b, y, 4, 3, 1, 1, true), x);
    check("input conv dwconv+relu conv add");
}

/* ---- padding ---- */

static void test_padding(void **state)
{
    (void)state;
    int x = conv(&b, pad(&b, input(&b, 9, 9, 3), 0, 0, 1, 1), 4, 3, 2, 0, true);
    x = act(&b, batchnorm(&b, x), MNQ_ACT_RELU_MAX, 6.0f);
    dwconv(&b, pad(&b, pad(&b, x, 1, 0, 0, 0), 0, 1, 0, 0), 1, 3, 2, 0, true);
    check("input conv+relu_max dwconv");
    assert_int_equal(legal.node[1].pt, 0);
    assert_int_equal(legal.node[1].pb, 1);
    assert_int_equal(legal.node[2].pt, 1);
    assert_int_equal(legal.node[2].pl, 1);
    assert_int_equal(legal.node[2].pr, 0);

    fresh(12); /* activation between padding and convolution */
    x = conv(&b, input(&b, 9, 9, 3), 4, 3, 2, 0, true);
    conv(&b, act(&b, pad(&b, x, 1, 1, 1, 1), MNQ_ACT_HSWISH, 0.0f), 3, 3, 1, 0, true);
    check("input conv+hswish conv");

    fresh(13); /* BatchNormalization between them: the border is its offset, not zero */
    x = act(&b, conv(&b, input(&b, 9, 9, 3), 4, 3, 2, 0, true), MNQ_ACT_RELU, 0.0f);
    conv(&b, batchnorm(&b, pad(&b, x, 1, 1, 1, 1)), 3, 3, 1, 0, true);
    check("input conv+relu conv");

    fresh(14); /* a padded pool */
    x = conv(&b, input(&b, 9, 9, 3), 4, 3, 2, 0, true);
    avgpool(&b, pad(&b, x, 1, 0, 1, 1), 2, 2);
    check("input conv dwconv");
}

static void test_padding_alone(void **state)
{
    (void)state;
    int x = act(&b, conv(&b, input(&b, 5, 4, 2), 3, 3, 1, 1, true), MNQ_ACT_RELU, 0.0f);
    pad(&b, x, 2, 0, 1, 3);
    check("input conv+relu dwconv");

    fresh(15); /* a 1x1 layer takes no padding; another reader does */
    x = pad(&b, act(&b, conv(&b, input(&b, 5, 4, 2), 3, 3, 1, 1, true), MNQ_ACT_RELU, 0.0f), 1, 1, 1, 1);
    add(&b, conv(&b, x, 4, 1, 1, 0, true), conv(&b, conv(&b, x, 4, 3, 1, 0, true), 4, 3, 1, 2, true));
    check("input conv+relu dwconv conv conv conv add");
}

/* ---- activations ---- */

static int relu6_of_x_plus_3(int x)
{
    return act(&b, affine(&b, x, 1.0f, 3.0f), MNQ_ACT_RELU_MAX, 6.0f);
}

/* h-swish of x spelled in one of the ways met in files. */
static int hswish(int x, int spelling)
{
    const float sixth = 1.0f / 6.0f;
    switch (spelling) {
    case 0:
        return act(&b, x, MNQ_ACT_HSWISH, 0.0f);
    case 1:
        return mul(&b, x, act(&b, x, MNQ_ACT_HSIGMOID, 0.0f));
    case 2:
        return mul(&b, act(&b, x, MNQ_ACT_HSIGMOID, 0.0f), x);
    case 3:
        return mul(&b, x, affine(&b, relu6_of_x_plus_3(x), sixth, 0.0f));
    case 4:
        return mul(&b, affine(&b, relu6_of_x_plus_3(x), sixth, 0.0f), x);
    case 5:
        return affine(&b, mul(&b, x, relu6_of_x_plus_3(x)), sixth, 0.0f);
    case 6:
        return mul(&b, affine(&b, x, sixth, 0.0f), relu6_of_x_plus_3(x));
    case 7: /* clip(x / 6 + 0.5, 0, 1), in one and in two steps */
        return mul(&b, act(&b, affine(&b, x, sixth, 0.5f), MNQ_ACT_RELU_MAX, 1.0f), x);
    default:
        return mul(&b, x, act(&b, affine(&b, affine(&b, x, sixth, 0.0f), 1.0f, 0.5f), MNQ_ACT_RELU_MAX, 1.0f));
    }
}

static void test_hswish(void **state)
{
    (void)state;
    for (int spelling = 0; spelling < 9; spelling++) {
        fresh((unsigned)spelling);
        int x = hswish(batchnorm(&b, conv(&b, input(&b, 6, 6, 3), 8, 3, 2, 1, false)), spelling);
        x = hswish(batchnorm(&b, dwconv(&b, pad(&b, x, 1, 1, 1, 1), 1, 3, 2, 0, false)), spelling);
        dense(&b, hswish(conv(&b, global_pool(&b, x), 6, 1, 1, 0, true), spelling), 5, true);
        check("input conv+hswish dwconv+hswish avgpool conv+hswish dense");
    }
}

/* With Keras 2's own hard_sigmoid, clip(0.2 x + 0.5, 0, 1), the result is a scaled h-swish. */
static void test_hard_sigmoid_02(void **state)
{
    (void)state;
    for (int spelling = 0; spelling < 3; spelling++) {
        fresh((unsigned)spelling);
        int x = batchnorm(&b, conv(&b, input(&b, 6, 6, 3), 8, 3, 2, 1, false)), gate;
        if (spelling < 2) gate = act(&b, x, MNQ_ACT_HARD_SIGMOID_02, 0.0f);
        else gate = act(&b, affine(&b, x, 0.2f, 0.5f), MNQ_ACT_RELU_MAX, 1.0f);
        x = spelling == 0 ? mul(&b, x, gate) : mul(&b, gate, x);
        conv(&b, x, 4, 3, 1, 1, true);
        check("input conv+hswish conv");
    }
    fresh(20);
    act(&b, conv(&b, input(&b, 3, 3, 3), 4, 1, 1, 0, false), MNQ_ACT_HARD_SIGMOID_02, 0.0f);
    check("input conv+hsigmoid");
}

/* Squeeze-excite of x with the gate in one of its spellings. */
static int squeeze_excite(int x, int spelling)
{
    int c = node(&b, x)->out.c, s = global_pool(&b, x);
    if (spelling % 2 == 1) s = reshape(&b, s, 1, 1, c);
    s = spelling % 3 == 0 ? dense(&b, s, c / 2, true) : conv(&b, s, c / 2, 1, 1, 0, true);
    s = act(&b, s, MNQ_ACT_RELU, 0.0f);
    s = spelling % 3 == 0 ? dense(&b, s, c, true) : conv(&b, s, c, 1, 1, 0, true);
    if (spelling < 2) s = act(&b, s, MNQ_ACT_HSIGMOID, 0.0f);
    else if (spelling < 4) s = affine(&b, relu6_of_x_plus_3(s), 1.0f / 6.0f, 0.0f);
    else if (spelling < 6) s = act(&b, s, MNQ_ACT_HARD_SIGMOID_02, 0.0f);
    else s = act(&b, affine(&b, s, 1.0f / 6.0f, 0.5f), MNQ_ACT_RELU_MAX, 1.0f);
    return mul(&b, x, s);
}

static void test_squeeze_excite(void **state)
{
    (void)state;
    for (int spelling = 0; spelling < 8; spelling++) {
        fresh((unsigned)spelling);
        int x = hswish(batchnorm(&b, conv(&b, input(&b, 6, 6, 3), 8, 3, 2, 1, false)), spelling);
        conv(&b, squeeze_excite(x, spelling), 4, 1, 1, 0, false);
        check(spelling % 3 == 0 ? "input conv+hswish avgpool dense+relu dense+hsigmoid mul conv"
                                : "input conv+hswish avgpool conv+relu conv+hsigmoid mul conv");
    }
}

/* An ordinary ReLU6 behind an offset of 3 is not taken for a gate. */
static void test_relu6_stays(void **state)
{
    (void)state;
    int x = relu6_of_x_plus_3(conv(&b, input(&b, 5, 5, 3), 4, 1, 1, 0, true));
    conv(&b, x, 3, 1, 1, 0, true);
    check("input conv+relu_max conv");
}

static void test_activation_without_home(void **state)
{
    (void)state;
    int x = conv(&b, input(&b, 5, 5, 3), 4, 1, 1, 0, true);
    int y = act(&b, x, MNQ_ACT_RELU, 0.0f), z = act(&b, x, MNQ_ACT_HSIGMOID, 0.0f);
    add(&b, y, z);
    check("input conv dwconv+relu dwconv+hsigmoid add");

    fresh(21);
    act(&b, input(&b, 5, 5, 3), MNQ_ACT_RELU, 0.0f);
    check("input dwconv+relu");

    fresh(22); /* two activations that are one, and two that are not */
    x = act(&b, conv(&b, input(&b, 5, 5, 3), 4, 1, 1, 0, true), MNQ_ACT_RELU, 0.0f);
    x = act(&b, act(&b, x, MNQ_ACT_RELU_MAX, 2.0f), MNQ_ACT_RELU_MAX, 1.0f);
    x = act(&b, act(&b, x, MNQ_ACT_RELU, 0.0f), MNQ_ACT_HSWISH, 0.0f);
    act(&b, x, MNQ_ACT_NONE, 0.0f);
    check("input conv+relu_max dwconv+hswish");
    assert_true(legal.node[1].act_max == 1.0f);

    fresh(23); /* activations in the nodes themselves */
    x = conv(&b, input(&b, 5, 5, 3), 4, 1, 1, 0, true);
    node(&b, x)->act = MNQ_ACT_RELU;
    x = batchnorm(&b, x);
    node(&b, x)->act = MNQ_ACT_RELU_MAX;
    node(&b, x)->act_max = 6.0f;
    x = dense(&b, global_pool(&b, x), 3, true);
    node(&b, x)->act = MNQ_ACT_SIGMOID;
    check("input conv+relu dwconv+relu_max avgpool dense act+sigmoid");
}

/* ---- whole networks ---- */

/* Random inverted residuals with squeeze-excite and every head, seed by seed. */
static void random_network(unsigned seed)
{
    fresh(seed);
    int spelling = random_int(&b.seed, 0, 7);
    int x = input(&b, random_int(&b.seed, 9, 13), random_int(&b.seed, 9, 13), 3);
    if (seed % 2 == 0) x = affine(&b, x, 0.7f, -0.2f);
    x = hswish(batchnorm(&b, conv(&b, pad(&b, x, 0, 0, 1, 1), 6, 3, 2, 0, false)), spelling);
    for (int blocks = random_int(&b.seed, 1, 3); blocks > 0; blocks--) {
        int c = node(&b, x)->out.c, y = batchnorm(&b, conv(&b, x, 3 * c, 1, 1, 0, false));
        y = act(&b, y, MNQ_ACT_RELU_MAX, 6.0f);
        if (random_int(&b.seed, 0, 1) == 1) y = dwconv(&b, pad(&b, y, 1, 1, 1, 1), 1, 3, 1, 0, false);
        else y = dwconv(&b, y, 1, 3, 1, 1, false);
        y = hswish(batchnorm(&b, y), spelling);
        if (random_int(&b.seed, 0, 1) == 1) y = squeeze_excite(y, spelling);
        y = batchnorm(&b, conv(&b, y, c, 1, 1, 0, false));
        x = add(&b, y, x);
    }
    if (seed % 3 == 0) x = batchnorm(&b, x);
    x = hswish(batchnorm(&b, conv(&b, x, 16, 1, 1, 0, false)), spelling);
    x = seed % 4 < 2 ? global_pool(&b, x) : reshape(&b, x, 1, 1, (int)count(node(&b, x)->out));
    x = dense(&b, x, 7, true); /* logits of order one, lest softmax magnify what was rounded before */
    for (size_t i = 0; i < mnq_node_weights(&b.g, node(&b, x)); i++) node(&b, x)->w[i] *= 0.02f;
    if (seed % 5 < 3) softmax(&b, x);
    else act(&b, x, MNQ_ACT_SIGMOID, 0.0f);
}

static void test_networks(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 60; seed++) {
        random_network(seed);
        if (mnq_graph_legalize(&b.g, &legal, &arena, &err) != 0) fail_msg("seed %u: %s", seed, err.msg);
        check_rules(&legal);
        check_values(1e-5f);
    }
}

/* The same for operators that MobileNets have not. */
static void random_rarer(int x, int y)
{
    struct mnq_shape s = node(&b, x)->out, t = node(&b, y)->out;
    int k = random_int(&b.seed, 1, 3), roll = random_int(&b.seed, 0, 19), groups = s.c % 2 == 0 ? 2 : 1;
    bool fits = k <= s.h && k <= s.w, small = s.h <= 12 && s.w <= 12 && s.c <= 24;
    bool like =
        (s.h == t.h || s.h == 1 || t.h == 1) && (s.w == t.w || s.w == 1 || t.w == 1) && (s.c == t.c || s.c == 1 || t.c == 1);
    if (roll < 3 && fits) maxpool(&b, x, k, random_int(&b.seed, 1, 2), random_int(&b.seed, 0, k - 1));
    else if (roll == 3 && s.h == t.h && s.w == t.w && s.c + t.c < 24) concat(&b, x, y);
    else if (roll == 4) pick(&b, x, random_int(&b.seed, 1, 6));
    else if (roll < 7 && small) upsample(&b, x, k, random_int(&b.seed, 1, 3), roll == 5);
    else if (roll == 7 && s.h > 2 && s.w > 1) crop(&b, x, 1, 0, random_int(&b.seed, 0, 1), 1);
    else if (roll < 10 && small)
        tconv(&b, x, random_int(&b.seed, 1, 3), random_int(&b.seed, 1, 4), random_int(&b.seed, 1, 3), roll == 8);
    else if (roll == 10) conv_apart(&b, x, 2 * random_int(&b.seed, 1, 2), 1 + 2 * random_int(&b.seed, 0, 1), groups, 2);
    else if (roll == 11) conv_apart(&b, x, 2 * groups, 1, groups, 1);
    else if (roll == 12 && like) sum(&b, x, random_float(&b.seed, -1.5f, 1.5f), y, random_float(&b.seed, -1.5f, 1.5f));
    else if (roll == 13 && like) mul(&b, x, y);
    else if (roll == 14 && fits) avgpool_same(&b, x, k, random_int(&b.seed, 1, 2), random_int(&b.seed, 0, k - 1));
    else curve(&b, x, (enum mnq_act)random_int(&b.seed, MNQ_ACT_SIGMOID, MNQ_ACT_COUNT - 3), 0.3f, HUGE_VALF);
}

/* One node of a kind and on inputs drawn at random, or none if they do not fit. */
static void random_node(void)
{
    int n = b.g.n, x = random_int(&b.seed, n > 4 ? n - 4 : 0, n - 1), y = random_int(&b.seed, n > 6 ? n - 6 : 0, n - 1);
    struct mnq_shape s = node(&b, x)->out, t = node(&b, y)->out;
    bool twin = s.h == t.h && s.w == t.w && s.c == t.c, vector = s.h == 1 && s.w == 1;
    int k = random_int(&b.seed, 1, 3), roll = random_int(&b.seed, 0, 25);
    bool fits = k <= s.h && k <= s.w;
    if (roll > 17) random_rarer(x, y);
    else if (roll < 2 && fits)
        conv(&b, x, random_int(&b.seed, 1, 4), k, random_int(&b.seed, 1, 2), random_int(&b.seed, 0, k - 1), roll == 0);
    else if (roll < 4 && fits) dwconv(&b, x, random_int(&b.seed, 1, 2), k, 1, random_int(&b.seed, 0, k - 1), roll == 2);
    else if (roll == 4 && vector) dense(&b, x, random_int(&b.seed, 1, 5), true);
    else if (roll == 5) batchnorm(&b, x);
    else if (roll == 6) affine(&b, x, random_float(&b.seed, -1.5f, 1.5f), random_int(&b.seed, 0, 1) == 1 ? 0.0f : 0.4f);
    else if (roll < 10) act(&b, x, (enum mnq_act)random_int(&b.seed, MNQ_ACT_NONE, MNQ_ACT_HARD_SIGMOID_02), 1.0f);
    else if (roll == 10) pad(&b, x, random_int(&b.seed, 0, 2), 0, 1, random_int(&b.seed, 0, 1));
    else if (roll == 11 && fits) avgpool(&b, x, k, 1);
    else if (roll == 12) global_pool(&b, x);
    else if (roll == 13 && twin) add(&b, x, y);
    else if (roll == 14 && t.h == 1 && t.w == 1 && t.c == s.c) mul(&b, x, y);
    else if (roll == 15) reshape(&b, x, 1, 1, s.h * s.w * s.c);
    else if (roll == 16) reshape(&b, x, s.w, s.h, s.c);
    else hswish(x, random_int(&b.seed, 0, 8));
}

/* Any graph at all is expressed rightly or refused. */
static void test_anything(void **state)
{
    (void)state;
    int expressed = 0;
    for (unsigned seed = 0; seed < RANDOM_GRAPHS; seed++) {
        fresh(seed);
        input(&b, random_int(&b.seed, 1, 5), random_int(&b.seed, 1, 5), random_int(&b.seed, 1, 4));
        for (int n = random_int(&b.seed, 2, 14); n > 0; n--) random_node();
        memset(&err, 0, sizeof err);
        if (mnq_graph_legalize(&b.g, &legal, &arena, &err) != 0) {
            if (strstr(err.msg, "reshape") == NULL) fail_msg("seed %u: %s", seed, err.msg);
            continue;
        }
        check_rules(&legal);
        check_values(1e-4f);
        expressed++;
    }
    assert_in_range(expressed, RANDOM_GRAPHS / 2, RANDOM_GRAPHS);
}

/* The raw graph is left as it was, and the legal one shares nothing with it. */
static void test_input_untouched(void **state)
{
    (void)state;
    struct mnq_arena other = {0};
    random_network(3);
    const float *in = random_array(&b, count(b.g.node[0].out), -3.0f, 3.0f);
    int n = b.g.n;
    struct mnq_node *before = mnq_arena_array(&arena, (size_t)n, sizeof *before);
    assert_non_null(before);
    memcpy(before, b.g.node, (size_t)n * sizeof *before);
    const float *want = run(&b.g, in);
    b.g.preprocess = "tf";
    assert_int_equal(mnq_graph_note(&b.g, "a decision"), 0);
    assert_int_equal(mnq_graph_legalize(&b.g, &legal, &other, &err), 0);
    assert_memory_equal(before, b.g.node, (size_t)n * sizeof *before);
    size_t outputs = count(b.g.node[b.g.output].out);
    assert_memory_equal(want, run(&b.g, in), outputs * sizeof *want);
    mnq_arena_free(&arena); /* a sanitizer sees what is still used of it */
    assert_string_equal(legal.file, "test.h5");
    assert_string_equal(legal.preprocess, "tf");
    assert_int_equal(legal.n_note, 1);
    assert_string_equal(legal.note[0], "a decision");
    assert_int_equal(mnq_graph_check(&legal, &err), 0);
    mnq_arena_free(&other);
}

/* ---- errors ---- */

static void test_errors(void **state)
{
    (void)state;
    int x;
    fresh(1);
    x = reshape(&b, conv(&b, input(&b, 4, 4, 3), 4, 1, 1, 0, true), 8, 8, 1);
    conv(&b, x, 2, 3, 1, 1, true);
    check_error("test.h5: reshape 'reshape_2': cannot be expressed: 4x4x4 to 8x8x1 in front of 'conv_3'");

    fresh(1);
    conv(&b, input(&b, 4, 4, 3), 4, 1, 1, 0, true);
    node(&b, 1)->w[2] = NAN;
    check_error("test.h5: conv 'conv_1': weight[2] is NaN");

    fresh(1); /* finite weights whose folding is not */
    x = conv(&b, input(&b, 4, 4, 3), 1, 1, 1, 0, true);
    affine(&b, x, 3e38f, 0.0f);
    node(&b, x)->w[1] = 1e38f;
    check_error("test.h5: conv 'conv_1': weight[1] is infinite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fold_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fold_forward, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fold_around_pool_and_sum, setup, teardown),
        cmocka_unit_test_setup_teardown(test_input_affine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared_producer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_padding, setup, teardown),
        cmocka_unit_test_setup_teardown(test_padding_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hswish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hard_sigmoid_02, setup, teardown),
        cmocka_unit_test_setup_teardown(test_squeeze_excite, setup, teardown),
        cmocka_unit_test_setup_teardown(test_relu6_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_activation_without_home, setup, teardown),
        cmocka_unit_test_setup_teardown(test_networks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_anything, setup, teardown),
        cmocka_unit_test_setup_teardown(test_input_untouched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
