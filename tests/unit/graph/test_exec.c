/* SPDX-License-Identifier: Apache-2.0
 * The float executor against a plain double implementation, and its kernel variants against each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/exec.h"
#include "graph/exec_variant.h"
#include "builder.h"

#include <math.h>
#include <string.h>

static struct mnq_arena arena;
static struct builder b;
static struct mnq_err err;

static int setup(void **state)
{
    (void)state;
    memset(&err, 0, sizeof err);
    builder_init(&b, &arena, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    return 0;
}

/* ---- definition in double ---- */

static size_t count(struct mnq_shape s)
{
    return (size_t)s.h * (size_t)s.w * (size_t)s.c;
}

static double at(const double *x, struct mnq_shape s, int y, int col, int c)
{
    if (y < 0 || y >= s.h || col < 0 || col >= s.w) return 0.0;
    return x[((size_t)y * (size_t)s.w + (size_t)col) * (size_t)s.c + (size_t)c];
}

static double weight(const struct mnq_node *nd, int tap, int cin, int i, int o)
{
    return (double)nd->w[((size_t)tap * (size_t)cin + (size_t)i) * (size_t)nd->out.c + (size_t)o];
}

/* One output of a node with a window. */
static double window(const struct mnq_node *nd, const double *x, struct mnq_shape s, int oy, int ox, int o)
{
    double sum = nd->b != NULL ? (double)nd->b[o] : 0.0;
    for (int ky = 0; ky < nd->kh; ky++)
        for (int kx = 0; kx < nd->kw; kx++) {
            int y = oy * nd->sh + ky - nd->pt, col = ox * nd->sw + kx - nd->pl, tap = ky * nd->kw + kx;
            if (nd->op == MNQ_OP_AVGPOOL) sum += at(x, s, y, col, o) / (nd->kh * nd->kw);
            else if (nd->op == MNQ_OP_PAD) sum += at(x, s, y, col, o);
            else if (nd->op == MNQ_OP_DWCONV) sum += at(x, s, y, col, o / nd->mult) * weight(nd, tap, 1, 0, o);
            else
                for (int i = 0; i < s.c; i++) sum += at(x, s, y, col, i) * weight(nd, tap, s.c, i, o);
        }
    return sum;
}

static double activate(const struct mnq_node *nd, double x)
{
    switch (nd->act) {
    case MNQ_ACT_NONE:
        return x;
    case MNQ_ACT_RELU:
        return fmax(x, 0.0);
    case MNQ_ACT_RELU_MAX:
        return fmin(fmax(x, 0.0), (double)nd->act_max);
    case MNQ_ACT_HSWISH:
        return x * fmin(fmax(x + 3.0, 0.0), 6.0) / 6.0;
    case MNQ_ACT_HSIGMOID:
        return fmin(fmax(x + 3.0, 0.0), 6.0) / 6.0;
    case MNQ_ACT_HARD_SIGMOID_02:
        return fmin(fmax(0.2 * x + 0.5, 0.0), 1.0);
    default:
        return 1.0 / (1.0 + exp(-x));
    }
}

/* Value c of pixel p of a node without window. */
static double pointwise(const struct mnq_node *nd, const double *x, const double *y, struct mnq_shape second, size_t p,
                        int c)
{
    size_t n = (size_t)nd->out.c, i = p * n + (size_t)c;
    double sum = 0.0, max = -(double)INFINITY;
    switch (nd->op) {
    case MNQ_OP_ADD:
        return x[i] + y[i];
    case MNQ_OP_MUL:
        return x[i] * (count(second) == count(nd->out) ? y[i] : y[c]);
    case MNQ_OP_AFFINE:
        return (double)nd->scale[c] * x[i] + (double)nd->offset[c];
    case MNQ_OP_BATCHNORM:
        return (nd->gamma != NULL ? (double)nd->gamma[c] : 1.0) * (x[i] - (double)nd->mean[c]) /
                   sqrt((double)nd->var[c] + (double)nd->eps) +
               (nd->beta != NULL ? (double)nd->beta[c] : 0.0);
    case MNQ_OP_SOFTMAX:
        for (size_t j = 0; j < n; j++) max = fmax(max, x[p * n + j]);
        for (size_t j = 0; j < n; j++) sum += exp(x[p * n + j] - max);
        return exp(x[i] - max) / sum;
    default: /* ACT, RESHAPE */
        return x[i];
    }
}

static void define(const struct mnq_graph *g, const float *in, double **value)
{
    for (int k = 0; k < g->n; k++) {
        const struct mnq_node *nd = &g->node[k];
        double *out = value[k] = mnq_arena_array(&arena, count(nd->out), sizeof(double));
        assert_non_null(out);
        struct mnq_shape s = nd->n_in > 0 ? g->node[nd->in[0]].out : nd->out;
        struct mnq_shape second = nd->n_in > 1 ? g->node[nd->in[1]].out : nd->out;
        const double *x = nd->n_in > 0 ? value[nd->in[0]] : NULL, *y = nd->n_in > 1 ? value[nd->in[1]] : NULL;
        size_t i = 0;
        for (int oy = 0; oy < nd->out.h; oy++)
            for (int ox = 0; ox < nd->out.w; ox++)
                for (int o = 0; o < nd->out.c; o++, i++) {
                    bool windowed = nd->op == MNQ_OP_CONV || nd->op == MNQ_OP_DWCONV || nd->op == MNQ_OP_DENSE ||
                                    nd->op == MNQ_OP_AVGPOOL;
                    double v = nd->op == MNQ_OP_INPUT ? (double)in[i]
                               : nd->op == MNQ_OP_PAD ? at(x, s, oy - nd->pt, ox - nd->pl, o)
                               : windowed             ? window(nd, x, s, oy, ox, o)
                                                      : pointwise(nd, x, y, second, i / (size_t)nd->out.c, o);
                    out[i] = activate(nd, v);
                }
    }
}

/* ---- comparison ---- */

struct seen {
    const struct mnq_graph *g;
    double **value;
    int next; /* node expected */
    int outs, pres;
};

static void compare(void *ctx, int i, enum mnq_tap_kind kind, const float *data)
{
    struct seen *s = ctx;
    const struct mnq_node *nd = &s->g->node[i];
    assert_int_equal(i, s->next);
    if (kind == MNQ_TAP_PRE) {
        assert_int_not_equal(nd->act, MNQ_ACT_NONE);
        s->pres++;
    } else {
        s->outs++;
        s->next++;
    }
    for (size_t k = 0; k < count(nd->out); k++) {
        double want = s->value[i][k], got = kind == MNQ_TAP_PRE ? activate(nd, (double)data[k]) : (double)data[k];
        if (fabs(got - want) > 2e-5 * (1.0 + fabs(want)))
            fail_msg("%s %s[%zu] = %.9g, %.9g wanted", nd->name, kind == MNQ_TAP_PRE ? "pre" : "out", k, got, want);
    }
}

static float *random_input(void)
{
    return random_array(&b, count(b.g.node[0].out), -2.0f, 2.0f);
}

/* Every node of the graph, every variant: right, and the same bits. Buffers of its own or shared ones: the same bits. */
static void check_graph(void)
{
    const float *in = random_input();
    double **value = mnq_arena_array(&arena, (size_t)b.g.n, sizeof *value);
    assert_non_null(value);
    define(&b.g, in, value);
    size_t n = count(b.g.node[b.g.output].out);
    float *first = mnq_arena_array(&arena, n, sizeof *first);
    assert_non_null(first);
    for (int v = 0; mnq_fkernels_at(v) != NULL; v++)
        for (int keep = 0; keep < 2; keep++) {
            struct mnq_exec *x = mnq_exec_new(&b.g, keep != 0, &err);
            if (x == NULL) fail_msg("%s", err.msg);
            mnq_exec_variant(x, mnq_fkernels_at(v));
            struct seen s = {&b.g, value, 0, 0, 0};
            const float *out = mnq_exec_run(x, in, compare, &s);
            assert_int_equal(s.outs, b.g.n);
            if (v == 0 && keep == 0) memcpy(first, out, n * sizeof *out);
            if (memcmp(first, out, n * sizeof *out) != 0) fail_msg("%s: other bits", mnq_fkernels_at(v)->name);
            assert_memory_equal(first, mnq_exec_run(x, in, NULL, NULL), n * sizeof *out);
            mnq_exec_free(x);
        }
}

static void fresh(unsigned seed)
{
    mnq_arena_free(&arena);
    builder_init(&b, &arena, seed);
}

/* ---- tests ---- */

/* Channel counts around every vector and block width. */
static const int widths[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 48, 63, 64, 65, 80, 129};

static void test_pointwise(void **state)
{
    (void)state;
    static const int sizes[] = {1, 2, 3, 4};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            fresh((unsigned)(i * 10 + k));
            int x = input(&b, sizes[k], sizes[k] + 1, random_int(&b.seed, 1, 40));
            conv(&b, x, widths[i], 1, random_int(&b.seed, 1, 2), 0, i % 2 == 0);
            check_graph();
        }
}

static void test_conv(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 60; seed++) {
        fresh(seed);
        int k = random_int(&b.seed, 1, 5);
        int x = input(&b, random_int(&b.seed, k, 12), random_int(&b.seed, k, 12), random_int(&b.seed, 1, 9));
        conv(&b, x, widths[random_int(&b.seed, 0, 20)], k, random_int(&b.seed, 1, 3), random_int(&b.seed, 0, k + 1),
             seed % 2 == 0);
        node(&b, 1)->act = (enum mnq_act)(seed % 7);
        node(&b, 1)->act_max = 1.5f;
        node(&b, 1)->pt = random_int(&b.seed, 0, 1);
        node(&b, 1)->pr = random_int(&b.seed, 0, 1);
        finish(&b);
        check_graph();
    }
}

/* More pixels than fit one gathered tile. */
static void test_conv_tiles(void **state)
{
    (void)state;
    int x = input(&b, 23, 29, 40);
    conv(&b, x, 24, 3, 1, 1, true);
    check_graph();
}

static void test_dwconv(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 84; seed++) {
        fresh(seed);
        int k = random_int(&b.seed, 1, 5);
        int x = input(&b, random_int(&b.seed, k, 14), random_int(&b.seed, k, 14), widths[seed % 21]);
        dwconv(&b, x, seed % 4 == 0 ? random_int(&b.seed, 2, 3) : 1, k, random_int(&b.seed, 1, 3),
               random_int(&b.seed, 0, k + 1), seed % 2 == 0);
        check_graph();
    }
}

static void test_avgpool(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 42; seed++) {
        fresh(seed);
        int k = random_int(&b.seed, 1, 4);
        int x = input(&b, random_int(&b.seed, k, 9), random_int(&b.seed, k, 9), widths[seed % 21]);
        x = avgpool(&b, x, k, random_int(&b.seed, 1, 3));
        global_pool(&b, x);
        check_graph();
    }
}

static void test_elementwise(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 42; seed++) {
        fresh(seed);
        int x = input(&b, random_int(&b.seed, 1, 5), random_int(&b.seed, 1, 5), widths[seed % 21]);
        int y = batchnorm(&b, x);
        if (seed % 2 == 0) node(&b, y)->gamma = NULL;
        if (seed % 3 == 0) node(&b, y)->beta = NULL;
        int z = affine(&b, x, 0.3f, -0.7f);
        int m = mul(&b, y, z);
        int s = add(&b, m, x);
        int p = pad(&b, s, 1, 0, 2, 3);
        int gate = act(&b, global_pool(&b, p), MNQ_ACT_SIGMOID, 0.0f);
        int q = mul(&b, p, gate);
        struct mnq_shape shape = node(&b, q)->out;
        int flat = reshape(&b, q, 1, 1, shape.h * shape.w * shape.c);
        for (int a = MNQ_ACT_RELU; a <= MNQ_ACT_SIGMOID; a++) act(&b, flat, (enum mnq_act)a, 1.2f);
        softmax(&b, dense(&b, flat, random_int(&b.seed, 1, 40), true));
        check_graph();
    }
}

/* Softmax and sigmoid far out do not overflow. */
static void test_extremes(void **state)
{
    (void)state;
    int x = input(&b, 1, 1, 4);
    int s = softmax(&b, x);
    b.g.output = act(&b, x, MNQ_ACT_SIGMOID, 0.0f);
    struct mnq_exec *e = mnq_exec_new(&b.g, true, &err);
    assert_non_null(e);
    const float in[4] = {3e38f, -3e38f, 3e38f, 0.0f};
    const float *out = mnq_exec_run(e, in, NULL, NULL);
    const float sigmoid[4] = {1.0f, 0.0f, 1.0f, 0.5f}, probability[4] = {0.5f, 0.0f, 0.5f, 0.0f};
    for (int i = 0; i < 4; i++) {
        assert_true(fabsf(out[i] - sigmoid[i]) < 1e-7f);
        assert_true(fabsf(mnq_exec_tensor(e, s)[i] - probability[i]) < 1e-7f);
    }
    mnq_exec_free(e);
}

static void residual_network(void)
{
    int x = act(&b, conv(&b, input(&b, 9, 9, 3), 12, 3, 2, 1, true), MNQ_ACT_RELU_MAX, 6.0f);
    int y = dwconv(&b, x, 1, 3, 1, 1, true);
    int z = add(&b, conv(&b, y, 12, 1, 1, 0, true), x);
    int g = act(&b, conv(&b, global_pool(&b, z), 12, 1, 1, 0, true), MNQ_ACT_HSIGMOID, 0.0f);
    softmax(&b, dense(&b, global_pool(&b, mul(&b, z, g)), 10, true));
}

static void count_nodes(void *ctx, int i, enum mnq_tap_kind kind, const float *data)
{
    (void)data;
    int *n = ctx;
    if (kind == MNQ_TAP_OUT) n[i]++;
}

/* From any node on, rerun gives what run gives; changed weights and overwritten tensors count. */
static void test_rerun(void **state)
{
    (void)state;
    residual_network();
    const float *in = random_input();
    struct mnq_exec *x = mnq_exec_new(&b.g, true, &err), *y = mnq_exec_new(&b.g, false, &err);
    assert_non_null(x);
    assert_non_null(y);
    size_t size = count(b.g.node[b.g.output].out) * sizeof(float);
    mnq_exec_run(x, in, NULL, NULL);
    for (int first = 0; first < b.g.n; first++) {
        if (b.g.node[first].w != NULL) b.g.node[first].w[0] += 0.25f;
        int ran[64] = {0};
        const float *out = mnq_exec_rerun(x, first, count_nodes, ran);
        for (int i = 0; i < b.g.n; i++) assert_int_equal(ran[i], i >= first);
        assert_memory_equal(out, mnq_exec_run(y, in, NULL, NULL), size);
    }
    float *tensor = mnq_exec_tensor(x, 1);
    memset(tensor, 0, count(b.g.node[1].out) * sizeof *tensor);
    const float *changed = mnq_exec_rerun(x, 2, NULL, NULL);
    assert_memory_not_equal(changed, mnq_exec_run(y, in, NULL, NULL), size);
    mnq_exec_free(x);
    mnq_exec_free(y);
}

/* Packed once, and again where a pointer changed or another instruction set runs. */
static void test_kept_weights(void **state)
{
    (void)state;
    residual_network();
    const float *in = random_input();
    struct mnq_exec *x = mnq_exec_new(&b.g, true, &err), *y = mnq_exec_new(&b.g, false, &err);
    assert_non_null(x);
    assert_non_null(y);
    mnq_exec_keep_weights(x);
    size_t size = count(b.g.node[b.g.output].out) * sizeof(float);
    for (int v = 0; mnq_fkernels_at(v) != NULL; v++) {
        mnq_exec_variant(x, mnq_fkernels_at(v));
        assert_memory_equal(mnq_exec_run(x, in, NULL, NULL), mnq_exec_run(y, in, NULL, NULL), size);
        for (int i = 0; i < b.g.n; i++) {
            float *clean = b.g.node[i].w;
            size_t n = mnq_node_weights(&b.g, &b.g.node[i]);
            if (n == 0) continue;
            float *other = malloc(n * sizeof *other);
            assert_non_null(other);
            for (size_t k = 0; k < n; k++) other[k] = clean[k] + 0.25f;
            b.g.node[i].w = other;
            assert_memory_equal(mnq_exec_rerun(x, i, NULL, NULL), mnq_exec_run(y, in, NULL, NULL), size);
            b.g.node[i].w = clean;
            assert_memory_equal(mnq_exec_rerun(x, i, NULL, NULL), mnq_exec_run(y, in, NULL, NULL), size);
            free(other);
        }
    }
    mnq_exec_free(x);
    mnq_exec_free(y);
}

static void test_errors(void **state)
{
    (void)state;
    int x = input(&b, 4, 4, 3);
    int y = conv(&b, x, 5, 3, 1, 0, false);
    node(&b, y)->out.h = 4;
    assert_null(mnq_exec_new(&b.g, false, &err));
    assert_string_equal(err.msg, "test.h5: layer 'conv_1' has shape 4x2x5, its inputs give 2x2x5");
    node(&b, y)->out.h = 2;
    node(&b, y)->w = NULL;
    memset(&err, 0, sizeof err);
    assert_null(mnq_exec_new(&b.g, false, &err));
    assert_string_equal(err.msg, "test.h5: layer 'conv_1' has no weights");
    b.g.output = -1;
    memset(&err, 0, sizeof err);
    assert_null(mnq_exec_new(&b.g, false, &err));
    assert_string_equal(err.msg, "test.h5: has no output");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pointwise, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conv, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conv_tiles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dwconv, setup, teardown),
        cmocka_unit_test_setup_teardown(test_avgpool, setup, teardown),
        cmocka_unit_test_setup_teardown(test_elementwise, setup, teardown),
        cmocka_unit_test_setup_teardown(test_extremes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rerun, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept_weights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
