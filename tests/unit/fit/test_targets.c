/* SPDX-License-Identifier: Apache-2.0
 * Targets of the re-fit: the float layers' pre-activations at the sampled pixels, however nodes are grouped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "graph/exec.h"
#include "targets.h"

enum { SIDE = 40, HELD = 23, NODES_MAX = 16 };

struct world {
    struct mnq_arena arena;
    struct builder b;
    struct mnq_preprocess p;
    struct mnq_stats stats;
    struct mnq_lowering l;
    struct mnq_err e;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    struct builder *b = &w->b;
    builder_init(b, &w->arena, 7);
    int x = conv(b, input(b, SIDE, SIDE, 3), 6, 3, 1, 1, true);
    x = conv(b, x, 9, 1, 1, 0, true);
    node(b, x)->act = MNQ_ACT_RELU_MAX;
    node(b, x)->act_max = 6;
    x = conv(b, dwconv(b, x, 1, 3, 2, 1, true), 5, 1, 1, 0, false); /* linear: its output is the pre-activation */
    x = conv(b, x, 7, 1, 1, 0, true);
    node(b, x)->act = MNQ_ACT_HSWISH;
    softmax(b, dense(b, global_pool(b, x), 4, true));
    assert_int_equal(mnq_graph_check(&b->g, &w->e), 0);
    assert_int_equal(mnq_preprocess_named(&w->p, "caffe", 3, &w->e), 0);
    w->stats.held = HELD;
    w->stats.input_bytes = SIDE * SIDE * 3;
    w->stats.input = mnq_arena_alloc(&w->arena, HELD * w->stats.input_bytes);
    assert_non_null(w->stats.input);
    for (size_t i = 0; i < HELD * w->stats.input_bytes; i++) w->stats.input[i] = (uint8_t)random_int(&b->seed, 0, 255);
    w->l = (struct mnq_lowering){.g = &b->g, .p = &w->p, .arena = &w->arena};
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    mnq_arena_free(&w->arena);
    free(w);
    return 0;
}

/* Pre-activations of one sample, all nodes. */
struct record {
    const struct mnq_graph *g;
    float *pre[NODES_MAX];
};

static void keep(void *ctx, int i, enum mnq_tap_kind kind, const float *data)
{
    struct record *r = ctx;
    const struct mnq_node *nd = &r->g->node[i];
    if ((kind == MNQ_TAP_PRE) != (nd->act != MNQ_ACT_NONE)) return;
    memcpy(r->pre[i], data, (size_t)nd->out.h * (size_t)nd->out.w * (size_t)nd->out.c * sizeof *data);
}

static void check_sample(struct world *w, const struct record *r, struct mnq_targets *t, int j, int samples)
{
    for (int i = 0; i < w->b.g.n; i++) {
        if (!mnq_lower_is_pointwise(&w->b.g, i)) continue;
        struct mnq_pixels p = mnq_pixels_for(&w->b.g, i, samples);
        size_t c = (size_t)w->b.g.node[i].out.c;
        const float *y = mnq_targets_of(t, i, &w->e);
        assert_non_null(y);
        for (size_t k = 0; k < p.per; k++) {
            assert_true(mnq_pixel(&p, j, k) < p.pixels);
            assert_memory_equal(y + ((size_t)j * p.per + k) * c, r->pre[i] + mnq_pixel(&p, j, k) * c, c * sizeof *y);
        }
    }
}

static void are_pre_activations(void **state)
{
    struct world *w = *state;
    static float input[SIDE * SIDE * 3];
    struct record r = {.g = &w->b.g};
    struct mnq_exec *x = mnq_exec_new(&w->b.g, false, &w->e);
    assert_non_null(x);
    for (int i = 0; i < w->b.g.n; i++) {
        struct mnq_shape s = w->b.g.node[i].out;
        r.pre[i] = mnq_arena_array(&w->arena, (size_t)(s.h * s.w * s.c), sizeof(float));
        assert_non_null(r.pre[i]);
    }
    static const struct mnq_split split[] = {{0, 0}, {4, 3}, {4, 0}, {2, 1}};
    for (int k = 0; k < 4; k++) {
        int samples = mnq_fit_count(HELD, split[k]), last = -1;
        struct mnq_targets *t = mnq_targets_new(&w->l, &w->stats, samples, split[k], 1 + k % 3, &w->e);
        assert_non_null(t);
        for (int j = 0; j < samples; j++) {
            int s = mnq_fit_sample(j, split[k]);
            assert_true(s > last && s < HELD && !mnq_held_back(split[k], s)); /* none twice, none that judges */
            last = s;
            mnq_preprocess_apply(&w->p, w->stats.input + (size_t)s * w->stats.input_bytes, SIDE * SIDE, input);
            mnq_exec_run(x, input, keep, &r);
            check_sample(w, &r, t, j, samples);
        }
        for (int s = 0; s < HELD; s++) samples += mnq_held_back(split[k], s);
        assert_int_equal(samples, HELD);
        mnq_targets_free(t);
    }
    mnq_exec_free(x);
}

/* Asked for alone, a node heads a group of its own. */
static void groups_do_not_matter(void **state)
{
    struct world *w = *state;
    struct mnq_targets *all = mnq_targets_new(&w->l, &w->stats, HELD, (struct mnq_split){0}, 2, &w->e);
    assert_non_null(all);
    int compared = 0;
    for (int i = 0; i < w->b.g.n; i++) {
        if (!mnq_lower_is_pointwise(&w->b.g, i)) continue;
        struct mnq_targets *alone = mnq_targets_new(&w->l, &w->stats, HELD, (struct mnq_split){0}, 1, &w->e);
        size_t n = mnq_pixels_for(&w->b.g, i, HELD).per * HELD * (size_t)w->b.g.node[i].out.c;
        const float *a = mnq_targets_of(all, i, &w->e), *b = mnq_targets_of(alone, i, &w->e);
        assert_non_null(a);
        assert_non_null(b);
        assert_memory_equal(a, b, n * sizeof *a);
        mnq_targets_free(alone);
        compared++;
    }
    assert_int_equal(compared, 4);
    mnq_targets_free(all);
}

/* The pixels of a sample are different ones, and cover the picture. */
static void pixels_are_spread(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < w->b.g.n; i++) {
        if (!mnq_lower_is_pointwise(&w->b.g, i)) continue;
        struct mnq_pixels p = mnq_pixels_for(&w->b.g, i, HELD);
        assert_in_range(p.per, 1, p.pixels);
        assert_true(p.per == p.pixels || p.per * HELD >= 12 * (size_t)w->b.g.node[w->b.g.node[i].in[0]].out.c);
        for (int s = 0; s < HELD; s++)
            for (size_t k = 1; k < p.per; k++) {
                size_t step = (mnq_pixel(&p, s, k) + p.pixels - mnq_pixel(&p, s, k - 1)) % p.pixels;
                assert_in_range(step, 1, p.pixels / p.per + 1);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(are_pre_activations), cmocka_unit_test(groups_do_not_matter),
                                       cmocka_unit_test(pixels_are_spread)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
