/* SPDX-License-Identifier: Apache-2.0
 * The recipe that repeats a choice of formats: read back against the model, it names the same ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "quantize/lower.h"
#include "recipe_read.h"

/* What a report says of one layer. */
static struct mnq_calib_layer random_format(struct builder *b, int node)
{
    static const struct mnq_calib_layer any[] = {{.bits = 16, .inputs = 8},
                                                 {.bits = 8, .inputs = 8},
                                                 {.bits = 4, .inputs = 8},
                                                 {.bits = 1, .bases = 1, .inputs = 8},
                                                 {.bits = 1, .bases = 2, .inputs = 8},
                                                 {.bits = 1, .bases = 4, .inputs = 8},
                                                 {.bits = 1, .bases = 1, .inputs = 1}};
    bool compresses = mnq_kind_compresses(mnq_node_kind(&b->g, node));
    struct mnq_calib_layer l = any[random_int(&b->seed, 0, compresses ? 6 : 1)];
    if (!mnq_lower_has_weights(&b->g, node)) l = (struct mnq_calib_layer){.bits = 0};
    l.name = b->g.node[node].name;
    return l;
}

static void check_choice(const struct mnq_layer_choice *c, const struct mnq_calib_layer *l)
{
    int want = l->bits == 0    ? -1
               : l->bits == 16 ? MNQ_WEIGHTS_INT16
               : l->bits == 8  ? MNQ_WEIGHTS_INT8
               : l->bits == 4  ? MNQ_WEIGHTS_INT4
               : l->bits == 2  ? MNQ_WEIGHTS_TERNARY
                               : MNQ_WEIGHTS_BINARY;
    assert_int_equal(c->weights, want);
    if (want != MNQ_WEIGHTS_BINARY) return;
    assert_int_equal(c->bases, l->bases);
    assert_int_equal(c->inputs, l->inputs);
}

/* Rules that were there before, about observers and about bases that the choice did not take. */
static const char *const earlier[] = {"", "layers:\n  - {match: \"*\", observer: kl}\n",
                                      "layers:\n  - {kind: pointwise, bases: 2}\n  - {kind: dense, inputs: 1}\n"};

static void choices_come_back(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 60; seed++) {
        struct mnq_arena arena = {0};
        struct builder b;
        struct mnq_err e = {0};
        const char *rules = earlier[seed % 3];
        builder_init(&b, &arena, seed);
        int x = conv(&b, input(&b, 8, 8, 3), 8, 3, 1, 1, true);
        for (int i = 0; i < 4; i++) x = conv(&b, dwconv(&b, x, 1, 3, 1, 1, true), 8, 1, 1, 0, true);
        softmax(&b, dense(&b, global_pool(&b, x), 3, true));
        b.g.node[3].name = "odd [name]*?: \"x\" #1"; /* no glob, and YAML needs quotes */
        struct mnq_calib_layer layer[16];
        struct mnq_calib_report report = {.layer = layer};
        for (int i = 0; i < b.g.n; i++)
            if (mnq_lower_is_layer(&b.g, i)) layer[report.n_layers++] = random_format(&b, i);
        struct mnq_recipe r, again;
        mnq_recipe_defaults(&r);
        assert_int_equal(mnq_recipe_parse("r.yaml", rules, strlen(rules), &r, &arena, &e), 0);
        r.weights = MNQ_WEIGHTS_AUTO;
        r.max_drop = 1.5;
        r.flash = 12345;
        assert_int_equal(mnq_recipe_assign(&r, &report, &arena), 0);
        assert_int_equal(r.weights, MNQ_WEIGHTS_INT8); /* nothing is searched again */
        assert_true(r.max_drop == 0 && r.flash == 0);
        char *text = mnq_recipe_text(&r, &arena);
        mnq_recipe_defaults(&again);
        if (mnq_recipe_parse("again.yaml", text, strlen(text), &again, &arena, &e) != 0) fail_msg("%s\n%s", e.msg, text);
        struct mnq_layer_choice choice[16];
        if (mnq_rules_resolve(again.rule, again.n_rules, &b.g, choice, &e) != 0) fail_msg("%s\n%s", e.msg, text);
        for (int i = 0, k = 0; i < b.g.n; i++) {
            if (seed % 3 == 1) assert_int_equal(choice[i].observer, MNQ_OBS_KL);
            if (mnq_lower_is_layer(&b.g, i)) check_choice(&choice[i], &layer[k++]);
        }
        assert_string_equal(mnq_recipe_text(&again, &arena), text);
        mnq_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(choices_come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
