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
#include "recipe_read.h"
#include "tune_formats.h"

#include <string.h>

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
        const struct mnq_tune_report *r = w->r.tuned;
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
    assert_false(a->r.tuned->kept);
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
    assert_int_equal(w->r.tuned->layers, 0);
    assert_false(w->r.tuned->kept);
    world_free(w);
}

/* ---- formats chosen with tuning in mind ---- */

static struct world *world_auto(double max_drop, int64_t flash, int threads)
{
    struct world *w = world_new(MNQ_WEIGHTS_AUTO, 1);
    w->o.max_drop = max_drop;
    w->o.flash = flash;
    w->o.threads = w->tuned.o.threads = threads;
    w->tuned.o.epochs = 12;
    return w;
}

static const struct mnq_calib_point *chosen_of(const struct world *w)
{
    const struct mnq_calib_point *chosen = NULL;
    for (int i = 0; i < w->r.n_points; i++) {
        if (!w->r.point[i].chosen) continue;
        assert_null(chosen);
        chosen = &w->r.point[i];
    }
    assert_non_null(chosen);
    return chosen;
}

/* What is told is what the pictures said of the chosen point, and nothing smaller kept the promise. */
static void check_points(const struct world *w)
{
    const struct mnq_calib_point *c = chosen_of(w);
    int tuned = 0;
    for (int i = 0; i < w->r.n_points; i++) {
        const struct mnq_calib_point *p = &w->r.point[i];
        assert_true(p->drop.pictures > 0 && p->drop.pictures <= PICTURES);
        assert_true(p->drop.low <= p->drop.points && p->drop.points <= p->drop.high);
        assert_true(!p->tuned || !p->complete || p->drop.pictures == PICTURES);
        if (p->promised) assert_true(p->complete && p->drop.upper <= w->r.asked_drop && p->bytes >= c->bytes);
        tuned += p->tuned;
    }
    assert_true(tuned > 0 && tuned <= 4); /* three finalists and the choice itself */
    assert_true(w->r.promised == c->promised && c->complete);
    assert_true((w->r.tuned != NULL && w->r.tuned->kept) == c->tuned);
    assert_int_equal(w->r.drop.pictures, PICTURES);
    assert_true(w->r.drop.points == c->drop.points + w->r.optimism);
    assert_true(!w->r.promised || w->r.drop.upper <= w->r.asked_drop);
}

/* Fewer bytes than without tuning, or as many; the same for any number of threads, and from a recipe of the formats. */
static void learning_saves_bytes(void **state)
{
    (void)state;
    static const double drop[] = {1.25, 25};
    bool smaller = false;
    for (int i = 0; i < 2; i++) {
        struct world *w = world_auto(drop[i], 0, 2), *plain = world_auto(drop[i], 0, 2), *one = world_auto(drop[i], 0, 1);
        struct world *again = world_auto(0, 0, 2);
        struct mnq_recipe r;
        calibrate(w, true);
        calibrate(plain, false);
        calibrate(one, true);
        check_points(w);
        print_message("max-drop %g: %zu bytes, %zu untuned, expected %g\n", drop[i], w->n, plain->n, w->r.drop.points);
        assert_true(!plain->r.promised || w->r.promised);
        assert_true(w->n <= plain->n);
        smaller = smaller || w->n < plain->n;
        assert_int_equal(w->n, one->n);
        assert_memory_equal(w->bytes, one->bytes, w->n);
        mnq_recipe_defaults(&r);
        assert_int_equal(mnq_recipe_assign(&r, &w->r, &w->arena), 0);
        const char *text = mnq_recipe_text(&r, &w->arena);
        struct mnq_layer_choice *choice = mnq_arena_array(&again->arena, (size_t)again->b.g.n, sizeof *choice);
        mnq_recipe_defaults(&r);
        assert_int_equal(mnq_recipe_parse("r.yaml", text, strlen(text), &r, &again->arena, &again->e), 0);
        assert_int_equal(mnq_rules_resolve(r.rule, r.n_rules, &again->b.g, choice, &again->e), 0);
        again->o.weights = MNQ_WEIGHTS_INT8;
        again->o.choice = choice;
        calibrate(again, chosen_of(w)->tuned);
        assert_int_equal(w->n, again->n);
        assert_memory_equal(w->bytes, again->bytes, w->n);
        world_free(w);
        world_free(plain);
        world_free(one);
        world_free(again);
    }
    assert_true(smaller);
}

/* By size alone the last quarter judges; with a promise too all pictures do. */
static void learning_within_a_size(void **state)
{
    (void)state;
    struct world *plain = world_auto(25, 0, 2);
    calibrate(plain, false);
    const int64_t flash = (int64_t)plain->n;
    for (int i = 0; i < 2; i++) {
        struct world *w = world_auto(i == 0 ? 0 : 90, flash, 2);
        calibrate(w, true);
        const struct mnq_calib_point *c = chosen_of(w);
        assert_true((int64_t)w->n <= flash);
        assert_true((w->r.tuned != NULL && w->r.tuned->kept) == c->tuned);
        if (c->tuned) assert_int_equal(w->r.drop.pictures, i == 0 ? PICTURES / 4 : PICTURES);
        assert_true(i == 0 ? w->r.asked_drop == 0 : w->r.asked_drop == 90);
        world_free(w);
    }
    world_free(plain);
}

/* When the time is up, nothing is promised of what was not judged. */
static void no_time_no_promise(void **state)
{
    (void)state;
    struct world *w = world_auto(25, 0, 2), *plain = world_auto(25, 0, 2);
    w->tuned.o.time_limit = 1e-6;
    calibrate(w, true);
    calibrate(plain, false);
    assert_true(w->r.promised == plain->r.promised);
    assert_false(chosen_of(w)->tuned);
    assert_int_equal(w->n, plain->n);
    assert_memory_equal(w->bytes, plain->bytes, w->n);
    world_free(w);
    world_free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(students_come_nearer),  cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(no_gain_no_change),     cmocka_unit_test(nothing_of_few_bits),
        cmocka_unit_test(learning_saves_bytes),  cmocka_unit_test(learning_within_a_size),
        cmocka_unit_test(no_time_no_promise)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
