/* SPDX-License-Identifier: Apache-2.0
 * Models of several outputs, nested ones too: their names, losses and values. */
#include "importing.h"

#define CALLED(class_name, name, config, nodes)                                                                             \
    "{\"class_name\": \"" class_name "\", \"name\": \"" name "\", \"config\": {\"name\": \"" name "\"" config               \
    "}, \"inbound_nodes\": [" nodes "]}"

/* A backbone of two outputs inside a model that adds a layer to each and gives both, and the backbone's second. */
static void outputs(void **state)
{
    (void)state;
    char text[6000];
    snprintf(
        text, sizeof text, "%s%s",
        "s / keras_version 2.9.0\ns / backend tensorflow\n"
        "s / training_config {\"loss\": {\"low\": \"mean_squared_error\", \"high\": \"binary_crossentropy\"}}\n"
        "s / model_config {\"class_name\": \"Functional\", \"config\": {\"name\": \"m\", \"layers\": ["
        "{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"name\": \"in\", \"batch_input_shape\": "
        "[null, 1, 1, 3]}, \"inbound_nodes\": []}, "
        "{\"class_name\": \"Functional\", \"name\": \"back\", \"config\": {\"name\": \"back\", \"layers\": ["
        "{\"class_name\": \"InputLayer\", \"name\": \"i\", \"config\": {\"name\": \"i\", \"batch_input_shape\": "
        "[null, 1, 1, 3]}, \"inbound_nodes\": []}, " CALLED(
            "Dense", "fc", ", \"units\": 3, \"use_bias\": false",
            "[[\"i\", 0, 0, {}]]") ", " CALLED("ReLU", "cut", ", \"max_value\": 5",
                                               "[[\"fc\", 0, 0, {}]]") "], \"input_layers\": [[\"i\", 0, 0]], "
                                                                       "\"output_layers\": [[\"fc\", 0, 0], "
                                                                       "[\"cut\", 0, 0]]}, \"inbound_nodes\": [[[\"in\", 0, "
                                                                       "0, {}]]]}, " CALLED(
                                                                           "ReLU", "low", "",
                                                                           "[[\"back\", 1, 0, {}]]") ", " CALLED("Add",
                                                                                                                 "high", "",
                                                                                                                 "[["
                                                                                                                 "\"back\", "
                                                                                                                 "1, 1, "
                                                                                                                 "{}], "
                                                                                                                 "[\"back\","
                                                                                                                 " 1, 1, "
                                                                                                                 "{}]]") "],"
                                                                                                                         " "
                                                                                                                         "\""
                                                                                                                         "in"
                                                                                                                         "pu"
                                                                                                                         "t_"
                                                                                                                         "la"
                                                                                                                         "ye"
                                                                                                                         "rs"
                                                                                                                         "\""
                                                                                                                         ": "
                                                                                                                         "[["
                                                                                                                         "\""
                                                                                                                         "in"
                                                                                                                         "\""
                                                                                                                         ", "
                                                                                                                         "0,"
                                                                                                                         " 0"
                                                                                                                         "]]"
                                                                                                                         ", "
                                                                                                                         "\""
                                                                                                                         "ou"
                                                                                                                         "tp"
                                                                                                                         "ut"
                                                                                                                         "_l"
                                                                                                                         "ay"
                                                                                                                         "er"
                                                                                                                         "s"
                                                                                                                         "\""
                                                                                                                         ": "
                                                                                                                         "[["
                                                                                                                         "\""
                                                                                                                         "lo"
                                                                                                                         "w"
                                                                                                                         "\""
                                                                                                                         ", "
                                                                                                                         "0,"
                                                                                                                         " 0"
                                                                                                                         "],"
                                                                                                                         " ["
                                                                                                                         "\""
                                                                                                                         "hi"
                                                                                                                         "gh"
                                                                                                                         "\""
                                                                                                                         ", "
                                                                                                                         "0,"
                                                                                                                         " 0"
                                                                                                                         "],"
                                                                                                                         " "
                                                                                                                         "["
                                                                                                                         "\""
                                                                                                                         "ba"
                                                                                                                         "ck"
                                                                                                                         "\""
                                                                                                                         ", "
                                                                                                                         "1,"
                                                                                                                         " 1"
                                                                                                                         "]]"
                                                                                                                         "}}"
                                                                                                                         "\n",
        "g /model_weights/back\nl /model_weights layer_names back\nl /model_weights/back weight_names fc/kernel:0\n"
        "d /model_weights/back/fc/kernel:0 f32 3,3 0 1 0 0 0 1 1 0 0\n");
    taken(import_text(text));
    static const char *const names[] = {"low", "high", "back"};
    static const double want[3][3] = {{100, 10, 1}, {10, 10, 2}, {5, 5, 1}};
    const float in[3] = {10, 1, 100};
    struct mnq_graph legal;
    assert_int_equal(mnq_graph_outputs(&g), 3);
    for (int k = 0; k < 3; k++) assert_string_equal(g.output_name[k], names[k]);
    assert_string_equal(g.loss_of[0], "meansquarederror");
    assert_string_equal(g.loss_of[1], "binarycrossentropy");
    assert_null(g.loss_of[2]);
    taken(mnq_graph_legalize(&g, &legal, &arena, &err));
    const struct mnq_graph *each[] = {&g, &legal};
    for (int t = 0; t < 2; t++) {
        struct mnq_exec *x = mnq_exec_new(each[t], false, &err);
        assert_non_null(x);
        mnq_exec_run(x, in, NULL, NULL);
        for (int k = 0; k < 3; k++)
            for (int c = 0; c < 3; c++)
                assert_true(fabs((double)mnq_exec_tensor(x, mnq_graph_output(each[t], k))[c] - want[k][c]) < 1e-6);
        mnq_exec_free(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(outputs)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mnq_arena_free(&arena);
    return rc;
}
