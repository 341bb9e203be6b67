/* SPDX-License-Identifier: Apache-2.0
 * A graph under a builder, what becomes of it, and what must hold of that: for tests of the passes. */
#ifndef MNQ_TEST_LEGAL_CHECK_H
#define MNQ_TEST_LEGAL_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "passes/passes.h"
#include "graph/exec.h"
#include "builder.h"

#include <math.h>
#include <string.h>

static struct mnq_arena arena;
static struct builder b;
static struct mnq_graph legal;
static struct mnq_err err;

static inline int setup(void **state)
{
    (void)state;
    memset(&err, 0, sizeof err);
    builder_init(&b, &arena, 7);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    return 0;
}

/* ---- checks ---- */

static inline size_t count(struct mnq_shape s)
{
    return (size_t)s.h * (size_t)s.w * (size_t)s.c;
}

/* "input conv+relu add softmax": operators and their activations, in order. */
static inline const char *describe(const struct mnq_graph *g)
{
    static char text[2000];
    size_t n = 0;
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i > 0 ? " " : "", mnq_op_name(nd->op));
        if (nd->act != MNQ_ACT_NONE) n += (size_t)snprintf(text + n, sizeof text - n, "+%s", mnq_act_name(nd->act));
        assert_true(n < sizeof text - 40);
    }
    return text;
}

/* What passes.h promises of any legal graph. */
static inline void check_rules(const struct mnq_graph *g)
{
    int readers[256] = {0};
    assert_in_range(g->n, 1, 255);
    assert_int_equal(g->output, g->n - 1);
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->node[i].n_in; k++) readers[g->node[i].in[k]]++;
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        bool last = i == g->n - 1;
        assert_true(readers[i] > 0 || last);
        assert_true(nd->op != MNQ_OP_INPUT || (i == 0 && !last && nd->out.c == b.g.node[0].out.c));
        assert_true(nd->op != MNQ_OP_AFFINE || (i == 1 && !last && readers[0] == 1));
        assert_true(nd->op != MNQ_OP_ACT || (last && nd->act == MNQ_ACT_SIGMOID));
        for (int k = 0; k < nd->n_in; k++) /* probabilities have 15 bits and one scale */
            assert_true(g->node[nd->in[k]].op != MNQ_OP_SOFTMAX || nd->op == MNQ_OP_DWCONV);
        assert_int_not_equal(nd->act, MNQ_ACT_HARD_SIGMOID_02);
        assert_true(nd->op != MNQ_OP_BATCHNORM && nd->op != MNQ_OP_PAD && nd->op != MNQ_OP_RESHAPE);
        assert_true(nd->op != MNQ_OP_CROP && nd->op != MNQ_OP_TCONV && nd->dh <= 1 && nd->dw <= 1);
        assert_true(nd->pt < nd->kh && nd->pb < nd->kh && nd->pl < nd->kw && nd->pr < nd->kw);
        if (nd->op == MNQ_OP_MUL || nd->op == MNQ_OP_ADD) {
            struct mnq_shape a = g->node[nd->in[0]].out, c = g->node[nd->in[1]].out;
            assert_int_not_equal(nd->in[0], nd->in[1]);
            assert_int_equal(count(a), count(nd->out));
            assert_true((c.h == nd->out.h && c.w == nd->out.w) || (c.h == 1 && c.w == 1));
            assert_true(c.c == nd->out.c || c.c == 1);
        }
        if (nd->source >= 0) {
            const struct mnq_node *raw = &b.g.node[nd->source];
            assert_string_equal(raw->name, nd->name);
            assert_true(raw->op == nd->op || (raw->op == MNQ_OP_DENSE && nd->op == MNQ_OP_CONV) || raw->op == MNQ_OP_TCONV);
        }
    }
}

static inline float *run(const struct mnq_graph *g, const float *in)
{
    struct mnq_exec *x = mnq_exec_new(g, false, &err);
    if (x == NULL) fail_msg("%s", err.msg);
    size_t n = count(g->node[g->output].out);
    float *out = mnq_arena_array(&arena, n, sizeof *out);
    assert_non_null(out);
    memcpy(out, mnq_exec_run(x, in, NULL, NULL), n * sizeof *out);
    mnq_exec_free(x);
    return out;
}

/* Raw and legal graph agree within a share of the largest output, which is returned. */
static inline float check_values(float share)
{
    float largest = 0.0f;
    size_t n = count(b.g.node[b.g.output].out);
    assert_int_equal(count(legal.node[legal.output].out), n);
    for (int round = 0; round < 3; round++) {
        const float *in = random_array(&b, count(b.g.node[0].out), -3.0f, 3.0f);
        const float *want = run(&b.g, in), *got = run(&legal, in);
        float max = 0.0f;
        for (size_t i = 0; i < n; i++) max = fmaxf(max, fabsf(want[i]));
        assert_true(isfinite(max));
        largest = fmaxf(largest, max);
        for (size_t i = 0; i < n; i++)
            if (!(fabsf(got[i] - want[i]) <= share * max + 1e-6f))
                fail_msg("output %zu is %.9g, %.9g wanted (%s)", i, (double)got[i], (double)want[i], describe(&legal));
    }
    return largest;
}

static inline void check(const char *want)
{
    if (mnq_graph_legalize(&b.g, &legal, &arena, &err) != 0) fail_msg("%s", err.msg);
    assert_string_equal(describe(&legal), want);
    check_rules(&legal);
    assert_true(check_values(1e-5f) > 1e-3f);
}

static inline void check_error(const char *want)
{
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_graph_legalize(&b.g, &legal, &arena, &err), -1);
    assert_string_equal(err.msg, want);
}

static inline void fresh(unsigned seed)
{
    mnq_arena_free(&arena);
    builder_init(&b, &arena, seed);
}

#endif
