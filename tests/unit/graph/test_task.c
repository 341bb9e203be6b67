/* SPDX-License-Identifier: Apache-2.0
 * What the last layers say of an output. */
#include "graph/task.h"

#include "builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct mnq_arena arena;
static struct builder b;

static int pooled(void)
{
    builder_init(&b, &arena, 1);
    return global_pool(&b, input(&b, 6, 6, 3));
}

static void expect(const char *loss, enum mnq_task_kind kind, enum mnq_task_from from)
{
    struct mnq_task t = mnq_task_infer(&b.g, b.g.output, loss);
    assert_int_equal(t.kind, kind);
    assert_int_equal(t.from, from);
}

static void vectors(void **state)
{
    (void)state;
    softmax(&b, dense(&b, pooled(), 5, true));
    expect(NULL, MNQ_TASK_CLASSES, MNQ_TASK_FROM_GRAPH);
    expect("mse", MNQ_TASK_CLASSES, MNQ_TASK_FROM_GRAPH);
    dense(&b, pooled(), 5, true);
    expect(NULL, MNQ_TASK_CLASSES, MNQ_TASK_FROM_ASSUMED);
    expect("sparsecategoricalcrossentropy", MNQ_TASK_CLASSES, MNQ_TASK_FROM_LOSS);
    expect("binarycrossentropy", MNQ_TASK_MULTILABEL, MNQ_TASK_FROM_LOSS);
    expect("meansquarederror", MNQ_TASK_REGRESSION, MNQ_TASK_FROM_LOSS);
    dense(&b, pooled(), 1, true);
    expect(NULL, MNQ_TASK_BINARY, MNQ_TASK_FROM_ASSUMED);
    expect("binarycrossentropy", MNQ_TASK_BINARY, MNQ_TASK_FROM_LOSS);
    expect("huber", MNQ_TASK_REGRESSION, MNQ_TASK_FROM_LOSS);
    act(&b, dense(&b, pooled(), 3, true), MNQ_ACT_SIGMOID, 0);
    expect(NULL, MNQ_TASK_MULTILABEL, MNQ_TASK_FROM_GRAPH);
    expect("binarycrossentropy", MNQ_TASK_MULTILABEL, MNQ_TASK_FROM_GRAPH);
    expect("categoricalcrossentropy", MNQ_TASK_CLASSES, MNQ_TASK_FROM_LOSS);
    pooled();
    expect(NULL, MNQ_TASK_FEATURES, MNQ_TASK_FROM_GRAPH);
}

static void sets_and_refuses(void **state)
{
    struct mnq_err e = {0};
    (void)state;
    dense(&b, pooled(), 3, true);
    struct mnq_task t = mnq_task_infer(&b.g, b.g.output, NULL);
    assert_int_equal(mnq_task_set(&t, MNQ_TASK_AUTO, 0, "m", &e), 0);
    assert_int_equal(t.kind, MNQ_TASK_CLASSES);
    assert_int_equal(mnq_task_set(&t, MNQ_TASK_MULTILABEL, 0.75, "m", &e), 0);
    assert_int_equal(t.kind, MNQ_TASK_MULTILABEL);
    assert_true(mnq_task_cut(&t) > 1.0985F && mnq_task_cut(&t) < 1.0987F); /* log(3) */
    assert_int_equal(mnq_task_decisions(&t), 3);
    assert_int_equal(mnq_task_label_values(&t), 3);
    assert_int_equal(mnq_task_set(&t, MNQ_TASK_BINARY, 0, "m", &e), -1);
    assert_int_equal(e.code, MNQ_EXIT_USAGE);
    assert_string_equal(e.msg, "m: --task binary: the output is 1x1x3, wanted one channel");
}

static void chooses(void **state)
{
    struct mnq_err e = {0};
    static const char *const name[] = {"a/b=c", "box", "x"};
    int kind[3];
    (void)state;
    assert_int_equal(mnq_task_choose(NULL, name, 3, kind, "m", &e), 0);
    assert_true(kind[0] == MNQ_TASK_AUTO && kind[1] == MNQ_TASK_AUTO && kind[2] == MNQ_TASK_AUTO);
    assert_int_equal(mnq_task_choose("classes", name, 3, kind, "m", &e), 0);
    assert_true(kind[0] == MNQ_TASK_CLASSES && kind[1] == MNQ_TASK_AUTO && kind[2] == MNQ_TASK_AUTO);
    assert_int_equal(mnq_task_choose("auto,regression,binary", name, 3, kind, "m", &e), 0);
    assert_true(kind[0] == MNQ_TASK_AUTO && kind[1] == MNQ_TASK_REGRESSION && kind[2] == MNQ_TASK_BINARY);
    assert_int_equal(mnq_task_choose("x=features,a/b=c=multilabel", name, 3, kind, "m", &e), 0);
    assert_true(kind[0] == MNQ_TASK_MULTILABEL && kind[1] == MNQ_TASK_AUTO && kind[2] == MNQ_TASK_FEATURES);
    static const struct {
        const char *text, *message;
    } bad[] = {{"b=classes", "m: --task: there is no output 'b'"},
               {"classes,auto", "m: --task says more than 1 kinds, for 1 outputs"},
               {"", "m: --task: expected auto, classes, binary, multilabel, regression or features, got ''"},
               {"clas", "m: --task: expected auto, classes, binary, multilabel, regression or features, got 'clas'"}};
    static const char *const none[] = {NULL};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        e = (struct mnq_err){0};
        assert_int_equal(mnq_task_choose(bad[i].text, none, 1, kind, "m", &e), -1);
        assert_int_equal(e.code, MNQ_EXIT_USAGE);
        assert_string_equal(e.msg, bad[i].message);
    }
}

static void maps(void **state)
{
    char text[80];
    struct mnq_task t = {.kind = MNQ_TASK_CLASSES, .out = {4, 6, 3}};
    (void)state;
    assert_true(mnq_task_is_map(&t));
    assert_int_equal(mnq_task_decisions(&t), 24);
    assert_int_equal(mnq_task_label_values(&t), 24);
    mnq_task_text(&t, text, sizeof text);
    assert_string_equal(text, "4x6 map of 3 classes");
    t.kind = MNQ_TASK_REGRESSION;
    assert_int_equal(mnq_task_decisions(&t), 0);
    assert_int_equal(mnq_task_label_values(&t), 72);
    assert_int_equal(mnq_task_label_values(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors), cmocka_unit_test(sets_and_refuses),
                                       cmocka_unit_test(chooses), cmocka_unit_test(maps)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mnq_arena_free(&arena);
    return rc;
}
