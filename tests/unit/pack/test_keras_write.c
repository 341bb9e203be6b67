/* SPDX-License-Identifier: Apache-2.0
 * Float graphs written as Keras files come back as the same function. */
#include "pack/keras_emit.h"
#include "pack/keras_write.h"

#include "graph/cost.h"
#include "graph/exec.h"
#include "import/import.h"
#include "util/file.h"
#include "util/ydoc.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct maker {
    struct mnq_arena arena;
    struct mnq_graph g;
    unsigned seed;
    struct mnq_err e;
};

/* Uniform in lo .. hi. */
static float *values(struct maker *m, size_t n, float lo, float hi)
{
    float *v = mnq_arena_array(&m->arena, n, sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < n; i++) {
        m->seed = m->seed * 1664525U + 1013904223U;
        v[i] = lo + (hi - lo) * (float)(m->seed >> 8) / 16777216.0F;
    }
    return v;
}

static struct mnq_node *append(struct maker *m, enum mnq_op op, const char *name, int in0, int in1)
{
    struct mnq_node *nd = mnq_graph_add(&m->g, op, name);
    assert_non_null(nd);
    nd->in[0] = in0;
    nd->in[1] = in1;
    nd->n_in = in1 >= 0 ? 2 : in0 >= 0 ? 1 : 0;
    m->g.output = m->g.n - 1;
    return nd;
}

static int done(struct maker *m)
{
    if (mnq_node_infer(&m->g, &m->g.node[m->g.n - 1], &m->e) != 0) fail_msg("%s", m->e.msg);
    return m->g.n - 1;
}

static int conv(struct maker *m, const char *name, int in, int k, int stride, int before, int after, int filters, bool bias)
{
    struct mnq_node *nd = append(m, MNQ_OP_CONV, name, in, -1);
    size_t cin = (size_t)m->g.node[in].out.c;
    nd->kh = nd->kw = k;
    nd->sh = nd->sw = stride;
    nd->pt = nd->pl = before;
    nd->pb = nd->pr = after;
    nd->out.c = filters;
    nd->w = values(m, (size_t)(k * k) * cin * (size_t)filters, -0.5F, 0.5F);
    if (bias) nd->b = values(m, (size_t)filters, -1, 1);
    return done(m);
}

static int dwconv(struct maker *m, const char *name, int in, int mult)
{
    struct mnq_node *nd = append(m, MNQ_OP_DWCONV, name, in, -1);
    size_t cin = (size_t)m->g.node[in].out.c;
    nd->kh = nd->kw = 3;
    nd->pt = nd->pl = nd->pb = nd->pr = 1;
    nd->mult = mult;
    nd->w = values(m, 9 * cin * (size_t)mult, -0.5F, 0.5F);
    return done(m);
}

static int batchnorm(struct maker *m, const char *name, int in, bool scale, bool center)
{
    struct mnq_node *nd = append(m, MNQ_OP_BATCHNORM, name, in, -1);
    size_t c = (size_t)m->g.node[in].out.c;
    if (scale) nd->gamma = values(m, c, 0.5F, 2);
    if (center) nd->beta = values(m, c, -1, 1);
    nd->mean = values(m, c, -1, 1);
    nd->var = values(m, c, 0.1F, 2);
    nd->eps = 0.001F;
    return done(m);
}

static int act(struct maker *m, const char *name, int in, enum mnq_act a, float max)
{
    struct mnq_node *nd = append(m, MNQ_OP_ACT, name, in, -1);
    nd->act = a;
    nd->act_max = max;
    return done(m);
}

static int pool(struct maker *m, const char *name, int in, int kh, int kw, int stride)
{
    struct mnq_node *nd = append(m, MNQ_OP_AVGPOOL, name, in, -1);
    nd->kh = kh;
    nd->kw = kw;
    nd->sh = nd->sw = stride;
    return done(m);
}

static int simple(struct maker *m, enum mnq_op op, const char *name, int in0, int in1)
{
    struct mnq_node *nd = append(m, op, name, in0, in1);
    if (op == MNQ_OP_RESHAPE) nd->out = m->g.node[in0].out;
    return done(m);
}

/* Every operator, names with slashes, both kinds of padding, squeeze-excite, a residual, vectors and pictures of 1 x 1. */
static void make(struct maker *m)
{
    memset(m, 0, sizeof *m);
    m->seed = 7;
    mnq_graph_init(&m->g, &m->arena);
    m->g.file = "made";
    struct mnq_node *nd = append(m, MNQ_OP_INPUT, "input", -1, -1);
    nd->out = (struct mnq_shape){11, 9, 3};
    int x = done(m);
    nd = append(m, MNQ_OP_PAD, "pad", x, -1);
    nd->pb = nd->pr = 1;
    x = done(m);
    x = conv(m, "stem/conv", x, 3, 2, 0, 0, 8, false);
    x = batchnorm(m, "stem/conv/bn", x, true, true);
    x = act(m, "stem/relu6", x, MNQ_ACT_RELU_MAX, 6);
    int skip = x;
    x = dwconv(m, "dw", x, 2);
    x = batchnorm(m, "dw_bn", x, false, true);
    x = act(m, "dw_swish", x, MNQ_ACT_HSWISH, 0);
    int gate = pool(m, "squeeze", x, m->g.node[x].out.h, m->g.node[x].out.w, 1);
    gate = conv(m, "squeeze_down", gate, 1, 1, 0, 0, 4, true);
    gate = act(m, "squeeze_relu", gate, MNQ_ACT_RELU, 0);
    gate = conv(m, "squeeze_up", gate, 1, 1, 0, 0, 16, true);
    gate = act(m, "gate", gate, MNQ_ACT_HSIGMOID, 0);
    x = simple(m, MNQ_OP_MUL, "excite", x, gate);
    x = conv(m, "project", x, 1, 1, 0, 0, 8, true);
    x = simple(m, MNQ_OP_ADD, "residual", x, skip);
    x = conv(m, "odd_pads", x, 3, 1, 0, 2, 6, false);
    x = pool(m, "window", x, 2, 2, 1);
    nd = append(m, MNQ_OP_AFFINE, "affine", x, -1);
    nd->scale = values(m, 6, 0.5F, 1.5F);
    nd->offset = values(m, 6, -0.5F, 0.5F);
    x = done(m);
    x = act(m, "hard", x, MNQ_ACT_HARD_SIGMOID_02, 0);
    x = pool(m, "head", x, m->g.node[x].out.h, m->g.node[x].out.w, 1);
    x = simple(m, MNQ_OP_RESHAPE, "flatten", x, -1);
    x = batchnorm(m, "head_bn", x, true, false);
    nd = append(m, MNQ_OP_DENSE, "dense", x, -1);
    nd->out.c = 5;
    nd->w = values(m, 6 * 5, -3, 3);
    nd->b = values(m, 5, -1, 1);
    x = done(m);
    simple(m, MNQ_OP_SOFTMAX, "softmax", x, -1);
    if (mnq_graph_check(&m->g, &m->e) != 0) fail_msg("%s", m->e.msg);
}

static void run(const struct mnq_graph *g, const float *in, float *out, size_t n)
{
    struct mnq_err e = {0};
    struct mnq_exec *x = mnq_exec_new(g, false, &e);
    if (x == NULL) fail_msg("%s", e.msg);
    memcpy(out, mnq_exec_run(x, in, NULL, NULL), n * sizeof *out);
    mnq_exec_free(x);
}

static void temp_name(char *path, size_t n, const char *what)
{
    snprintf(path, n, "test_keras_write.%s.%ld.h5", what, (long)getpid());
}

static void round_trip(void **state)
{
    (void)state;
    struct maker m;
    struct mnq_arena arena = {0};
    struct mnq_graph back;
    struct mnq_import_opts o = {0};
    char path[100], twice[100];
    make(&m);
    temp_name(path, sizeof path, "a");
    temp_name(twice, sizeof twice, "b");
    if (mnq_keras_write(&m.g, path, &m.e) != 0) fail_msg("%s", m.e.msg);
    if (mnq_import(path, &o, &back, &arena, &m.e) != 0) fail_msg("%s", m.e.msg);

    struct mnq_cost a = mnq_cost_total(&m.g), b = mnq_cost_total(&back);
    assert_int_equal(a.macs, b.macs);
    assert_int_equal(a.params, b.params);
    float *in = values(&m, 11 * 9 * 3, -1, 1), want[5], got[5];
    run(&m.g, in, want, 5);
    run(&back, in, got, 5);
    for (int i = 0; i < 5; i++)
        if (!(fabsf(want[i] - got[i]) < 1e-6F)) fail_msg("output %d: %g, wanted %g", i, (double)got[i], (double)want[i]);

    /* What came back is written to the same bytes as what went out: nothing was lost, nothing depends on time. */
    if (mnq_keras_write(&back, twice, &m.e) != 0) fail_msg("%s", m.e.msg);
    struct mnq_graph third;
    if (mnq_import(twice, &o, &third, &arena, &m.e) != 0) fail_msg("%s", m.e.msg);
    assert_int_equal(third.n, back.n);
    for (int i = 0; i < back.n; i++) assert_string_equal(third.node[i].name, back.node[i].name);
    float again[5];
    run(&third, in, again, 5);
    assert_memory_equal(got, again, sizeof got);
    unlink(path);
    unlink(twice);
    mnq_arena_free(&arena);
    mnq_arena_free(&m.arena);
}

static void same_bytes(void **state)
{
    (void)state;
    struct maker m;
    char path[100];
    uint32_t crc[2];
    uint64_t size;
    make(&m);
    temp_name(path, sizeof path, "c");
    for (int i = 0; i < 2; i++) {
        if (mnq_keras_write(&m.g, path, &m.e) != 0) fail_msg("%s", m.e.msg);
        assert_int_equal(mnq_file_crc32(path, &crc[i], &size, &m.e), 0);
        unlink(path);
        sleep(i == 0 ? 1 : 0); /* HDF5 would note the second of creation */
    }
    assert_int_equal(crc[0], crc[1]);
    mnq_arena_free(&m.arena);
}

/* Class and, for the vector or picture question, what the head's layers became. */
static void vectors(void **state)
{
    (void)state;
    struct maker m;
    struct mnq_kmodel_text t;
    make(&m);
    if (mnq_keras_emit(&m.g, &t, &m.arena, &m.e) != 0) fail_msg("%s", m.e.msg);
    const struct mnq_ynode *root = mnq_ydoc_parse("config", MNQ_EXIT_FAILED, t.config, strlen(t.config), &m.arena, &m.e);
    if (root == NULL) fail_msg("%s", m.e.msg);
    const struct mnq_ynode *layers = mnq_y_get(mnq_y_get(root, "config"), "layers");
    assert_non_null(layers);
    assert_int_equal(layers->n, t.n_layers);
    int seen = 0;
    for (const struct mnq_ynode *l = layers->first; l != NULL; l = l->next) {
        const struct mnq_ynode *name = mnq_y_get(l, "name"), *config = mnq_y_get(l, "config");
        if (mnq_y_is(name, "squeeze")) seen += mnq_y_is(mnq_y_get(config, "keepdims"), "true");
        if (mnq_y_is(name, "head")) seen += mnq_y_is(mnq_y_get(config, "keepdims"), "false");
        if (mnq_y_is(name, "head_bn")) seen += mnq_y_is(mnq_y_at(mnq_y_get(config, "axis"), 0), "1");
        if (mnq_y_is(name, "dw_bn")) seen += mnq_y_is(mnq_y_at(mnq_y_get(config, "axis"), 0), "3");
        if (mnq_y_is(name, "dw")) seen += mnq_y_is(mnq_y_get(config, "padding"), "same");
        if (mnq_y_is(name, "odd_pads_pad")) seen += mnq_y_is(mnq_y_get(l, "class_name"), "ZeroPadding2D");
    }
    assert_int_equal(seen, 6);
    mnq_arena_free(&m.arena);
}

static void unwritable(void **state)
{
    (void)state;
    struct maker m;
    make(&m);
    assert_int_equal(mnq_keras_write(&m.g, "no-such-directory/x.h5", &m.e), -1);
    assert_int_equal(m.e.code, MNQ_EXIT_FAILED);
    assert_non_null(strstr(m.e.msg, "directory no-such-directory"));
    mnq_arena_free(&m.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(same_bytes), cmocka_unit_test(vectors),
                                       cmocka_unit_test(unwritable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
