/* SPDX-License-Identifier: Apache-2.0
 * Tuning under formats: integer networks come nearer to their float one, weights stay what their format holds, threads
 * change nothing, and what is not clearly better is the untuned model to the bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "calibrate.h"
#include "coloured_set.h"
#include "tune_formats.h"

enum { SIDE = 12, PICTURES = 40 };

static struct mnq_dataset *dataset;
static struct mnq_preprocess preprocess;

static int setup(void **state)
{
    struct mnq_err e = {0};
    (void)state;
    dataset = mnq_coloured_open(PICTURES, SIDE, 3);
    assert_int_equal(mnq_preprocess_named(&preprocess, "tf", 3, &e), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_coloured_close(dataset);
    return 0;
}

struct world {
    struct mnq_arena arena;
    struct builder b;
    struct mnq_calib_opts o;
    struct mnq_tune_formats tuned;
    struct mnq_qmodel q;
    struct mnq_calib_report r;
    uint8_t *bytes;
    size_t n;
    struct mnq_err e;
};

static struct world *world_new(enum mnq_weights weights, int bases)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    struct builder *b = &w->b;
    builder_init(b, &w->arena, 5);
    int x = conv(b, input(b, SIDE, SIDE, 3), 8, 3, 2, 1, true);
    node(b, x)->act = MNQ_ACT_RELU;
    for (int i = 0; i < 2; i++) {
        x = conv(b, x, 24, 1, 1, 0, true);
        node(b, x)->act = MNQ_ACT_RELU;
        x = dwconv(b, x, 1, 3, 1, 1, true);
        node(b, x)->act = MNQ_ACT_RELU;
    }
    softmax(b, dense(b, global_pool(b, x), 5, true));
    for (size_t k = 0; k < mnq_node_weights(&b->g, node(b, 4)); k += 5) node(b, 4)->w[k] = 0; /* the second 1x1 layer */
    mnq_calib_defaults(&w->o);
    w->o.weights = weights;
    w->o.bases = bases;
    w->o.small_layer = 150;
    w->o.shrink = false;
    w->o.threads = 2;
    mnq_tune_formats_defaults(&w->tuned.o);
    w->tuned.o.epochs = 25;
    w->tuned.o.rate = 1e-2;
    w->tuned.o.threads = 2;
    return w;
}

static void world_free(struct world *w)
{
    mnq_arena_free(&w->arena);
    free(w);
}

static void calibrate(struct world *w, bool learns)
{
    w->o.learn = learns ? mnq_tune_formats : NULL;
    w->o.learn_ctx = &w->tuned;
    if (mnq_calibrate(&w->b.g, dataset, &preprocess, &w->o, &w->q, &w->r, &w->arena, NULL, NULL, &w->e) != 0)
        fail_msg("%s", w->e.msg);
    w->q.tool = w->q.source_name = w->q.recipe = "x";
    if (mnq_qmodel_pack(&w->q, &w->bytes, &w->n, &w->e) != 0) fail_msg("%s", w->e.msg);
}

/* The second 1x1 layer. */
static const struct mnq_qlayer *layer_of(struct world *w)
{
    assert_int_equal(node(&w->b, 4)->kh, 1);
    for (int k = 0; k < w->q.n_layers; k++)
        if (w->q.layer[k].node == 4) return &w->q.layer[k];
    fail_msg("no such layer");
    return NULL;
}

static void students_come_nearer(void **state)
{
    (void)state;
    static const int bases[] = {1, 2, 0, 0};
    for (int k = 0; k < 4; k++) {
        const int few = k == 3 ? MNQ_WEIGHTS_TERNARY : MNQ_WEIGHTS_INT4, top = k == 3 ? 1 : 7;
        struct world *w = world_new(bases[k] > 0 ? MNQ_WEIGHTS_BINARY : few, bases[k] > 0 ? bases[k] : 1);
        calibrate(w, true);
        const struct mnq_tune_report *r = &w->tuned.r;
        print_message("%d bases: kl %g to %g, agreement %g to %g, %d layers\n", bases[k], r->before.kl, r->after.kl,
                      r->before.agreement, r->after.agreement, r->layers);
        if (bases[k] > 0 || k == 3) assert_true(r->kept && r->after.kl < 0.95 * r->before.kl);
        assert_int_equal(r->samples, PICTURES);
        assert_int_equal(r->held, PICTURES / 4);
        assert_int_equal(w->r.drop.pictures, r->kept ? PICTURES / 4 : PICTURES); /* those that learned do not judge */
        const struct mnq_qlayer *l = layer_of(w);
        assert_int_equal(l->wtype, bases[k] > 0 ? 5 : k == 3 ? 9 : 3); /* BINARY, TERNARY, S4 */
        for (size_t i = 0; i < l->w_count; i++) {
            const int o = (int)(i / 24), c = (int)(i % 24), v = mnq_qlayer_weight(l, i);
            if (bases[k] == 1) assert_true(v == 1 || v == -1);
            if (bases[k] == 0) assert_in_range(v + top, 0, 2 * top);
            if (bases[k] == 0 && node(&w->b, 4)->w[c * 24 + o] == 0) assert_int_equal(v, 0);
        }
        world_free(w);
    }
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct world *w[3];
    for (int t = 0; t < 3; t++) {
        w[t] = world_new(MNQ_WEIGHTS_BINARY, 2);
        w[t]->o.threads = w[t]->tuned.o.threads = 1 << t;
        w[t]->tuned.o.epochs = 12;
        calibrate(w[t], true);
        assert_int_equal(w[t]->n, w[0]->n);
        assert_memory_equal(w[t]->bytes, w[0]->bytes, w[0]->n);
    }
    for (int t = 0; t < 3; t++) world_free(w[t]);
}

static void no_gain_no_change(void **state)
{
    (void)state;
    struct world *a = world_new(MNQ_WEIGHTS_BINARY, 2), *b = world_new(MNQ_WEIGHTS_BINARY, 2);
    a->tuned.o.epochs = 1;
    a->tuned.o.rate = 1e-9;
    calibrate(a, true);
    calibrate(b, false);
    assert_false(a->tuned.r.kept);
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->bytes, b->bytes, b->n);
    world_free(a);
    world_free(b);
}

static void nothing_of_few_bits(void **state)
{
    (void)state;
    struct world *w = world_new(MNQ_WEIGHTS_INT8, 1);
    calibrate(w, true);
    assert_int_equal(w->tuned.r.layers, 0);
    assert_false(w->tuned.r.kept);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(students_come_nearer), cmocka_unit_test(threads_change_nothing),
                                       cmocka_unit_test(no_gain_no_change), cmocka_unit_test(nothing_of_few_bits)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
