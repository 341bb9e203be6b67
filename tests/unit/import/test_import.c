/* SPDX-License-Identifier: Apache-2.0
 * Small models: what each layer class becomes, what is refused and with which words, damaged and hostile files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/exec.h"
#include "h5text.h"
#include "import/import.h"

#include <hdf5.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct mnq_arena arena;
static struct mnq_graph g;
static struct mnq_err err;

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    return 0;
}

/* ---- making files ---- */

static int import_text(const char *text)
{
    size_t size;
    int bad;
    uint8_t *file = mnq_h5text(text, strlen(text), &size, &bad);
    assert_non_null(file);
    assert_int_equal(bad, 0);
    memset(&err, 0, sizeof err);
    mnq_arena_free(&arena);
    int rc = mnq_import_bytes("m.h5", file, size, NULL, &g, &arena, &err);
    free(file);
    if (rc != 0) {
        assert_int_equal(err.code, MNQ_EXIT_FAILED);
        assert_null(strchr(err.msg, '\n'));
    }
    return rc;
}

/* A Sequential of `layers` on an 8x8x3 input; the weights are in `rest`. */
static int import_sequential(const char *version, const char *layers, const char *rest)
{
    char text[8000];
    snprintf(text, sizeof text,
             "s / keras_version %s\ns / backend tensorflow\n"
             "s / model_config {\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [{\"class_name\": "
             "\"InputLayer\", \"config\": {\"batch_input_shape\": [null, 8, 8, 3], \"name\": \"in\"}}%s%s]}}\n%s",
             version, layers[0] != '\0' ? ", " : "", layers, rest);
    return import_text(text);
}

#define LAYER(class_name, config) "{\"class_name\": \"" class_name "\", \"config\": {\"name\": \"x\"" config "}}"
#define NO_WEIGHTS                "g /model_weights/x\nl /model_weights layer_names x\nl /model_weights/x weight_names\n"

static void expect_refused(const char *layers, const char *message)
{
    assert_int_equal(import_sequential("2.9.0", layers, NO_WEIGHTS), -1);
    assert_string_equal(err.msg, message);
}

static void expect_taken(const char *layers)
{
    int rc = import_sequential("2.9.0", layers, NO_WEIGHTS);
    if (rc != 0) print_error("%s\n", err.msg);
    assert_int_equal(rc, 0);
}

static const struct mnq_node *last(void)
{
    return &g.node[g.output];
}

static void assert_out(int h, int w, int c)
{
    assert_int_equal(last()->out.h, h);
    assert_int_equal(last()->out.w, w);
    assert_int_equal(last()->out.c, c);
}

/* ---- layers ---- */

static void activations(void **state)
{
    (void)state;
    expect_taken(LAYER("ReLU", ", \"max_value\": 6.0"));
    assert_true(last()->act == MNQ_ACT_RELU_MAX && last()->act_max == 6.0f);
    expect_taken(LAYER("ReLU", ", \"max_value\": null, \"negative_slope\": 0.0, \"threshold\": 0.0"));
    assert_true(last()->act == MNQ_ACT_RELU);
    expect_taken(LAYER("Activation", ", \"activation\": \"relu6\""));
    assert_true(last()->act == MNQ_ACT_RELU_MAX);
    expect_taken(LAYER("Activation",
                       ", \"activation\": {\"class_name\": \"function\", \"config\": \"relu6\", \"module\": \"builtins\"}"));
    assert_true(last()->act == MNQ_ACT_RELU_MAX);
    expect_taken(LAYER("Activation", ", \"activation\": {\"class_name\": \"ReLU\", \"config\": {\"max_value\": 6}}"));
    assert_true(last()->act == MNQ_ACT_RELU_MAX);
    expect_taken(LAYER("Lambda", ", \"function_type\": \"function\", \"function\": \"relu6\""));
    assert_true(last()->act == MNQ_ACT_RELU_MAX);
    expect_taken(LAYER("Activation", ", \"activation\": \"Custom>relu6\""));
    assert_true(last()->act == MNQ_ACT_RELU_MAX);
    expect_taken(LAYER("Activation", ", \"activation\": \"hard_swish\""));
    assert_true(last()->act == MNQ_ACT_HSWISH);
    expect_taken(LAYER("Activation", ", \"activation\": \"linear\""));
    assert_true(last()->op == MNQ_OP_RESHAPE);
    static const struct {
        const char *layer;
        enum mnq_act act;
    } more[] = {{LAYER("Activation", ", \"activation\": \"swish\""), MNQ_ACT_SWISH},
                {LAYER("Activation", ", \"activation\": \"gelu\""), MNQ_ACT_GELU},
                {LAYER("Activation", ", \"activation\": \"elu\""), MNQ_ACT_ELU},
                {LAYER("ReLU", ", \"negative_slope\": 0.2"), MNQ_ACT_LEAKY},
                {LAYER("ReLU", ", \"threshold\": 1"), MNQ_ACT_LEAKY},
                {LAYER("LeakyReLU", ""), MNQ_ACT_LEAKY},
                {LAYER("ELU", ", \"alpha\": 0.5"), MNQ_ACT_ELU}};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        expect_taken(more[i].layer);
        assert_int_equal(last()->act, more[i].act);
    }
    expect_taken(LAYER("LeakyReLU", ", \"alpha\": 0.1"));
    assert_true(last()->act_alpha == 0.1f && last()->act_max > 1e30f);
    expect_refused(LAYER("Activation", ", \"activation\": \"own\""),
                   "m.h5: layer 'x' (Activation): activation own is not supported; those of Keras' own functions are");
    expect_refused(LAYER("ReLU", ", \"max_value\": -1"), "m.h5: layer 'x' (ReLU): max_value is -1, above 0 is wanted");
    expect_refused(LAYER("Lambda", ", \"function\": [\"4wEA\", null, null], \"function_type\": \"lambda\""),
                   "m.h5: layer 'x' (Lambda): holds Python byte code, which says nothing outside Python; use Rescaling to "
                   "scale pixels, "
                   "Resizing for sizes, Activation or ReLU for activations");
}

/* The same word means two functions; which one is told. */
static void hard_sigmoid(void **state)
{
    (void)state;
    const char *layer = LAYER("Activation", ", \"activation\": \"hard_sigmoid\"");
    expect_taken(layer);
    assert_true(last()->act == MNQ_ACT_HARD_SIGMOID_02);
    assert_int_equal(g.n_note, 1);
    assert_string_equal(g.note[0], "hard_sigmoid is read as clip(0.2 x + 0.5, 0, 1), as Keras 1 and 2 define it");
    assert_int_equal(import_sequential("3.4.1", layer, NO_WEIGHTS), 0);
    assert_true(last()->act == MNQ_ACT_HSIGMOID);
    static const char hswish[] =
        "s / keras_version 2.2.4\ns / model_config {\"class_name\": \"Model\", \"config\": {\"name\": \"own\", \"layers\": ["
        "{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"batch_input_shape\": [null, 4, 4, 3]}, "
        "\"inbound_nodes\": []}, "
        "{\"class_name\": \"Activation\", \"name\": \"x\", \"config\": {\"activation\": \"hard_sigmoid\"}, "
        "\"inbound_nodes\": [[[\"in\", 0, 0, {}]]]}, "
        "{\"class_name\": \"Multiply\", \"name\": \"m\", \"config\": {}, \"inbound_nodes\": [[[\"x\", 0, 0, {}], [\"in\", "
        "0, 0, {}]]]}], "
        "\"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"m\", 0, 0]]}}\n" NO_WEIGHTS;
    assert_int_equal(import_text(hswish), 0);
    assert_true(g.node[1].act == MNQ_ACT_HSIGMOID);
    assert_string_equal(g.note[0], "hard_sigmoid is read as relu6(x + 3) / 6, as MobileNetV3 means it");
}

static void shapes(void **state)
{
    (void)state;
    expect_taken(LAYER("ZeroPadding2D", ", \"padding\": 2"));
    assert_out(12, 12, 3);
    expect_taken(LAYER("ZeroPadding2D", ", \"padding\": [1, 2]"));
    assert_out(10, 12, 3);
    expect_taken(LAYER("ZeroPadding2D", ", \"padding\": [[0, 1], [2, 3]]"));
    assert_out(9, 13, 3);
    assert_true(last()->pt == 0 && last()->pb == 1 && last()->pl == 2 && last()->pr == 3);
    expect_taken(LAYER("AveragePooling2D", ", \"pool_size\": [3, 2], \"strides\": [1, 2], \"padding\": \"valid\""));
    assert_out(6, 4, 3);
    expect_taken(LAYER("AveragePooling2D", ", \"pool_size\": [4, 4], \"strides\": null, \"padding\": \"same\""));
    assert_out(2, 2, 3);
    expect_taken(LAYER("AveragePooling2D", ", \"pool_size\": 3, \"padding\": \"same\""));
    assert_out(3, 3, 3);
    assert_true(last()->pt == 0 && last()->pb == 1);
    expect_taken(LAYER("MaxPooling2D", ", \"pool_size\": [3, 3], \"strides\": [2, 2], \"padding\": \"same\""));
    assert_out(4, 4, 3);
    expect_taken(LAYER("GlobalMaxPooling2D", ""));
    assert_out(1, 1, 3);
    expect_taken(LAYER("UpSampling2D", ", \"size\": [2, 3], \"interpolation\": \"bilinear\""));
    assert_out(16, 24, 3);
    expect_refused(LAYER("UpSampling2D", ", \"interpolation\": \"area\""),
                   "m.h5: layer 'x' (UpSampling2D): interpolation is area, only nearest and bilinear are supported");
    expect_taken(LAYER("Cropping2D", ", \"cropping\": [[1, 0], [2, 3]]"));
    assert_out(7, 3, 3);
    expect_refused(LAYER("Cropping2D", ", \"cropping\": 4"),
                   "m.h5: crop 'x': cropping of 4, 4, 4, 4 leaves nothing of 8 x 8");
    expect_taken(LAYER("GlobalAveragePooling2D", ", \"keepdims\": true"));
    assert_out(1, 1, 3);
    expect_refused(LAYER("GlobalAveragePooling2D", ", \"keepdims\": \"pulse\""),
                   "m.h5: model_config:1:236: config.layers.config.keepdims: expected true or false, got pulse");
    expect_taken(LAYER("Flatten", ""));
    assert_out(1, 1, 192);
    expect_taken(LAYER("Reshape", ", \"target_shape\": [1, -1, 6]"));
    assert_out(1, 32, 6);
    expect_taken(LAYER("Reshape", ", \"target_shape\": [192]"));
    assert_out(1, 1, 192);
    expect_refused(LAYER("Reshape", ", \"target_shape\": [7, 7, 3]"), "m.h5: reshape 'x': cannot make 7x7x3 of 8x8x3");
    expect_refused(LAYER("Reshape", ", \"target_shape\": [-1, -1]"),
                   "m.h5: layer 'x' (Reshape): target_shape leaves two dimensions open");
    expect_taken(LAYER("Softmax", ""));
    expect_taken(LAYER("Dropout", ", \"rate\": 0.5"));
    assert_out(8, 8, 3);
}

static void rescaling(void **state)
{
    (void)state;
    expect_taken(LAYER("Rescaling", ", \"scale\": 0.00392, \"offset\": [-1, 0, 1]"));
    assert_true(last()->op == MNQ_OP_AFFINE && last()->scale[2] == 0.00392f && last()->offset[0] == -1.0f &&
                last()->offset[2] == 1.0f);
    assert_string_equal(g.preprocess, "none");
    expect_refused(LAYER("Rescaling", ", \"scale\": [1, 2]"), "m.h5: layer 'x': 2 constants for 3 channels");
    expect_refused(LAYER("Rescaling", ", \"scale\": [1, 2, 3], \"offset\": [1, 2]"),
                   "m.h5: layer 'x' (Rescaling): 3 scales and 2 offsets");
}

static void refused_convolutions(void **state)
{
    (void)state;
    expect_refused(LAYER("Conv2D", ", \"filters\": 2, \"kernel_size\": [3, 3], \"dilation_rate\": [4, 4]"),
                   "m.h5: conv 'x': window of 3 x 3 does not fit its input of 8 x 8");
    expect_refused(LAYER("Conv2D", ", \"filters\": 2, \"kernel_size\": [3, 3], \"groups\": 2"),
                   "m.h5: layer 'x' (Conv2D): 2 groups do not divide 3 channels and 2 filters");
    expect_refused(LAYER("Conv2D", ", \"filters\": 2, \"kernel_size\": [3, 3], \"data_format\": \"rows\""),
                   "m.h5: layer 'x' (Conv2D): data_format is rows, channels_last and channels_first are supported");
    expect_refused(LAYER("Conv2D", ", \"filters\": 2, \"kernel_size\": [3, 3], \"padding\": \"causal\""),
                   "m.h5: layer 'x' (Conv2D): padding is causal, only same and valid are supported");
    expect_refused(LAYER("Conv2D", ", \"filters\": 2, \"kernel_size\": [9, 9]"),
                   "m.h5: conv 'x': window of 9 x 9 does not fit its input of 8 x 8");
    expect_refused(LAYER("Conv2D", ", \"kernel_size\": [3, 3]"), "m.h5: layer 'x' (Conv2D): has no filters");
    expect_refused(LAYER("Conv2D", ", \"filters\": 2, \"kernel_size\": [3, 3], \"dtype\": \"int8\""),
                   "m.h5: layer 'x' (Conv2D): dtype is int8, a float policy is wanted");
    expect_refused(LAYER("BatchNormalization", ", \"axis\": [1]"),
                   "m.h5: layer 'x' (BatchNormalization): axis is 1, only the channels (-1 or 3) are supported");
    assert_int_equal(import_sequential("2.9.0", LAYER("Conv2D", ", \"filters\": 0, \"kernel_size\": 3"), ""), -1);
    assert_non_null(strstr(err.msg, "config.layers.config.filters: expected an integer in 1..65536, got 0"));
}

/* Separable convolution, depth multiplier 2, biases, Dense on a plane: numbers against a few lines of arithmetic. */
static void computes_rarer_layers(void **state)
{
    (void)state;
    int rc = import_sequential(
        "2.9.0",
        LAYER("SeparableConv2D",
              ", \"filters\": 2, \"kernel_size\": [1, 1], \"depth_multiplier\": 2, \"use_bias\": true, \"activation\": "
              "\"relu\"") ", "
                          "{\"class_name\": \"Dense\", \"config\": {\"name\": \"y\", \"units\": 1, \"use_bias\": true}}",
        "g /model_weights/x\ng /model_weights/y\nl /model_weights layer_names x y\n"
        "l /model_weights/x weight_names x/depthwise_kernel:0 x/pointwise_kernel:0 x/bias:0\n"
        "d /model_weights/x/x/depthwise_kernel:0 f32 1,1,3,2 1 2 3 4 5 6\n"
        "d /model_weights/x/x/pointwise_kernel:0 f32 1,1,6,2 1 0 0 1 1 0 0 1 1 0 0 -9\n"
        "d /model_weights/x/x/bias:0 f32 2 0.5 0.25\n"
        "l /model_weights/y weight_names y/kernel:0 y/bias:0\n"
        "d /model_weights/y/y/kernel:0 f32 2,1 2 3\nd /model_weights/y/y/bias:0 f32 1 10\n");
    if (rc != 0) print_error("%s\n", err.msg);
    assert_int_equal(rc, 0);
    assert_out(8, 8, 1);
    assert_string_equal(g.node[1].w_path, "/model_weights/x/x/depthwise_kernel:0");
    struct mnq_exec *x = mnq_exec_new(&g, false, &err);
    assert_non_null(x);
    float in[192];
    for (int i = 0; i < 192; i++) in[i] = i % 3 == 0 ? 1.0f : i % 3 == 1 ? 0.5f : 0.25f;
    const float *out = mnq_exec_run(x, in, NULL, NULL);
    /* depthwise: 1 2 1.5 2 1.25 1.5; pointwise: 1 + 1.5 + 1.25 + .5 = 4.25 and 2 + 2 - 13.5 + .25 < 0; dense: 2 * 4.25 + 10
     */
    for (int i = 0; i < 64; i++) assert_true(fabs((double)out[i] - 18.5) < 1e-5);
    mnq_exec_free(x);
}

/* ---- graphs ---- */

#define GRAPH(layers, in, out)                                                                                              \
    "s / keras_version 2.9.0\ns / model_config {\"class_name\": \"Functional\", \"config\": {\"name\": \"f\", \"layers\": " \
    "["                                                                                                                     \
    "{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"batch_input_shape\": [null, 4, 4, 3]}, "             \
    "\"inbound_nodes\": []}, " layers "], \"input_layers\": " in ", \"output_layers\": " out "}}\n" NO_WEIGHTS
#define NODE(class_name, name, inbound)                                                                                     \
    "{\"class_name\": \"" class_name "\", \"name\": \"" name "\", \"config\": {}, \"inbound_nodes\": [" inbound "]}"
#define IN  "[[\"in\", 0, 0]]"
#define OUT "[[\"a\", 0, 0]]"

static void expect_graph_refused(const char *text, const char *message)
{
    assert_int_equal(import_text(text), -1);
    if (strstr(err.msg, message) == NULL) print_error("%s\n", err.msg);
    assert_non_null(strstr(err.msg, message));
}

static void graphs(void **state)
{
    (void)state;
    /* layers in the wrong order, and one that leads nowhere */
    assert_int_equal(
        import_text(
            GRAPH(NODE("Add", "a", "[[\"b\", 0, 0, {}], [\"c\", 0, 0, {}]]") ", " NODE(
                      "ReLU", "c", "[[\"b\", 0, 0, {}]]") ", " NODE("ReLU", "b",
                                                                    "[[\"in\", 0, 0, {}]]") ", " NODE("MaxPooling2D", "dead",
                                                                                                      "[[\"b\", 0, 0, {}]]"),
                  IN, OUT)),
        0);
    assert_int_equal(g.n, 4);
    /* one ReLU object used twice */
    assert_int_equal(import_text(GRAPH(NODE("ReLU", "r", "[[\"in\", 0, 0, {}]], [[\"p\", 0, 0, {}]]") ", " NODE(
                                           "Dropout", "p", "[[\"r\", 0, 0, {}]]"),
                                       IN, "[[\"r\", 1, 0]]")),
                     0);
    assert_int_equal(g.n, 4);
    expect_graph_refused(
        GRAPH(NODE("ReLU", "a", "[[\"b\", 0, 0, {}]]") ", " NODE("ReLU", "b", "[[\"a\", 0, 0, {}]]"), IN, OUT),
        "m.h5: layer 'a' (ReLU): its inputs form a cycle");
    expect_graph_refused(GRAPH(NODE("ReLU", "a", "[[\"zz\", 0, 0, {}]]"), IN, OUT), "there is no layer 'zz'");
    expect_graph_refused(GRAPH(NODE("ReLU", "a", "[[\"in\", 0, 3, {}]]"), IN, OUT), "output 3 of layer 'in'");
    assert_int_equal(
        import_text(GRAPH(NODE("ReLU", "a", "[[\"in\", 0, 0, {}]]") ", " NODE("Softmax", "b", "[[\"a\", 0, 0, {}]]"), IN,
                          "{\"x\": [\"b\", 0, 0], \"y\": [\"a\", 0, 0], \"z\": [\"a\", 0, 0]}")),
        0);
    assert_int_equal(mnq_graph_outputs(&g), 3);
    assert_string_equal(g.node[g.output].name, "b");
    assert_true(g.more[0] == g.node[g.output].in[0] && g.more[1] == g.more[0]);
    assert_string_equal(g.output_name[0], "b");
    assert_string_equal(g.output_name[1], "a");
    assert_string_equal(g.output_name[2], "a_1");
    expect_graph_refused(GRAPH(NODE("ReLU", "a", ""), IN, OUT), "m.h5: layer 'a' (ReLU): is used but has no inbound_nodes");
    expect_graph_refused(GRAPH(NODE("ReLU", "a", "[[\"in\", 0, 0, {}]]"), IN, "[[\"a\", 0, 0], [\"in\", 0, 0]]"),
                         "m.h5: output 2 is the input itself");
    expect_graph_refused(GRAPH(NODE("ReLU", "a", "[[\"in\", 0, 0, {}]]"), "[[\"in\", 0, 0], [\"a\", 0, 0]]", OUT),
                         "model 'f' has 2 inputs, one is supported");
    expect_graph_refused(GRAPH(NODE("ReLU", "in", "[[\"in\", 0, 0, {}]]"), IN, "[[\"in\", 0, 0]]"),
                         "two layers are named 'in'");
    expect_graph_refused(GRAPH(NODE("Add", "a", "[[\"in\", 0, 0, {}]]"), IN, OUT),
                         "m.h5: layer 'a' (Add): has 1 input, two are wanted");
    expect_graph_refused(GRAPH(NODE("ReLU", "a", "[[\"in\", 0, 0, {}], [\"in\", 0, 0, {}]]"), IN, OUT),
                         "m.h5: layer 'a' (ReLU): has 2 inputs, one is wanted");
    expect_graph_refused("s / model_config {\"class_name\": \"Sequential\", \"config\": {\"layers\": []}}\n",
                         "the model has 0 layers");
    expect_graph_refused("s / model_config {\"class_name\": \"MyNet\", \"config\": {\"layers\": []}}\n",
                         "models of class 'MyNet' are not supported; Functional, Model and Sequential are");
    expect_graph_refused("s / model_config [1, 2\n", "m.h5: model_config:");
    expect_graph_refused("s / model_config {}\n", "expected a model with class_name and config");
    expect_graph_refused("s / backend theano\ns / keras_version 2.0.6\ns / model_config {}\n",
                         "m.h5: saved with backend theano, only tensorflow is supported before Keras 3");
}

static void inputs(void **state)
{
    (void)state;
    static const char text[] =
        "s / model_config {\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"ReLU\", \"config\": {\"name\": "
        "\"x\", \"batch_input_shape\": [null, null, null, 1]}}]}\n" NO_WEIGHTS;
    assert_int_equal(import_text(text), 0);
    assert_out(224, 224, 1);
    assert_string_equal(g.note[0],
                        "the file leaves the input size open; 224 x 224 is assumed (--resolution states another)");
    size_t size;
    int bad;
    uint8_t *file = mnq_h5text(text, sizeof text - 1, &size, &bad);
    assert_int_equal(mnq_import_bytes("m.h5", file, size, &(struct mnq_import_opts){.resolution = 64}, &g, &arena, &err), 0);
    assert_out(64, 64, 1);
    assert_int_equal(mnq_import_bytes("m.h5", file, size, &(struct mnq_import_opts){.arch = "v1"}, &g, &arena, &err), -1);
    assert_string_equal(err.msg, "m.h5: holds its own architecture; --arch is for weights-only files");
    assert_int_equal(err.code, MNQ_EXIT_USAGE);
    free(file);
    expect_graph_refused("s / model_config {\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"ReLU\", "
                         "\"config\": {\"name\": \"x\"}}]}\n",
                         "m.h5: layer 'x' (ReLU): is the first layer and says no input shape");
    expect_graph_refused("s / model_config {\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"ReLU\", "
                         "\"config\": {\"name\": \"x\", "
                         "\"batch_input_shape\": [null, 8, 8, 8, 3]}}]}\n",
                         "must have four dimensions (N, H, W, C)");
}

/* ---- weights ---- */

#define CONV LAYER("Conv2D", ", \"filters\": 2, \"kernel_size\": [1, 1], \"use_bias\": false")

static void expect_weights_refused(const char *rest, const char *message)
{
    assert_int_equal(import_sequential("2.9.0", CONV, rest), -1);
    if (strstr(err.msg, message) == NULL) print_error("%s\n", err.msg);
    assert_non_null(strstr(err.msg, message));
}

static void weights(void **state)
{
    (void)state;
#define GROUP "g /model_weights/x\nl /model_weights layer_names x\n"
#define NAMED GROUP "l /model_weights/x weight_names x/kernel:0\n"
    assert_int_equal(import_sequential("2.9.0", CONV, NAMED "d /model_weights/x/x/kernel:0 f32 1,1,3,2 1\n"), 0);
    expect_weights_refused("", "m.h5: /: no attribute 'layer_names'");
    expect_weights_refused("g /model_weights\n", "m.h5: /model_weights: no attribute 'layer_names'");
    expect_weights_refused("g /model_weights\nl /model_weights layer_names x\n", "m.h5: /model_weights/x: no such group");
    expect_weights_refused(GROUP, "m.h5: /model_weights/x: no attribute 'weight_names'");
    expect_weights_refused(NAMED, "m.h5: /model_weights/x/x/kernel:0: no such dataset");
    expect_weights_refused(
        GROUP "l /model_weights/x weight_names\n",
        "m.h5: /model_weights/x: weights and layers do not fit (1 of 1 variables missing, 0 of 0 datasets unused): expected "
        "x/kernel (1,1,3,2), found nothing");
    expect_weights_refused(NAMED "d /model_weights/x/x/kernel:0 f32 1,1,2,3 1\n",
                           "expected x/kernel (1,1,3,2), found x/kernel (1,1,2,3)");
    expect_weights_refused(NAMED "d /model_weights/x/x/kernel:0 f32 6 1\n",
                           "expected x/kernel (1,1,3,2), found x/kernel (6)");
    expect_weights_refused(NAMED "d /model_weights/x/x/kernel:0 f32 1,1,3,2 1 2 nan 4 5 6\n",
                           "m.h5: /model_weights/x/x/kernel:0: value 2 of 6 is NaN");
    expect_weights_refused(NAMED "d /model_weights/x/x/kernel:0 f32 1,1,3,2 1 2 3 4 5 -inf\n",
                           "m.h5: /model_weights/x/x/kernel:0: value 5 of 6 is infinite");
    expect_weights_refused(NAMED "d /model_weights/x/x/kernel:0 f64 1,1,3,2 1 2 3 4 5 1e300\n", "value 5 of 6 is infinite");
    assert_int_equal(import_sequential("2.9.0", CONV, NAMED "d /model_weights/x/x/kernel:0 i32 1,1,3,2 7\n"), 0);
    assert_true(g.node[1].w[0] == 7.0f);
}

/* ---- weights-only ---- */

static void weights_only(void **state)
{
    (void)state;
    expect_graph_refused(
        "g /a\n",
        "m.h5: not a Keras file: neither model_config (a full model) nor layer_names or /layers (weights) is in it");
    expect_graph_refused("l / layer_names\n", "m.h5: holds no weights");
    expect_graph_refused("g /c\nl / layer_names c\nl /c weight_names c/kernel:0\nd /c/c/kernel:0 f32 3,3,3,8\n",
                         "m.h5: no known network has its 1 convolutions, 0 depthwise and 0 dense layers (V1 has 13 "
                         "depthwise, V2 17, V3-small 11, "
                         "V3-large 15, EfficientNet-B0 and Lite0 16, Xception 34, NASNet-Mobile 160); save the whole model "
                         "instead of its weights, or state --arch");
    size_t size;
    int bad;
    static const char text[] = "g /c\nl / layer_names c\nl /c weight_names c/kernel:0\nd /c/c/kernel:0 f32 3,3,3,8\n";
    uint8_t *file = mnq_h5text(text, sizeof text - 1, &size, &bad);
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_import_bytes("m.h5", file, size, &(struct mnq_import_opts){.arch = "v1-0.25"}, &g, &arena, &err),
                     -1);
    assert_non_null(strstr(err.msg, "m.h5: weights-only, MobileNet V1 0.25: weights and layers do not fit"));
    assert_non_null(strstr(err.msg, "expected conv1_bn/gamma (8), found nothing"));
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_import_bytes("m.h5", file, size, &(struct mnq_import_opts){.arch = "v7"}, &g, &arena, &err), -1);
    assert_int_equal(err.code, MNQ_EXIT_USAGE);
    free(file);
}

/* ---- hostile files ---- */

static void expect_file_refused(const char *path, const char *message)
{
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_import(path, NULL, &g, &arena, &err), -1);
    if (strstr(err.msg, message) == NULL) print_error("%s\n", err.msg);
    assert_non_null(strstr(err.msg, message));
    assert_int_equal(err.code, MNQ_EXIT_FAILED);
}

static void not_a_model(void **state)
{
    (void)state;
    expect_file_refused("no/such/file.h5", "no/such/file.h5: cannot open: No such file or directory");
    expect_file_refused("/", "/: a folder; a model is one file (.keras, .h5 or .mnq)");
    FILE *f = fopen("test_import.tmp", "wb");
    assert_non_null(f);
    fclose(f);
    expect_file_refused("test_import.tmp", "test_import.tmp: an empty file; copy or download it again");
    f = fopen("test_import.tmp", "wb");
    fputs("PK\3\4 but no zip archive", f);
    fclose(f);
    expect_file_refused("test_import.tmp", "test_import.tmp: the zip archive is damaged or truncated");
    unlink("test_import.tmp");
    assert_int_equal(mkfifo("test_import.fifo", 0600), 0);
    expect_file_refused("test_import.fifo", "test_import.fifo: not a regular file but a pipe");
    unlink("test_import.fifo");
}

static void truncated(void **state)
{
    (void)state;
    static const char text[] =
        "s / model_config {\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"Conv2D\", \"config\": {\"name\": "
        "\"x\", "
        "\"filters\": 2, \"kernel_size\": 1, \"use_bias\": false, \"batch_input_shape\": [null, 8, 8, 3]}}]}\n" NAMED
        "d /model_weights/x/x/kernel:0 f32 1,1,3,2 1\n";
    size_t size;
    int bad;
    uint8_t *file = mnq_h5text(text, sizeof text - 1, &size, &bad);
    assert_int_equal(mnq_import_bytes("m.h5", file, size, NULL, &g, &arena, &err), 0);
    for (size_t n = 0; n < size; n += n < 16 ? 1 : 97) { /* exact copies, so that a sanitizer sees reads behind the end */
        uint8_t *part = malloc(n + 1);
        assert_non_null(part);
        memcpy(part, file, n);
        memset(&err, 0, sizeof err);
        assert_int_equal(mnq_import_bytes("m.h5", part, n, NULL, &g, &arena, &err), -1);
        assert_int_equal(err.code, MNQ_EXIT_FAILED);
        assert_true(strncmp(err.msg, "m.h5: ", 6) == 0);
        free(part);
    }
    free(file);
}

/* Shapes that promise what the file does not hold, and links that lead out of it. */
static void promises(void **state)
{
    (void)state;
    static const char config[] = "{\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"Dense\", \"config\": "
                                 "{\"name\": \"x\", \"units\": 65536, "
                                 "\"use_bias\": false, \"batch_input_shape\": [null, 1, 1, 16384]}}]}",
                      *names[] = {"x/kernel:0"}, *layers[] = {"x"};
    for (int kind = 0; kind < 4; kind++) {
        hid_t file = H5Fcreate("test_import.tmp", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), type = H5Tcopy(H5T_C_S1);
        hid_t root = H5Gcreate2(file, "model_weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        hid_t group = H5Gcreate2(root, "x", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), scalar = H5Screate(H5S_SCALAR);
        hid_t inner = H5Gcreate2(group, "x", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
              one = H5Screate_simple(1, (hsize_t[]){1}, NULL);
        H5Tset_size(type, H5T_VARIABLE);
        const void *value[] = {config, layers[0], names[0]};
        const hid_t object[] = {file, root, group}, space[] = {scalar, one, one};
        static const char *const attr[] = {"model_config", "layer_names", "weight_names"};
        for (int i = 0; i < 3; i++) {
            hid_t a = H5Acreate2(object[i], attr[i], type, space[i], H5P_DEFAULT, H5P_DEFAULT);
            assert_true(a >= 0 && H5Awrite(a, type, &value[i]) >= 0);
            H5Aclose(a);
        }
        hid_t plist = H5Pcreate(H5P_DATASET_CREATE),
              big = H5Screate_simple(2, (hsize_t[]){65536, kind == 0 ? 65536u : 1024u}, NULL);
        if (kind == 0) H5Pset_alloc_time(plist, H5D_ALLOC_TIME_LATE); /* 16 GB that were never written */
        if (kind == 1) assert_true(H5Pset_external(plist, "/etc/passwd", 0, H5F_UNLIMITED) >= 0);
        if (kind < 2 || kind == 3) {
            hid_t set = H5Dcreate2(inner, "kernel:0", H5T_IEEE_F32LE, big, H5P_DEFAULT, plist, H5P_DEFAULT);
            assert_true(set >= 0);
            H5Dclose(set);
        } else {
            H5Lcreate_external("other.h5", "/secret", inner, "kernel:0", H5P_DEFAULT, H5P_DEFAULT);
        }
        H5Sclose(big);
        H5Sclose(one);
        H5Sclose(scalar);
        H5Pclose(plist);
        H5Tclose(type);
        H5Gclose(inner);
        H5Gclose(group);
        H5Gclose(root);
        H5Fclose(file);
        static const char *const message[] = {
            "/model_weights/x/x/kernel:0: the dataset holds 0 bytes, 17179869184 wanted",
            "/model_weights/x/x/kernel:0: the dataset lies in another file, which is not followed",
            "/model_weights/x/x/kernel:0: behind a link to another file, which is not followed",
            "/model_weights/x/x/kernel:0: the dataset holds 0 bytes, 268435456 wanted"};
        expect_file_refused("test_import.tmp", message[kind]);
    }
    unlink("test_import.tmp");
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(activations),           TEST(hard_sigmoid), TEST(shapes),   TEST(rescaling), TEST(refused_convolutions),
        TEST(computes_rarer_layers), TEST(graphs),       TEST(inputs),   TEST(weights),   TEST(weights_only),
        TEST(not_a_model),           TEST(truncated),    TEST(promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
