/* SPDX-License-Identifier: Apache-2.0
 * Functions applied to tensors, in the dialects that store them: a Lambda by name, TFOpLambda, keras.ops. Each is checked by
 * the values that come out. */
#include "graph/cost.h"
#include "importing.h"

#define TF "tensorflow.python.ops"

/* 2 x 2 pixels of 2 channels. */
static const float small[] = {1, -2, 3, -4, 5, -6, 7, 8};

/* The function with its arguments as a Lambda on an input of `shape`; gives n values. */
static void gives(const char *shape, const float *in, const char *function, const char *arguments, const double *want,
                  size_t n)
{
    char layer[800];
    snprintf(
        layer, sizeof layer,
        "{\"class_name\": \"Lambda\", \"config\": {\"name\": \"x\", \"function\": \"%s\", \"function_type\": \"function\", "
        "\"module\": \"" TF "\", \"arguments\": {%s}}}",
        function, arguments);
    taken(import_on(shape, "2.4.0", layer, NONE));
    struct mnq_shape s = g.node[g.output].out;
    assert_int_equal((size_t)s.h * (size_t)s.w * (size_t)s.c, n);
    computes(in, want, n);
}

/* In front of an input's values stands a layer that makes no front of them. */
static void inside(const char *function, const char *arguments, const double *want, size_t n)
{
    char layer[1200];
    snprintf(
        layer, sizeof layer,
        "{\"class_name\": \"ZeroPadding2D\", \"config\": {\"name\": \"p\", \"padding\": [[0, 0], [0, 0]]}}, "
        "{\"class_name\": \"Activation\", \"config\": {\"name\": \"t\", \"activation\": \"softsign\"}}, "
        "{\"class_name\": \"Lambda\", \"config\": {\"name\": \"x\", \"function\": \"%s\", \"function_type\": \"function\", "
        "\"module\": \"" TF "\", \"arguments\": {%s}}}",
        function, arguments);
    taken(import_on("2, 2, 2", "2.4.0", layer, NONE));
    struct mnq_shape s = g.node[g.output].out;
    assert_int_equal((size_t)s.h * (size_t)s.w * (size_t)s.c, n);
    const float in[] = {1, -1, 3, -3, -1, 1, -3, 3}; /* halves and three quarters */
    computes(in, want, n);
}

static void reductions(void **state)
{
    (void)state;
    gives("2, 2, 2", small, "reduce_mean", "\"axis\": [1, 2]", (double[]){4, -1}, 2);
    gives("2, 2, 2", small, "reduce_sum", "\"axis\": [-3, -2], \"keepdims\": true", (double[]){16, -4}, 2);
    gives("2, 2, 2", small, "reduce_max", "\"axis\": [2, 1]", (double[]){7, 8}, 2);
    gives("2, 2, 2", small, "reduce_mean", "\"axis\": -1, \"keepdims\": true", (double[]){-0.5, -0.5, -0.5, 7.5}, 4);
    gives("2, 2, 2", small, "max", "\"axis\": 3", (double[]){1, 3, 5, 8}, 4);
    gives("1, 4, 2", small, "reduce_max", "\"axis\": 2", (double[]){7, 8}, 2); /* a picture of one row */
    refused(import_on("2, 2, 2", "2.4.0",
                      LAYER("Lambda", ", \"function\": \"reduce_mean\", \"function_type\": \"function\", \"module\": \"" TF
                                      "\", \"arguments\": {\"axis\": 1}"),
                      NONE),
            "height and width together are, and channels");
}

static void moves(void **state)
{
    (void)state;
    gives("2, 2, 2", small, "space_to_depth", "\"block_size\": 2", (double[]){1, -2, 3, -4, 5, -6, 7, 8}, 8);
    gives("1, 2, 4", small, "depth_to_space", "\"block_size\": 2", (double[]){1, -2, 5, -6, 3, -4, 7, 8}, 8);
    gives("1, 2, 4", small, "channel_shuffle", "\"groups\": 2", (double[]){1, 3, -2, -4, 5, 7, -6, 8}, 8);
    gives("1, 2, 1", small, "grayscale_to_rgb", "", (double[]){1, 1, 1, -2, -2, -2}, 6);
    gives("1, 1, 4", small, "expand_dims", "\"axis\": 1", (double[]){1, -2, 3, -4}, 4);
    gives("1, 1, 4", small, "reshape", "\"shape\": [-1, 4]", (double[]){1, -2, 3, -4}, 4);
    gives("1, 2, 2", small, "pad", "\"paddings\": [[0, 0], [1, 0], [0, 1], [0, 0]]",
          (double[]){0, 0, 0, 0, 0, 0, 1, -2, 3, -4, 0, 0}, 12);
    refused(import_on("2, 2, 2", "2.4.0",
                      LAYER("Lambda",
                            ", \"function\": \"pad\", \"function_type\": \"function\", \"module\": \"" TF
                            "\", \"arguments\": {\"paddings\": [[0, 0], [0, 0], [0, 0], [0, 1]], \"constant_values\": 1}"),
                      NONE),
            "only zeros around rows, columns and channels");
    gives("1, 2, 2", small, "pad", "\"paddings\": [[0, 0], [0, 0], [0, 0], [0, 1]]", (double[]){1, -2, 0, 3, -4, 0}, 6);
    gives("1, 2, 1", small, "pad", "\"paddings\": [[0, 0], [0, 0], [0, 0], [2, 1]]", (double[]){0, 0, 1, 0, 0, 0, -2, 0}, 8);
    refused(import_on("2, 2, 2", "2.4.0",
                      LAYER("Lambda", ", \"function\": \"pad\", \"function_type\": \"function\", \"module\": \"" TF
                                      "\", \"arguments\": {\"paddings\": [[0, 0], [1, 0], [0, 0], [0, 1]]}"),
                      NONE),
            "pads channels and pixels at once");
    char wide[120];
    static double wanted[2 * 8002];
    wanted[0] = 1, wanted[8002] = -2;
    snprintf(wide, sizeof wide, "\"paddings\": [[0, 0], [0, 0], [0, 0], [0, 8001]]");
    gives("1, 2, 1", small, "pad", wide, wanted, 2 * 8002);
}

static void sizes(void **state)
{
    (void)state;
    static const double twice[] = {.5,  -.5, .5,  -.5, .75,  -.75, .75,  -.75, .5,  -.5, .5,  -.5, .75,  -.75, .75,  -.75,
                                   -.5, .5,  -.5, .5,  -.75, .75,  -.75, .75,  -.5, .5,  -.5, .5,  -.75, .75,  -.75, .75};
    inside("resize", "\"size\": [4, 4], \"method\": \"nearest\"", twice, 32);
    inside("resize_nearest_neighbor", "\"size\": [4, 4]", twice, 32);
    inside("resize_images", "\"height_factor\": 2, \"width_factor\": 2, \"data_format\": \"channels_last\"", twice, 32);
    inside("resize_bilinear", "\"size\": [1, 1]", (double[]){0, 0}, 2); /* half way between all of them */
    inside("resize", "\"size\": [2, 4]",
           (double[]){.5, -.5, .5625, -.5625, .6875, -.6875, .75, -.75, -.5, .5, -.5625, .5625, -.6875, .6875, -.75, .75},
           16);
    taken(import_on("6, 4, 3", "2.4.0",
                    LAYER("Lambda", ", \"function\": \"resize\", \"function_type\": \"function\", \"module\": \"" TF
                                    "\", \"arguments\": {\"size\": [9, 5]}"),
                    NONE));
    assert_true(g.node[0].out.h == 9 &&
                g.node[0].out.w == 5); /* at the front pictures are brought there when they are read */
}

static void arithmetic(void **state)
{
    (void)state;
    gives("1, 2, 2", small, "abs", "", (double[]){1, 2, 3, 4}, 4);
    gives("1, 2, 2", small, "negative", "", (double[]){-1, 2, -3, 4}, 4);
    gives("1, 2, 2", small, "pow", "\"y\": 2", (double[]){1, 4, 9, 16}, 4);
    gives("1, 2, 2", small, "minimum", "\"y\": 0.5", (double[]){.5, -2, .5, -4}, 4);
    gives("1, 2, 2", small, "maximum", "\"y\": -3", (double[]){1, -2, 3, -3}, 4);
    gives("1, 2, 2", small, "clip_by_value", "\"clip_value_min\": -3, \"clip_value_max\": 2", (double[]){1, -2, 2, -3}, 4);
    gives("2, 2, 2", small, "max_pool2d", "\"ksize\": [1, 2, 2, 1], \"strides\": [1, 2, 2, 1], \"padding\": \"VALID\"",
          (double[]){7, 8}, 2);
    gives("2, 2, 2", small, "avg_pool2d", "\"ksize\": 2, \"strides\": 2, \"padding\": \"SAME\"", (double[]){4, -1}, 2);
}

/* ---- several tensors ---- */

#define MODEL(layers, last)                                                                                                 \
    "{\"class_name\": \"Functional\", \"config\": {\"name\": \"m\", \"layers\": [" layers                                   \
    "], \"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"" last "\", 0, 0]]}}"
#define INPUT2                                                                                                              \
    "{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"batch_input_shape\": [null, 1, 1, 4], \"name\": "    \
    "\"in\"}, \"inbound_nodes\": []}, "
#define INPUT3                                                                                                              \
    "{\"module\": \"keras.layers\", \"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"batch_shape\": "       \
    "[null, 1, "                                                                                                            \
    "1, 4], \"name\": \"in\"}, \"inbound_nodes\": []}, "
#define TENSOR(name, k)                                                                                                     \
    "{\"class_name\": \"__keras_tensor__\", \"config\": {\"shape\": [null], \"keras_history\": [\"" name "\", 0, " k "]}}"

static void import_model(const char *version, const char *model)
{
    static char text[8000];
    snprintf(text, sizeof text,
             "s / keras_version %s\ns / backend tensorflow\ns / model_config %s\ng /model_weights\nl /model_weights "
             "layer_names\n",
             version, model);
    taken(import_text(text));
}

static void parts(void **state)
{
    (void)state;
    static const double swapped[] = {3, -4, 1, -2}, uneven[] = {-4, 1, -2, 3};
    import_model("2.9.0",
                 MODEL(INPUT2
                       "{\"class_name\": \"TFOpLambda\", \"name\": \"s\", \"config\": {\"name\": \"s\", \"function\": "
                       "\"split\"}, \"inbound_nodes\": [[\"in\", 0, 0, {\"num_or_size_splits\": 2, \"axis\": -1}]]}, "
                       "{\"class_name\": \"Concatenate\", \"name\": \"c\", \"config\": {\"name\": \"c\", \"axis\": -1}, "
                       "\"inbound_nodes\": [[[\"s\", 0, 1, {}], [\"s\", 0, 0, {}]]]}",
                       "c"));
    computes(small, swapped, 4);
    import_model(
        "3.5.0",
        MODEL(INPUT3
              "{\"module\": \"keras.src.ops.numpy\", \"class_name\": \"Split\", \"name\": \"s\", \"config\": "
              "{\"name\": \"s\", \"indices_or_sections\": [3], \"axis\": -1}, \"inbound_nodes\": [{\"args\": "
              "[" TENSOR("in",
                         "0") "], \"kwargs\": {}}]}, "
                              "{\"module\": \"keras.layers\", \"class_name\": \"Concatenate\", \"name\": \"c\", \"config\": "
                              "{\"name\": \"c\", \"axis\": -1}, \"inbound_nodes\": [{\"args\": [[" TENSOR(
                                  "s", "1") ", " TENSOR("s", "0") "]], \"kwargs\": {}}]}",
              "c"));
    computes(small, uneven, 4);
}

/* A tensor of 2 x 2 pixels and its negative, one behind the other along an axis. */
static void join(const char *axis, int h, int w, const double *want)
{
    char text[3000];
    snprintf(
        text, sizeof text,
        MODEL("{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"batch_input_shape\": [null, 2, 2, 1], "
              "\"name\": \"in\"}, \"inbound_nodes\": []}, {\"class_name\": \"TFOpLambda\", \"name\": \"n\", \"config\": "
              "{\"name\": \"n\", \"function\": \"math.negative\"}, \"inbound_nodes\": [[\"in\", 0, 0, {}]]}, "
              "{\"class_name\": \"Concatenate\", \"name\": \"c\", \"config\": {\"name\": \"c\", \"axis\": %s}, "
              "\"inbound_nodes\": [[[\"in\", 0, 0, {}], [\"n\", 0, 0, {}]]]}",
              "c"),
        axis);
    import_model("2.9.0", text);
    assert_true(g.node[g.output].out.h == h && g.node[g.output].out.w == w);
    computes(small, want, 8);
}

static void joined(void **state)
{
    (void)state;
    static const double rows[] = {1, -2, 3, -4, -1, 2, -3, 4}, columns[] = {1, -2, -1, 2, 3, -4, -3, 4};
    static const char points[] = /* of 1 x 1 x 2: one below the other, for axis 1 is not their channels */
        MODEL("{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"batch_input_shape\": [null, 2, 2, 2], "
              "\"name\": \"in\"}, \"inbound_nodes\": []}, {\"class_name\": \"GlobalAveragePooling2D\", \"name\": \"a\", "
              "\"config\": {\"name\": \"a\", \"keepdims\": true}, \"inbound_nodes\": [[[\"in\", 0, 0, {}]]]}, "
              "{\"class_name\": \"GlobalMaxPooling2D\", \"name\": \"m\", \"config\": {\"name\": \"m\", \"keepdims\": "
              "true}, \"inbound_nodes\": [[[\"in\", 0, 0, {}]]]}, {\"class_name\": \"Concatenate\", \"name\": \"c\", "
              "\"config\": {\"name\": \"c\", \"axis\": 1}, \"inbound_nodes\": [[[\"a\", 0, 0, {}], [\"m\", 0, 0, {}]]]}",
              "c");
    import_model("2.9.0", points);
    assert_true(g.node[g.output].out.h == 2 && g.node[g.output].out.c == 2);
    computes(small, (double[]){4, -1, 7, 8}, 4);
    join("1", 4, 2, rows);
    join("-3", 4, 2, rows);
    join("2", 2, 4, columns);
    join("-2", 2, 4, columns);
}

/* Groups of channels exchanged by functions; lists of lists among the arguments of keras.ops. */
static void dialects(void **state)
{
    (void)state;
    static const double shuffled[] = {1, 3, -2, -4};
#define CALL(name, function, from, arguments)                                                                               \
    "{\"class_name\": \"TFOpLambda\", \"name\": \"" name "\", \"config\": {\"name\": \"" name                               \
    "\", \"function\": \"" function "\"}, \"inbound_nodes\": [[\"" from "\", 0, 0, {" arguments "}]]}"
    import_model("2.9.0", MODEL(INPUT2 CALL("a", "reshape", "in", "\"shape\": [-1, 1, 1, 2, 2]") ", " CALL(
                                    "b", "transpose", "a",
                                    "\"perm\": [0, 1, 2, 4, 3]") ", " CALL("c", "reshape", "b", "\"shape\": [-1, 1, 1, 4]"),
                                "c"));
    computes(small, shuffled, 4);
#define OP3(name, class_name, from, more, config)                                                                           \
    "{\"module\": \"keras.src.ops.numpy\", \"class_name\": \"" class_name "\", \"name\": \"" name                           \
    "\", \"config\": {\"name\": \"" name "\"" config "}, \"inbound_nodes\": [{\"args\": [" TENSOR(from, "0") more           \
        "], \"kwargs\": {}}]}"
    import_model("3.5.0", MODEL(INPUT3 OP3("a", "Pad", "in", ", [[0, 0], [0, 0], [1, 0], [0, 0]]", "") ", " OP3(
                                    "b", "Max", "a", "", ", \"axis\": [1, 2], \"keepdims\": false") ", " OP3("c", "Negative",
                                                                                                             "b", "", ""),
                                "c"));
    computes(small, (double[]){-1, 0, -3, 0}, 4);
}

/* ---- what users call the activations they wrote ---- */

static void own_names(void **state)
{
    (void)state;
    static const char *const relu6[] = {LAYER("Activation", ", \"activation\": \"Custom>relu6\""),
                                        LAYER("Activation", ", \"activation\": \"_relu6\""),
                                        LAYER("Activation",
                                              ", \"activation\": {\"class_name\": \"Custom>relu6\", \"config\": "
                                              "{\"name\": \"relu6\"}}"),
                                        LAYER("Relu6", ""), LAYER("Custom>ReLU6", "")},
                             *const hswish[] = {LAYER("HSwish", ""), LAYER("Custom>Hswish", ""),
                                                LAYER("Activation", ", \"activation\": \"HardSwish\"")};
    const float in[] = {-2, 2, 9};
    for (size_t i = 0; i < sizeof relu6 / sizeof *relu6; i++) {
        taken(import_on("1, 1, 3", "2.9.0", relu6[i], NONE));
        computes(in, (double[]){0, 2, 6}, 3);
    }
    for (size_t i = 0; i < sizeof hswish / sizeof *hswish; i++) {
        taken(import_on("1, 1, 3", "2.9.0", hswish[i], NONE));
        computes(in, (double[]){-1 / 3.0, 5 / 3.0, 9}, 3);
    }
    taken(
        import_on("1, 1, 3", "3.5.0",
                  LAYER("Activation", ", \"activation\": {\"module\": \"keras.layers\", \"class_name\": \"LeakyReLU\", "
                                      "\"config\": {\"name\": \"l\", \"negative_slope\": 0.25}, \"registered_name\": null}"),
                  NONE));
    computes(in, (double[]){-0.5, 2, 9}, 3);
    static const char *const nothing[] = {LAYER("FixedDropout", ", \"rate\": 0.2"), LAYER("DropPath", ""),
                                          LAYER("Addons>StochasticDepth", ", \"survival_probability\": 0.5")};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        taken(import_on("1, 1, 3", "2.9.0", nothing[i], NONE));
        computes(in, (double[]){-2, 2, 9}, 3);
    }
    taken(import_on("1, 1, 3", "2.9.0", LAYER("PReLU", ", \"shared_axes\": [1, 2, 3]"),
                    "g /model_weights/x\nl /model_weights layer_names x\nl /model_weights/x weight_names x/alpha:0\n"
                    "d /model_weights/x/x/alpha:0 f32 1,1,1 0.5\n"));
    computes(in, (double[]){-1, 2, 9}, 3);
    assert_int_equal(mnq_cost_total(&g).params, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reductions), cmocka_unit_test(moves),    cmocka_unit_test(sizes),     cmocka_unit_test(arithmetic),
        cmocka_unit_test(parts),      cmocka_unit_test(dialects), cmocka_unit_test(own_names), cmocka_unit_test(joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
