/* SPDX-License-Identifier: Apache-2.0
 * Rules against a graph: what they mean, later ones win, every request that a layer cannot meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "recipe_read.h"
#include "rules.h"

#include <math.h>

/* A graph with every kind that rules meet in practice; names as in V2 and V3. */
enum {
    INPUT,
    CONV1,
    DW1,
    PROJECT1,
    EXPAND2,
    DW2,
    PROJECT2,
    ADD2,
    STRIDED,
    POOL,
    GATE,
    MUL,
    HEAD_POOL,
    HEAD,
    SOFTMAX,
    NODES
};
static const char *const names[NODES] = {"input_1",
                                         "Conv1",
                                         "block_1_depthwise",
                                         "block_1_project",
                                         "block_2_expand",
                                         "block_2_depthwise",
                                         "block_2_project",
                                         "block_2_add",
                                         "shortcut*",
                                         "se/AvgPool",
                                         "se/Conv",
                                         "se/Mul",
                                         "pool",
                                         "predictions",
                                         "softmax"};

struct world {
    struct mnq_arena arena;
    struct builder b;
    struct mnq_layer_choice choice[NODES];
    struct mnq_err e;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    struct builder *b = &w->b;
    builder_init(b, &w->arena, 1);
    int x = conv(b, input(b, 8, 8, 3), 8, 3, 1, 1, true);
    int shortcut = conv(b, dwconv(b, x, 1, 3, 1, 1, true), 4, 1, 1, 0, true);
    x = dwconv(b, conv(b, shortcut, 8, 1, 1, 0, true), 1, 3, 1, 1, true);
    x = conv(b, add(b, conv(b, x, 4, 1, 1, 0, true), shortcut), 8, 1, 2, 0, false); /* 1x1 of stride 2: no pointwise layer */
    x = mul(b, x, conv(b, global_pool(b, x), 8, 1, 1, 0, true));
    softmax(b, dense(b, global_pool(b, x), 3, true));
    assert_int_equal(b->g.n, NODES);
    for (int i = 0; i < NODES; i++) b->g.node[i].name = names[i];
    assert_int_equal(mnq_graph_check(&b->g, &w->e), 0);
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

static int resolve(struct world *w, const char *rules)
{
    struct mnq_recipe r;
    char text[2000];
    snprintf(text, sizeof text, "layers:\n%s", rules);
    memset(&w->e, 0, sizeof w->e);
    memset(w->choice, 0x55, sizeof w->choice);
    mnq_recipe_defaults(&r);
    if (mnq_recipe_parse("r.yaml", text, strlen(text), &r, &w->arena, &w->e) != 0) fail_msg("%s\n%s", w->e.msg, text);
    return mnq_rules_resolve(r.rule, r.n_rules, &w->b.g, w->choice, &w->e);
}

static void works(struct world *w, const char *rules)
{
    if (resolve(w, rules) != 0) fail_msg("%s\n%s", w->e.msg, rules);
}

static void fails(struct world *w, const char *rules, const char *message)
{
    assert_int_equal(resolve(w, rules), -1);
    assert_int_equal(w->e.code, MNQ_EXIT_USAGE);
    assert_string_equal(w->e.msg, message);
}

static void kinds(void **state)
{
    struct world *w = *state;
    static const enum mnq_kind want[NODES] = {MNQ_KIND_INPUT,     MNQ_KIND_CONV,      MNQ_KIND_DEPTHWISE, MNQ_KIND_POINTWISE,
                                              MNQ_KIND_POINTWISE, MNQ_KIND_DEPTHWISE, MNQ_KIND_POINTWISE, MNQ_KIND_ADD,
                                              MNQ_KIND_CONV,      MNQ_KIND_POOL,      MNQ_KIND_POINTWISE, MNQ_KIND_MUL,
                                              MNQ_KIND_POOL,      MNQ_KIND_DENSE,     MNQ_KIND_SOFTMAX};
    for (int i = 0; i < NODES; i++) assert_int_equal(mnq_node_kind(&w->b.g, i), want[i]);
    for (int k = 0; k < MNQ_KIND_COUNT; k++) {
        assert_non_null(mnq_kind_words[k]);
        assert_int_equal(mnq_kind_compresses((enum mnq_kind)k), k == MNQ_KIND_POINTWISE || k == MNQ_KIND_DENSE);
    }
    assert_null(mnq_kind_words[MNQ_KIND_COUNT]);
}

static void unset(void **state)
{
    struct world *w = *state;
    struct mnq_recipe r;
    mnq_recipe_defaults(&r);
    assert_int_equal(mnq_rules_resolve(r.rule, r.n_rules, &w->b.g, w->choice, &w->e), 0);
    for (int i = 0; i < NODES; i++) {
        const struct mnq_layer_choice *c = &w->choice[i];
        assert_int_equal(c->weights, -1);
        assert_int_equal(c->bases, 0);
        assert_int_equal(c->inputs, 0);
        assert_true(c->ratio < 0);
        assert_int_equal(c->pattern.m, -1);
        assert_int_equal(c->observer, -1);
    }
}

/* Bits of the nodes with the weights asked for. */
static unsigned who(const struct world *w, int weights)
{
    unsigned set = 0;
    for (int i = 0; i < NODES; i++)
        if (w->choice[i].weights == weights) set |= 1u << i;
    return set;
}

static void matching(void **state)
{
    struct world *w = *state;
    works(w, "  - {match: \"block_*_project\", weights: int4}\n");
    assert_int_equal(who(w, MNQ_WEIGHTS_INT4), 1u << PROJECT1 | 1u << PROJECT2);
    works(w, "  - {match: \"block_[2-9]_*\", kind: pointwise, weights: int4}\n");
    assert_int_equal(who(w, MNQ_WEIGHTS_INT4), 1u << EXPAND2 | 1u << PROJECT2);
    works(w, "  - {match: \"block_[!1]_projec?\", weights: binary}\n");
    assert_int_equal(who(w, MNQ_WEIGHTS_BINARY), 1u << PROJECT2);
    works(w, "  - {match: [predictions, \"s*Conv\"], weights: int4}\n"); /* * matches / */
    assert_int_equal(who(w, MNQ_WEIGHTS_INT4), 1u << HEAD | 1u << GATE);
    works(w, "  - {kind: [dense, depthwise], weights: int16}\n");
    assert_int_equal(who(w, MNQ_WEIGHTS_INT16), 1u << HEAD | 1u << DW1 | 1u << DW2);
    works(w, "  - {match: \"shortcut*\", weights: int8}\n"); /* a name that looks like a glob */
    assert_int_equal(who(w, MNQ_WEIGHTS_INT8), 1u << STRIDED);
    works(w, "  - {match: \"block_2_*\", weights: int8}\n"); /* the addition has no weights and is passed over */
    assert_int_equal(who(w, MNQ_WEIGHTS_INT8), 1u << EXPAND2 | 1u << DW2 | 1u << PROJECT2);
    works(w, "  - {match: \"*\", observer: kl, ratio: 0}\n");
    for (int i = 0; i < NODES; i++) {
        bool weights = (1u << i & (1u << CONV1 | 1u << DW1 | 1u << PROJECT1 | 1u << EXPAND2 | 1u << DW2 | 1u << PROJECT2 |
                                   1u << STRIDED | 1u << GATE | 1u << HEAD)) != 0;
        assert_int_equal(w->choice[i].observer, MNQ_OBS_KL);
        assert_true(weights ? fpclassify(w->choice[i].ratio) == FP_ZERO : w->choice[i].ratio < 0);
    }
}

/* Later rules win field by field. */
static void order(void **state)
{
    struct world *w = *state;
    works(w, "  - {kind: [pointwise, dense], weights: binary, bases: 3, ratio: 0.25, pattern: block4}\n"
             "  - {match: \"block_2_*\", observer: mse}\n"
             "  - {match: [block_2_expand, block_2_project], bases: 2, pattern: 2:4}\n"
             "  - {match: block_2_expand, weights: int4, ratio: 0, pattern: none, observer: minmax}\n");
    const struct mnq_layer_choice *c = &w->choice[EXPAND2];
    assert_int_equal(c->weights, MNQ_WEIGHTS_INT4);
    assert_true(fpclassify(c->ratio) == FP_ZERO);
    assert_int_equal(c->pattern.kind, MNQ_PATTERN_NONE);
    assert_int_equal(c->pattern.m, 0);
    assert_int_equal(c->observer, MNQ_OBS_MINMAX);
    c = &w->choice[PROJECT2];
    assert_int_equal(c->weights, MNQ_WEIGHTS_BINARY);
    assert_int_equal(c->bases, 2);
    assert_int_equal(c->inputs, 0);
    assert_true(fabs(c->ratio - 0.25) <= 0);
    assert_int_equal(c->pattern.kind, MNQ_PATTERN_N_M);
    assert_int_equal(c->pattern.n, 2);
    assert_int_equal(c->pattern.m, 4);
    assert_int_equal(c->observer, MNQ_OBS_MSE);
    c = &w->choice[HEAD];
    assert_int_equal(c->bases, 3);
    assert_int_equal(c->pattern.kind, MNQ_PATTERN_BLOCK);
    assert_int_equal(c->pattern.m, 4);
    assert_int_equal(c->observer, -1);
    assert_int_equal(w->choice[ADD2].observer, MNQ_OBS_MSE);
    /* Binarized inputs go with one base, which is what they get. */
    works(w, "  - {match: predictions, weights: binary, inputs: 1}\n");
    assert_int_equal(w->choice[HEAD].bases, 1);
    assert_int_equal(w->choice[HEAD].inputs, 1);
    works(w, "  - {kind: dense, bases: 3}\n  - {match: predictions, inputs: 1, bases: 1}\n");
    assert_int_equal(w->choice[HEAD].bases, 1);
}

static void unknown_names(void **state)
{
    struct world *w = *state;
    fails(w, "  - match: blok_2_expand\n    weights: int4\n",
          "r.yaml:2:12: layers.match: no layer matches 'blok_2_expand'; the nearest: block_2_expand, block_2_add, "
          "block_2_project");
    fails(w, "  - match: [predictions, \"*/conv\"]\n    weights: int4\n",
          "r.yaml:2:26: layers.match: no layer matches '*/conv'; the nearest: se/Conv, Conv1, predictions");
    fails(w, "  - match: block_3_depthwise\n    kind: depthwise\n    observer: kl\n",
          "r.yaml:2:12: layers.match: no layer matches 'block_3_depthwise'; the nearest: block_1_depthwise, "
          "block_2_depthwise");
    fails(
        w, "  - match: block_2_depthwise\n    kind: [pointwise, dense]\n    observer: kl\n",
        "r.yaml:2:12: layers.match: 'block_2_depthwise' matches block_2_depthwise, which is depthwise, but no layer of kind "
        "pointwise or dense");
    fails(w, "  - kind: pad\n    observer: kl\n",
          "r.yaml:2:11: layers.kind: no layer is pad; the model has conv, depthwise, pointwise, dense, add, mul, pool, "
          "softmax, "
          "input");
    fails(w, "  - match: block_2_add\n    weights: int8\n", "r.yaml:2:12: layers.match: layer block_2_add has no weights");
    fails(w, "  - match: \"*_add\"\n    ratio: 0\n", "r.yaml:2:12: layers.match: no layer it means has weights");
    fails(w, "  - kind: [add, mul]\n    ratio: 0\n", "r.yaml:2:11: layers.kind: no layer it means has weights");
}

static void formats(void **state)
{
    struct world *w = *state;
    fails(w, "  - match: \"*\"\n    weights: int4\n",
          "r.yaml:3:14: layers.weights: layer Conv1: int4 weights exist for 1x1 and dense layers, this one is conv 3x3, "
          "stride 1");
    fails(
        w, "  - match: shortcut*\n    weights: binary\n",
        "r.yaml:3:14: layers.weights: layer shortcut*: binary weights exist for 1x1 and dense layers, this one is conv 1x1, "
        "stride 2");
    fails(w, "  - kind: depthwise\n    bases: 2\n",
          "r.yaml:3:12: layers.bases: layer block_1_depthwise: binary weights exist for 1x1 and dense layers, this one is "
          "depthwise 3x3, stride 1");
    fails(w, "  - kind: depthwise\n    inputs: 8\n",
          "r.yaml:3:13: layers.inputs: layer block_1_depthwise: binary weights exist for 1x1 and dense layers, this one is "
          "depthwise 3x3, stride 1");
    fails(w, "  - match: Conv1\n    ratio: 0.5\n",
          "r.yaml:3:12: layers.ratio: layer Conv1: 1x1 and dense layers are pruned, this one is conv 3x3, stride 1");
    fails(w, "  - match: Conv1\n    pattern: block8\n",
          "r.yaml:3:14: layers.pattern: layer Conv1: 1x1 and dense layers are pruned, this one is conv 3x3, stride 1");
    fails(w, "  - {kind: dense, bases: 3}\n  - match: predictions\n    inputs: 1\n",
          "r.yaml:4:13: layers.inputs: layer predictions: binarized inputs (inputs: 1) go with one base, got 3");
    fails(w, "  - {kind: dense, inputs: 1}\n  - match: predictions\n    bases: 2\n",
          "r.yaml:4:12: layers.bases: layer predictions: binarized inputs (inputs: 1) go with one base, got 2");
}

/* A 1x1 layer on the picture itself, with and without a scaling between. */
static void first_layer(void **state)
{
    (void)state;
    for (int scaled = 0; scaled < 2; scaled++) {
        struct mnq_arena arena = {0};
        struct mnq_err e = {0};
        struct builder b;
        struct mnq_recipe r;
        struct mnq_layer_choice choice[5];
        static const char text[] = "layers:\n  - {match: first, weights: int16}\n  - {kind: pointwise, weights: int4}\n";
        builder_init(&b, &arena, 1);
        int x = input(&b, 4, 4, 3);
        if (scaled) x = affine(&b, x, 0.5f, -1);
        x = conv(&b, x, 8, 1, 1, 0, true);
        b.g.node[x].name = "first";
        conv(&b, x, 8, 1, 1, 0, true);
        mnq_recipe_defaults(&r);
        assert_int_equal(mnq_recipe_parse("r.yaml", text, sizeof text - 1, &r, &arena, &e), 0);
        assert_int_equal(mnq_rules_resolve(r.rule, r.n_rules, &b.g, choice, &e), -1);
        assert_int_equal(e.code, MNQ_EXIT_USAGE);
        assert_string_equal(e.msg,
                            "r.yaml:3:32: layers.weights: layer first: reads the picture itself, its weights have 8 or "
                            "16 bits");
        r.n_rules = 1;
        assert_int_equal(mnq_rules_resolve(r.rule, r.n_rules, &b.g, choice, &e), 0);
        assert_int_equal(choice[x].weights, MNQ_WEIGHTS_INT16);
        mnq_arena_free(&arena);
    }
}

/* Rules that no file holds. */
static void in_memory(void **state)
{
    struct world *w = *state;
    struct mnq_recipe r;
    struct mnq_rule rule[2];
    const char *name[] = {"block_2_expand", "Conv1"};
    mnq_recipe_defaults(&r);
    for (int i = 0; i < 2; i++) {
        mnq_rule_init(&rule[i]);
        rule[i].match = &name[i];
        rule[i].n_match = 1;
        rule[i].set.weights = MNQ_WEIGHTS_BINARY;
    }
    r.rule = rule;
    r.n_rules = 1;
    assert_int_equal(mnq_rules_resolve(r.rule, r.n_rules, &w->b.g, w->choice, &w->e), 0);
    assert_int_equal(who(w, MNQ_WEIGHTS_BINARY), 1u << EXPAND2);
    r.n_rules = 2;
    assert_int_equal(mnq_rules_resolve(r.rule, r.n_rules, &w->b.g, w->choice, &w->e), -1);
    assert_string_equal(w->e.msg,
                        "layers: rule 2: weights: layer Conv1: binary weights exist for 1x1 and dense layers, this "
                        "one is conv 3x3, stride 1");
}

static void patterns(void **state)
{
    (void)state;
    static const char *const good[] = {"none", "1:2", "2:4", "63:64", "block2", "block64"};
    static const char *const bad[] = {
        "",        "None",    "2",       "2:",      ":4",     "4:2",           "2:2",    "0:4",
        "02:4",    "2:65",    "2:4 ",    "2:4:8",   "-1:4",   "block",         "block0", "block1",
        "block65", "block04", "block4x", "block 4", "blocks", "1:100000000000"};
    struct mnq_pattern p;
    char text[12];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(mnq_pattern_parse(good[i], &p), 0);
        mnq_pattern_text(&p, text, sizeof text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (mnq_pattern_parse(bad[i], &p) != -1) fail_msg("'%s' is a pattern", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(kinds, setup, teardown),
                                       cmocka_unit_test_setup_teardown(unset, setup, teardown),
                                       cmocka_unit_test_setup_teardown(matching, setup, teardown),
                                       cmocka_unit_test_setup_teardown(order, setup, teardown),
                                       cmocka_unit_test_setup_teardown(unknown_names, setup, teardown),
                                       cmocka_unit_test_setup_teardown(formats, setup, teardown),
                                       cmocka_unit_test(first_layer),
                                       cmocka_unit_test_setup_teardown(in_memory, setup, teardown),
                                       cmocka_unit_test(patterns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
