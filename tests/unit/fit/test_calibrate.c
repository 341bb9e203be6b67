/* SPDX-License-Identifier: Apache-2.0
 * Whole calibrations of small random networks: steps are kept only where they help, zeros stay, any thread count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "coloured_set.h"
#include "calibrate.h"
#include "kernels.h"
#include "pack/weights.h"
#include "recipe_read.h"

#ifdef __SANITIZE_ADDRESS__ /* the same code in a third of the time */
enum { SIDE = 12, PICTURES = 24 };
#else
enum { SIDE = 12, PICTURES = 48 };
#endif

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

/* One calibration of a network that depends on the seed alone. */
struct world {
    struct mnq_arena arena;
    struct builder b;
    struct mnq_calib_opts o;
    struct mnq_layer_choice *choice;
    struct mnq_qmodel q;
    struct mnq_calib_report r;
    struct mnq_err e;
    uint8_t *bytes;
    size_t n;
};

static struct world *world_new(unsigned seed)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    struct builder *b = &w->b;
    builder_init(b, &w->arena, seed);
    int x = conv(b, input(b, SIDE, SIDE, 3), 8, 3, 2, 1, true);
    node(b, x)->act = MNQ_ACT_RELU;
    for (int i = 0; i < 3; i++) {
        x = dwconv(b, x, 1, 3, 1, 1, true);
        node(b, x)->act = MNQ_ACT_RELU;
        x = conv(b, x, 32, 1, 1, 0, true);
        node(b, x)->act = i < 2 ? MNQ_ACT_RELU : MNQ_ACT_NONE;
    }
    softmax(b, dense(b, global_pool(b, x), 5, true));
    mnq_calib_defaults(&w->o);
    w->o.threads = 2;
    w->o.small_layer = 200;
    return w;
}

static void world_free(struct world *w)
{
    mnq_arena_free(&w->arena);
    free(w);
}

static void calibrate(struct world *w)
{
    w->o.choice = w->choice;
    if (mnq_calibrate(&w->b.g, dataset, &preprocess, &w->o, &w->q, &w->r, &w->arena, NULL, NULL, &w->e) != 0)
        fail_msg("%s", w->e.msg);
    w->q.tool = w->q.source_name = w->q.recipe = "x";
    if (mnq_qmodel_pack(&w->q, &w->bytes, &w->n, &w->e) != 0) fail_msg("%s", w->e.msg);
}

static void rules(struct world *w, const char *text)
{
    struct mnq_recipe r;
    mnq_recipe_defaults(&r);
    if (mnq_recipe_parse("r.yaml", text, strlen(text), &r, &w->arena, &w->e) != 0) fail_msg("%s", w->e.msg);
    w->choice = mnq_arena_array(&w->arena, (size_t)w->b.g.n, sizeof *w->choice);
    if (mnq_rules_resolve(r.rule, r.n_rules, &w->b.g, w->choice, &w->e) != 0) fail_msg("%s", w->e.msg);
}

static void same_bytes(const struct world *a, const struct world *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->bytes, b->bytes, a->n);
}

/* ---- steps ---- */

static const struct mnq_calib_pass *pass_named(const struct world *w, const char *name)
{
    for (int i = 0; i < w->r.n_passes; i++)
        if (strcmp(w->r.pass[i].name, name) == 0) return &w->r.pass[i];
    fail_msg("no pass '%s'", name);
    return NULL;
}

static bool few_bits(const struct world *w)
{
    for (int k = 0; k < w->r.n_layers; k++)
        if (w->r.layer[k].bits > 0 && w->r.layer[k].bits < 8) return true;
    return false;
}

/* Kept only if the error on held-back samples did not rise, the re-fit of 8 bits if it fell by a tenth; a step starts from
 * what the last one kept left. */
static void check_passes(const struct world *w)
{
    bool reduced = false; /* the formats that the model ends up with are in force */
    for (int i = 0; i < w->r.n_passes; i++) {
        const struct mnq_calib_pass *p = &w->r.pass[i];
        bool refit = strcmp(p->name, "re-fit to the float layers") == 0;
        bool tried = strcmp(p->name, "second-order rounding") == 0 || strcmp(p->name, "bias correction") == 0;
        reduced = reduced || strcmp(p->name, "formats chosen by measurement") == 0 ||
                  strcmp(p->name, "fewer bits where asked for") == 0;
        if (tried || refit)
            assert_int_equal(p->kept, p->after <= (refit && !(reduced && few_bits(w)) ? 0.9 : 1) * p->before);
        else assert_true(p->kept);
        if (i > 0 && strcmp(w->r.pass[i - 1].name, "formats chosen by measurement") != 0) /* which start over */
            assert_true(p->before == (w->r.pass[i - 1].kept ? w->r.pass[i - 1].after : w->r.pass[i - 1].before));
    }
}

/* A step that raises the error is undone whole: the file is that of a run without it. */
static void harmful_steps_are_dropped(void **state)
{
    (void)state;
    int dropped[2] = {0}, kept[2] = {0};
    for (unsigned seed = 1; seed <= 12; seed++) {
        struct world *w = world_new(seed), *without = world_new(seed);
        w->o.samples = seed % 2 ? 0 : 8; /* few samples: much is fitted to little */
        w->o.wide_activations = seed % 3 ? MNQ_WIDE_AUTO : MNQ_WIDE_NONE;
        without->o = w->o;
        calibrate(w);
        check_passes(w);
        bool refit = seed % 4 < 2;
        const struct mnq_calib_pass *p = pass_named(w, refit ? "re-fit to the float layers" : "second-order rounding");
        if (refit) without->o.refit = false;
        else without->o.rounding = MNQ_ROUND_NEAREST;
        if (p->kept) kept[refit]++;
        else dropped[refit]++;
        if (refit && !p->kept) {
            calibrate(without);
            same_bytes(w, without);
        }
        world_free(w);
        world_free(without);
    }
    assert_true(dropped[1] > 0 && kept[1] > 0 && kept[0] > 0);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    static const struct {
        enum mnq_weights weights;
        int bases;
    } how[] = {{MNQ_WEIGHTS_INT8, 1}, {MNQ_WEIGHTS_INT4, 1}, {MNQ_WEIGHTS_TERNARY, 1}, {MNQ_WEIGHTS_BINARY, 3}, {MNQ_WEIGHTS_AUTO, 1}};
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        struct world *w[3];
        for (int t = 0; t < 3; t++) {
            w[t] = world_new(5);
            w[t]->o.threads = t + 1;
            w[t]->o.weights = how[i].weights;
            w[t]->o.bases = how[i].bases;
            w[t]->o.max_drop = how[i].weights == MNQ_WEIGHTS_AUTO ? 20 : 0;
            calibrate(w[t]);
            if (t > 0) same_bytes(w[0], w[t]);
        }
        for (int t = 0; t < 3; t++) world_free(w[t]);
    }
}

/* ---- zeros ---- */

/* Every weight of the integer model that is zero in the float one; returns how many there are. */
static int count_zeros(const struct world *w)
{
    int zeros = 0;
    for (int k = 0; k < w->q.n_layers; k++) {
        const struct mnq_qlayer *l = &w->q.layer[k];
        const struct mnq_node *nd = &w->b.g.node[l->node];
        if (l->op != MNQ_L_PW) continue;
        int cin = w->b.g.node[nd->in[0]].out.c;
        for (int o = 0; o < nd->out.c; o++)
            for (int c = 0; c < cin; c++) {
                if (nd->w[c * nd->out.c + o] != 0) continue;
                int q = mnq_qlayer_weight(l, (size_t)(o * cin + c));
                if (q != 0) fail_msg("%s: a zero became %d", l->name, q);
                zeros++;
            }
    }
    return zeros;
}

static void zeros_stay_and_are_left_out(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        int percent = i % 2 ? 60 : 3;
        struct world *w = world_new(3);
        w->o.weights = i / 2 % 2 ? MNQ_WEIGHTS_INT4 : MNQ_WEIGHTS_INT8;
        w->o.wide = i / 4 == 1 ? MNQ_WIDE_ALL : MNQ_WIDE_NONE;
        w->o.rounding = i / 4 == 2 ? MNQ_ROUND_NEAREST : MNQ_ROUND_SECOND_ORDER;
        w->o.shrink = false; /* so that channels stay where they are */
        int made = 0;
        for (int k = 0; k < w->b.g.n; k++) {
            struct mnq_node *nd = node(&w->b, k);
            bool pruned = nd->op == MNQ_OP_DENSE || (nd->op == MNQ_OP_CONV && nd->kh == 1);
            for (int j = 0; pruned && j < w->b.g.node[nd->in[0]].out.c * nd->out.c; j++)
                if (random_int(&w->b.seed, 0, 99) < percent) {
                    nd->w[j] = 0;
                    made++;
                }
        }
        calibrate(w);
        assert_int_equal(count_zeros(w), made);
        for (int k = 0; k < w->q.n_layers; k++) {
            const struct mnq_qlayer *l = &w->q.layer[k];
            const struct mnq_node *nd = &w->b.g.node[l->node];
            if (l->op != MNQ_L_PW || nd->op == MNQ_OP_DENSE) continue;
            int cin = w->q.tensor[l->in0].shape.c;
            struct mnq_qlayer dense = *l;
            bool four = w->o.weights == MNQ_WEIGHTS_INT4 && l->w_count >= (size_t)w->o.small_layer;
            dense.wtype = four ? MNQ_W_S4 : MNQ_W_S8;
            if (l->block > 0)
                assert_true(l->wtype == (four ? MNQ_W_SPARSE4 : MNQ_W_SPARSE) &&
                            mnq_qlayer_weight_bytes(l, cin, nd->out.c) < mnq_qlayer_weight_bytes(&dense, cin, nd->out.c));
            else if (w->o.wide == MNQ_WIDE_NONE && percent == 60) fail_msg("case %d: %s is dense", i, l->name);
        }
        world_free(w);
    }
}

/* The same weights and outputs, only stored otherwise. */
static void storage_can_be_told(void **state)
{
    (void)state;
    struct world *w[2];
    for (int dense = 0; dense < 2; dense++) {
        w[dense] = world_new(9);
        w[dense]->o.storage = dense ? MNQ_STORAGE_DENSE : MNQ_STORAGE_BYTES;
        w[dense]->o.wide = MNQ_WIDE_NONE;
        for (int k = 0; k < w[dense]->b.g.n; k++) {
            struct mnq_node *nd = node(&w[dense]->b, k);
            for (int j = 0; nd->op == MNQ_OP_CONV && nd->kh == 1 && j < w[dense]->b.g.node[nd->in[0]].out.c * nd->out.c; j++)
                if (random_int(&w[dense]->b.seed, 0, 3) != 0) nd->w[j] = 0;
        }
        calibrate(w[dense]);
    }
    assert_true(w[0]->n < w[1]->n);
    int sparse = 0;
    for (int k = 0; k < w[0]->q.n_layers; k++) {
        const struct mnq_qlayer *a = &w[0]->q.layer[k], *b = &w[1]->q.layer[k];
        sparse += a->wtype == MNQ_W_SPARSE;
        assert_true(b->wtype != MNQ_W_SPARSE);
        assert_int_equal(a->w_count, b->w_count);
        for (size_t i = 0; i < a->w_count; i++) assert_int_equal(mnq_qlayer_weight(a, i), mnq_qlayer_weight(b, i));
    }
    assert_int_equal(sparse, 3);
    for (int dense = 0; dense < 2; dense++) world_free(w[dense]);
}

/* ---- formats ---- */

struct told {
    const char *name, *format;
};

static void check_formats(const struct world *w, const struct told *want, int n)
{
    int seen = 0;
    for (int k = 0; k < w->q.n_layers; k++)
        for (int i = 0; i < n; i++) {
            char format[MNQ_FORMAT_TEXT];
            if (strcmp(w->q.layer[k].name, want[i].name) != 0) continue;
            assert_string_equal(mnq_weights_format(&w->q.layer[k], format), want[i].format);
            seen++;
        }
    assert_int_equal(seen, n);
}

static void formats_are_as_told(void **state)
{
    (void)state;
    static const struct told by_rule[] = {{"conv_1", "int8"},   {"dwconv_2", "int8"},    {"conv_3", "int4"},
                                          {"dwconv_4", "int8"}, {"conv_5", "binary x2"}, {"dwconv_6", "int8"},
                                          {"conv_7", "xnor"},   {"dense_9", "int16"}};
    static const struct told by_field[] = {
        {"conv_1", "int8"}, {"conv_3", "binary x2"}, {"conv_5", "xnor"}, {"conv_7", "binary x3"}, {"dense_9", "int8"}};
    struct world *w = world_new(4);
    rules(w, "layers:\n  - {match: conv_3, weights: int4}\n  - {match: conv_5, weights: binary, bases: 2}\n"
             "  - {match: conv_7, weights: binary, inputs: 1}\n  - {kind: dense, weights: int16}\n"
             "  - {kind: depthwise, weights: int8}\n");
    w->o.wide = MNQ_WIDE_NONE;
    calibrate(w);
    check_formats(w, by_rule, sizeof by_rule / sizeof *by_rule);
    world_free(w);

    /* Rules that change one field of what the whole model has. */
    w = world_new(4);
    rules(w, "layers:\n  - {match: conv_3, bases: 2}\n  - {match: conv_5, inputs: 1}\n  - {kind: dense, observer: kl}\n");
    w->o.wide = MNQ_WIDE_NONE;
    w->o.weights = MNQ_WEIGHTS_BINARY;
    w->o.bases = 3;
    calibrate(w);
    check_formats(w, by_field, sizeof by_field / sizeof *by_field); /* the dense layer is small */
    world_free(w);
}

/* A larger drop allowed never gives a larger file, and the recipe that names the choice gives the same one. */
static void budgets_and_their_recipe(void **state)
{
    (void)state;
    static const double drop[] = {0.3, 2, 60};
    size_t last = 0;
    for (int i = 0; i < 3; i++) {
        struct world *w = world_new(6), *again = world_new(6);
        struct mnq_recipe r;
        w->o.weights = MNQ_WEIGHTS_AUTO;
        w->o.max_drop = drop[i];
        calibrate(w);
        check_passes(w);
        assert_true(w->r.asked_drop == drop[i]);
        assert_true(w->r.promised || w->r.pictures_wanted != 0);
        assert_true(w->r.drop.low <= w->r.drop.points && w->r.drop.points <= w->r.drop.high);
        assert_int_equal(w->r.drop.pictures, PICTURES);
        assert_true(i == 0 || w->n <= last);
        last = w->n;
        mnq_recipe_defaults(&r);
        assert_int_equal(mnq_recipe_assign(&r, &w->r, &w->arena), 0);
        rules(again, mnq_recipe_text(&r, &again->arena));
        calibrate(again);
        same_bytes(w, again);
        world_free(w);
        world_free(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harmful_steps_are_dropped),   cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(zeros_stay_and_are_left_out), cmocka_unit_test(storage_can_be_told),
        cmocka_unit_test(formats_are_as_told),         cmocka_unit_test(budgets_and_their_recipe)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
