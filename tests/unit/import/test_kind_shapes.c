/* SPDX-License-Identifier: Apache-2.0
 * Layers that rename or reorder, sequences, softmax over any axis, slopes per pixel, channels in front: each is checked by
 * the values that come out. */
#include "graph/cost.h"
#include "importing.h"

#define GROUP "g /model_weights/x\nl /model_weights layer_names x\n"
#define W     "d /model_weights/x/"

static void reshapes(void **state)
{
    (void)state;
    float in[24];
    double same[24];
    for (int i = 0; i < 24; i++) same[i] = (double)(in[i] = (float)(i % 7) - 3);
    taken(import_on("2, 3, 4", "2.9.0", LAYER("Reshape", ", \"target_shape\": [2, 3, 2, 2]"), NONE));
    computes(in, same, 24);
    taken(import_on("2, 3, 4", "2.9.0", LAYER("Reshape", ", \"target_shape\": [2, -1, 2, 1, 2]"), NONE));
    computes(in, same, 24);
    for (int i = 0; i < 24; i++) same[i] = same[i] < 0 ? 0 : same[i];
    taken(import_on(
        "2, 3, 4", "2.9.0",
        "{\"class_name\": \"Reshape\", \"config\": {\"name\": \"r\", \"target_shape\": [2, 3, 2, 2]}}, " LAYER("ReLU", ""),
        NONE));
    computes(in, same, 24);
    refused(import_on("2, 3, 4", "2.9.0",
                      "{\"class_name\": \"Reshape\", \"config\": {\"name\": \"r\", \"target_shape\": [2, 3, 2, 2]}}, " LAYER(
                          "Softmax", ""),
                      NONE),
            "last axis of a tensor of four or more dimensions");
    refused(import_on("2, 3, 4", "2.9.0", LAYER("Reshape", ", \"target_shape\": [-1, -1, 4]"), NONE), "two dimensions open");
    refused(import_on("2, 3, 4", "2.9.0", LAYER("Reshape", ", \"target_shape\": [5, 5]"), NONE),
            "cannot make 1x5x5 of 2x3x4");
    /* Permute: renames, and says at the front how pictures were fed */
    taken(import_on("1, 1, 3", "2.9.0", LAYER("Permute", ", \"dims\": [3, 1, 2]"), NONE));
    assert_true(g.node[g.output].out.h == 3 && g.node[g.output].out.c == 1);
    taken(import_on("3, 6, 5", "2.9.0", LAYER("Permute", ", \"dims\": [2, 3, 1]"), NONE));
    assert_true(g.node[0].out.h == 6 && g.node[0].out.w == 5 && g.node[0].out.c == 3);
    refused(import_on("3, 6, 5", "2.9.0", LAYER("Permute", ", \"dims\": [2, 2, 1]"), NONE), "dimension 2 twice");
    /* a transposed tensor, flattened: the dense layer behind takes its rows in that order; x(y, x, c) = 12 y + 4 x + c */
    for (int i = 0; i < 24; i++) in[i] = (float)i;
    taken(import_on(
        "2, 3, 4", "2.9.0",
        "{\"class_name\": \"ReLU\", \"config\": {\"name\": \"r\"}}, {\"class_name\": \"Permute\", \"config\": "
        "{\"name\": \"p\", \"dims\": [3, 1, 2]}}, {\"class_name\": \"Flatten\", \"config\": {\"name\": \"f\"}}, " LAYER(
            "Dense", ", \"units\": 1, \"use_bias\": false"),
        GROUP "l /model_weights/x weight_names x/kernel:0\n" W
              "x/kernel:0 f32 24,1 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 100 0 0 0\n"));
    computes(in, (double[]){4 + 100 * (8 + 3)}, 1); /* channels first: [0][0][1] and [3][0][2] */
}

/* Conv1D along a sequence: here of the channels of a vector, as efficient channel attention has it. */
static void sequences(void **state)
{
    (void)state;
    const float in[] = {1, 2, 3, 4};
    static const char weights[] = GROUP "l /model_weights/x weight_names x/kernel:0\n" W "x/kernel:0 f32 3,1,1 1 10 100\n";
    taken(import_on("1, 1, 4", "2.9.0",
                    "{\"class_name\": \"Reshape\", \"config\": {\"name\": \"r\", \"target_shape\": [4, 1]}}, " LAYER(
                        "Conv1D", ", \"filters\": 1, \"kernel_size\": [3], \"padding\": \"same\", \"use_bias\": false"),
                    weights));
    computes(in, (double[]){210, 321, 432, 43}, 4);
    taken(import_on(
        "1, 1, 4", "2.9.0",
        "{\"class_name\": \"Reshape\", \"config\": {\"name\": \"r\", \"target_shape\": [4, 1]}}, " LAYER(
            "Conv1D", ", \"filters\": 1, \"kernel_size\": 3, \"use_bias\": false") ", {\"class_name\": \"Reshape\", "
                                                                                   "\"config\": {\"name\": \"s\", "
                                                                                   "\"target_shape\": [1, 1, 2]}}",
        weights));
    computes(in, (double[]){321, 432}, 2);
    refused(import_on("1, 1, 4", "2.9.0",
                      "{\"class_name\": \"Reshape\", \"config\": {\"name\": \"r\", \"target_shape\": [4, 1]}}, " LAYER(
                          "Conv1D", ", \"filters\": 1, \"kernel_size\": 3, \"padding\": \"causal\""),
                      weights),
            "padding is causal");
    refused(import_on("2, 2, 4", "2.9.0", LAYER("Conv1D", ", \"filters\": 1, \"kernel_size\": 3"), weights),
            "reads a map, a sequence is wanted");
}

/* Over channels, or the pixels of one. */
static void softmaxes(void **state)
{
    (void)state;
    const float in[] = {0, 0, 0, 0, logf(3), 0, logf(3), 0};
    const double map[] = {0.125, 0.125, 0.125, 0.125, 0.375, 0.125}, each[] = {0.5, 0.5, 0.5, 0.5, 0.75, 0.25, 0.75, 0.25};
    static const char *const pixels[] = {"[1, 2]", "[-2, -3]", "[2, 1]", "[1, 2, 3]"}, *const channels[] = {"-1", "3",
                                                                                                            "[-1]"};
    for (size_t i = 0; i < sizeof pixels / sizeof *pixels; i++) {
        char layer[200];
        snprintf(layer, sizeof layer, LAYER("Softmax", ", \"axis\": %s"), pixels[i]);
        taken(import_on("2, 3, 1", "2.9.0", layer, NONE));
        computes(in, map, 6);
    }
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        char layer[200];
        snprintf(layer, sizeof layer, LAYER("Softmax", ", \"axis\": %s"), channels[i]);
        taken(import_on("2, 2, 2", "2.9.0", layer, NONE));
        computes(in, each, 8);
    }
    /* two pixels of many channels: of one column, of one row */
    const double two[] = {0.5, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 0.5};
    const float branches[] = {0, 0, 0, 5, 0, logf(3), logf(3), 5};
    static const char *const way[] = {"2, 1, 4", "1, 2, 4"}, *const axes[] = {"1", "[1, 2]", "2", "[2]"};
    for (int i = 0; i < 4; i++) {
        char layer[200];
        snprintf(layer, sizeof layer, LAYER("Softmax", ", \"axis\": %s"), axes[i]);
        taken(import_on(way[i / 2], "2.9.0", layer, NONE));
        computes(branches, two, 8);
    }
    refused(import_on("2, 2, 2", "2.9.0", LAYER("Softmax", ", \"axis\": [1, 2]"), NONE), "over the 4 pixels of 2 channels");
    refused(import_on("2, 2, 2", "2.9.0", LAYER("Softmax", ", \"axis\": 1"), NONE), "over lines");
    refused(import_on("2, 2, 2", "2.9.0", LAYER("Softmax", ", \"axis\": [1, 2, 3]"), NONE), "channels and pixels at once");
    refused(import_on("2, 2, 2", "2.9.0", LAYER("Softmax", ", \"axis\": 0"), NONE), "over the batch");
}

/* Slopes per channel, of all, of pixels that do not differ; those that differ are refused. */
static void slopes(void **state)
{
    (void)state;
    static const struct {
        const char *axes, *shape, *values;
        double want[4];
    } one[] = {{"[1, 2]", "1,1,2", "0.5 2", {-0.5, 4, -1.5, -8}},  {"[1, 2]", "2", "0.5 2", {-0.5, 4, -1.5, -8}},
               {"null", "2,1,2", "0.5 2", {-0.5, 4, -1.5, -8}},    {"[2]", "2,1,2", "0.5 2 0.5 2", {-0.5, 4, -1.5, -8}},
               {"[1, 2, 3]", "1,1,1", "0.5", {-0.5, 4, -1.5, -2}}, {"[3]", "2,1,1", "0.5", {-0.5, 4, -1.5, -2}}};
    const float in[] = {-1, 4, -3, -4};
    for (size_t i = 0; i <= sizeof one / sizeof *one; i++) {
        bool bad = i == sizeof one / sizeof *one;
        char layer[200], weights[400];
        snprintf(layer, sizeof layer, LAYER("PReLU", ", \"shared_axes\": %s"), bad ? "null" : one[i].axes);
        snprintf(weights, sizeof weights, GROUP "l /model_weights/x weight_names x/alpha:0\n" W "x/alpha:0 f32 %s %s\n",
                 bad ? "2,1,2" : one[i].shape, bad ? "0.5 2 0.5 3" : one[i].values);
        int rc = import_on("2, 1, 2", "2.9.0", layer, weights);
        if (bad) {
            refused(rc, "m.h5: layer 'x' (PReLU): has a slope per pixel, one per channel is supported: train it with "
                        "shared_axes=[1, 2]");
            continue;
        }
        taken(rc);
        computes(in, one[i].want, 4);
    }
    taken(import_on("2, 1, 2", "2.9.0", LAYER("PReLU", ""),
                    GROUP "l /model_weights/x weight_names x/alpha:0\n" W "x/alpha:0 f32 2,1,2 0.25\n"));
    assert_int_equal(mnq_cost_total(&g).params, 4); /* as Keras counts them */
}

/* Inputs of numbers are rows; what the first layers only rename is so from the beginning. */
static void renamed_inputs(void **state)
{
    (void)state;
#define VECTOR(layers)                                                                                                      \
    "s / keras_version 2.9.0\ns / backend tensorflow\ns / model_config {\"class_name\": \"Sequential\", \"config\": "       \
    "{\"name\": \"s\", \"layers\": [{\"class_name\": \"InputLayer\", \"config\": {\"batch_input_shape\": [null, 6], "       \
    "\"name\": \"in\"}}, " layers "]}}\n"
#define TO(h, w) "{\"class_name\": \"Reshape\", \"config\": {\"name\": \"r\", \"target_shape\": [" h ", " w ", 1]}}"
    const float in[] = {1, 2, 3, 4, 5, 6};
    const double odd[] = {9, 12}, same[] = {1, 2, 3, 4, 5, 6}, largest[] = {5, 6};
    taken(import_text(VECTOR("{\"class_name\": \"Dense\", \"config\": {\"name\": \"x\", \"units\": 2, \"use_bias\": "
                             "false}}") GROUP "l /model_weights/x weight_names x/kernel:0\n" W
                                              "x/kernel:0 f32 6,2 1 0 0 1\n"));
    assert_true(g.node[0].out.h == 1 && g.node[0].out.w == 6 && g.node[0].out.c == 1);
    computes(in, odd, 2);
    taken(import_text(VECTOR(TO("2", "3") ", " LAYER("MaxPooling2D", ", \"pool_size\": [2, 2], \"strides\": [1, 1]")) NONE));
    assert_true(g.node[0].out.h == 2 && g.node[0].out.w == 3 && g.node[0].out.c == 1);
    computes(in, largest, 2);
    taken(import_on("1, 6, 1", "2.9.0", TO("3", "2") ", " TO("2", "3") ", " LAYER("Flatten", ""), NONE));
    assert_true(g.node[0].out.h == 2 && g.node[0].out.w == 3);
    computes(in, same, 6);
    /* numbers that become channels; steps of a sequence, of few channels and of many */
    taken(
        import_text(VECTOR("{\"class_name\": \"Reshape\", \"config\": {\"name\": \"r\", \"target_shape\": [3, 2]}}, " LAYER(
            "MaxPooling1D", ", \"pool_size\": 3")) NONE));
    assert_true(g.node[0].out.h == 1 && g.node[0].out.w == 6 && g.node[0].out.c == 1);
    computes(in, largest, 2);
#define STEPS(shape, layer)                                                                                                 \
    "s / keras_version 2.9.0\ns / backend tensorflow\ns / model_config {\"class_name\": \"Sequential\", \"config\": "       \
    "[{\"class_name\": \"InputLayer\", \"config\": {\"batch_input_shape\": [null, " shape "], \"name\": \"in\"}}, " layer   \
    "]}\n"
    const double means[] = {3, 4}, many[] = {6, 7, 8, 9, 10};
    const float ten[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    taken(import_text(STEPS("3, 2", LAYER("AveragePooling1D", ", \"pool_size\": [3], \"strides\": [1]")) NONE));
    assert_true(g.node[0].out.w == 3 && g.node[0].out.c == 2);
    computes(in, means, 2);
    taken(import_text(STEPS("2, 5", LAYER("MaxPooling1D", ", \"pool_length\": 2, \"stride\": null")) NONE));
    assert_true(g.node[0].out.h == 1 && g.node[0].out.w == 10 && g.node[0].out.c == 1);
    computes(ten, many, 5);
    taken(import_text(STEPS("2, 1, 5", LAYER("MaxPooling2D", ", \"pool_size\": [2, 1]")) NONE));
    assert_true(g.node[0].out.h == 2 && g.node[0].out.w == 5 && g.node[0].out.c == 1);
    computes(ten, many, 5);
    refused(import_text(STEPS("2, 5", LAYER("MaxPooling2D", "")) NONE), "reads a sequence of 2 steps, a map");
    refused(import_text(STEPS("null, 5", LAYER("MaxPooling1D", "")) NONE), "leaves its length open");
    refused(import_text(STEPS("2, 600", LAYER("MaxPooling1D", "")) NONE), "has 600 channels, 255 at most");
    refused(import_text(STEPS("2, 3", LAYER("MaxPooling1D", ", \"data_format\": \"channels_first\"")) NONE),
            "is a sequence of a channels_first model");
    taken(import_text(STEPS("2, 2", LAYER("PReLU", ", \"shared_axes\": [1]")) GROUP
                      "l /model_weights/x weight_names x/alpha:0\n" W "x/alpha:0 f32 1,2 0.5 2\n"));
    computes((const float[]){-1, 4, -3, -4}, (const double[]){-0.5, 4, -1.5, -8}, 4);
    struct mnq_graph none; /* a picture is no row: it stays what it is */
    taken(import_on("2, 3, 1", "2.9.0",
                    TO("3", "2") ", " LAYER("MaxPooling2D", ", \"pool_size\": [2, 2], \"strides\": [1, 1]"), NONE));
    assert_true(g.node[0].out.h == 2);
    refused(mnq_graph_legalize(&g, &none, &arena, &err), "cannot be expressed");
}

/* Channels in front: of the input, of axes, of what is flattened. Pictures have them last all the same. */
static void channels_first(void **state)
{
    (void)state;
#define POOL ", \"pool_size\": [1, 1], \"data_format\": \"channels_first\""
#define BEHIND_POOL(class_name, config)                                                                                     \
    "{\"class_name\": \"MaxPooling2D\", \"config\": {\"name\": \"p\"" POOL "}}, " LAYER(class_name, config)
    const float in[] = {0, 10, 1, 11, 2, 12}; /* three columns of two channels */
    const double front[] = {0, 1, 2, 10, 11, 12}, last[] = {0, 10, 1, 11, 2, 12};
    taken(import_on("2, 1, 3", "2.9.0", LAYER("MaxPooling2D", POOL), NONE));
    assert_true(g.node[0].out.h == 1 && g.node[0].out.w == 3 && g.node[0].out.c == 2);
    computes(in, last, 6);
    taken(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("Flatten", ""), NONE));
    computes(in, front, 6);
    taken(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("Flatten", ", \"data_format\": \"channels_first\""), NONE));
    computes(in, last, 6);
    taken(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("Softmax", ", \"axis\": 1"), NONE));
    refused(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("Softmax", ""), NONE), "columns of a channels_first model");
    refused(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("Activation", ", \"activation\": \"softmax\""), NONE),
            "columns of a channels_first model");
    refused(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("BatchNormalization", ", \"axis\": 3"), NONE),
            "axis is 3, only the channels (1)");
    refused(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("Dense", ", \"units\": 2"), NONE), "columns of a channels_first");
    refused(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("Reshape", ", \"target_shape\": [3, 2]"), NONE), "reshapes pixels");
    refused(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("Permute", ", \"dims\": [2, 3, 1]"), NONE), "exchanges axes");
    refused(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("Rescaling", ", \"scale\": [1, 2, 3]"), NONE), "columns of a");
    refused(import_on("2, 1, 3", "2.9.0", BEHIND_POOL("AveragePooling2D", ", \"data_format\": \"channels_last\""), NONE),
            "one data_format is supported");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reshapes),       cmocka_unit_test(sequences),
                                       cmocka_unit_test(softmaxes),      cmocka_unit_test(slopes),
                                       cmocka_unit_test(renamed_inputs), cmocka_unit_test(channels_first)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mnq_arena_free(&arena);
    return rc;
}
