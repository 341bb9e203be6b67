/* SPDX-License-Identifier: Apache-2.0
 * What files of real users hold beside plain layers: wrappers, preprocessing layers, functions by name, layers called twice,
 * integers for weights, numbers in old spellings. Each is checked by the values that come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/cost.h"
#include "graph/exec.h"
#include "import/import.h"
#include "importing.h"
#include "passes/passes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

/* A number in one of its spellings. */
enum { SPELLINGS = 8 };
static const char *spell(double v, int way, char *buf, size_t n)
{
    static const char *const form[SPELLINGS] = {
        "%.10g",
        "\"%.10g\"",
        "[%.10g]",
        "{\"type\": \"ndarray\", \"value\": %.10g}",
        "{\"class_name\": \"__numpy__\", \"config\": {\"value\": [%.10g], \"dtype\": \"float32\"}}",
        "{\"class_name\": \"__tensor__\", \"config\": {\"value\": %.10g, \"dtype\": \"float32\"}}",
        "[[%.10g]]",
        "{\"class_name\": \"__tuple__\", \"items\": [%.10g]}"};
    snprintf(buf, n, form[way], v);
    return buf;
}

/* Two numbers, likewise. */
static const char *spell_pair(int a, int b, int way, char *buf, size_t n)
{
    static const char *const form[SPELLINGS] = {
        "[%d, %d]",
        "[\"%d\", \"%d\"]",
        "[[%d], [%d]]",
        "{\"class_name\": \"__tuple__\", \"items\": [%d, %d]}",
        "{\"class_name\": \"__numpy__\", \"config\": {\"value\": [%d, %d], \"dtype\": \"int64\"}}",
        "{\"type\": \"ndarray\", \"value\": [%d, %d]}",
        "[%d.0, %d.0]",
        "[{\"type\": \"ndarray\", \"value\": %d}, {\"type\": \"ndarray\", \"value\": %d}]"};
    snprintf(buf, n, form[way], a, b);
    return buf;
}

static void spellings(void **state)
{
    (void)state;
    for (int way = 0; way < SPELLINGS; way++) {
        char layers[6000], n[8][200];
        snprintf(layers, sizeof layers,
                 "{\"class_name\": \"Conv2D\", \"config\": {\"name\": \"c\", \"filters\": %s, \"kernel_size\": %s, "
                 "\"strides\": %s, "
                 "\"padding\": \"same\", \"use_bias\": false}}, "
                 "{\"class_name\": \"BatchNormalization\", \"config\": {\"name\": \"b\", \"axis\": %s, \"epsilon\": %s}}, "
                 "{\"class_name\": \"ReLU\", \"config\": {\"name\": \"r\", \"max_value\": %s}}, "
                 "{\"class_name\": \"Rescaling\", \"config\": {\"name\": \"s\", \"scale\": %s, \"offset\": %s}}",
                 spell(2, way, n[0], sizeof *n), spell_pair(3, 3, way, n[1], sizeof *n),
                 spell_pair(2, 2, way, n[2], sizeof *n), spell(3, way, n[3], sizeof *n), spell(0.5, way, n[4], sizeof *n),
                 spell(6, way, n[5], sizeof *n), spell(0.25, way, n[6], sizeof *n), spell(-1, way, n[7], sizeof *n));
        taken(import_on("8, 8, 3", "2.2.4", layers,
                        "g /model_weights/c\ng /model_weights/b\nl /model_weights layer_names c b r s\n"
                        "l /model_weights/c weight_names c/kernel:0\n"
                        "l /model_weights/b weight_names b/gamma:0 b/beta:0 b/moving_mean:0 b/moving_variance:0\n"
                        "d /model_weights/c/c/kernel:0 f32 3,3,3,2 1\n"
                        "d /model_weights/b/b/gamma:0 f32 2 1\nd /model_weights/b/b/beta:0 f32 2 1\n"
                        "d /model_weights/b/b/moving_mean:0 f32 2 1\nd /model_weights/b/b/moving_variance:0 f32 2 1\n"
                        "g /model_weights/r\nl /model_weights/r weight_names\n"
                        "g /model_weights/s\nl /model_weights/s weight_names\n"));
        assert_true(g.n == 5 && g.node[1].kh == 3 && g.node[1].sw == 2 && g.node[1].out.c == 2 && g.node[1].out.h == 4);
        assert_true(g.node[2].eps == 0.5f && g.node[3].act_max == 6.0f);
        assert_true(g.node[4].scale[1] == 0.25f && g.node[4].offset[0] == -1.0f);
    }
    taken(import_on("4, 4, 3", "2.9.0", LAYER("ReLU", ", \"max_value\": Infinity"), NONE));
    assert_true(g.node[1].act == MNQ_ACT_RELU);
    taken(import_on("4, 4, 3", "2.9.0", LAYER("ReLU", ", \"max_value\": {\"type\": \"ndarray\", \"value\": null}"), NONE));
    assert_true(g.node[1].act == MNQ_ACT_RELU);
    refused(
        import_on("4, 4, 3", "2.9.0", LAYER("ReLU", ", \"max_value\": {\"type\": \"ndarray\", \"value\": [6, 7]}"), NONE),
        "expected a number");
    refused(import_on("4, 4, 3", "2.9.0", LAYER("ReLU", ", \"max_value\": \"six\""), NONE), "expected a number, got six");
}

/* ---- wrappers ---- */

#define INNER                                                                                                               \
    "\"layer\": {\"class_name\": \"Dense\", \"config\": {\"name\": \"fc\", \"units\": 2, \"activation\": \"linear\"}}"
#define GROUP "g /model_weights/x\nl /model_weights layer_names x\n"
#define W     "d /model_weights/x/"

static const float three[3] = {1, 10, 100};

static void pruned(void **state)
{
    (void)state;
    /* both namings of the mask, with the layer's own scope and with the wrapper's */
    static const char *const file[] = {
        GROUP "l /model_weights/x weight_names x/kernel:0 x/bias:0 x/mask:0 x/threshold:0 x/pruning_step:0\n" W
              "x/kernel:0 f32 3,2 1 2 3 4 5 6\n" W "x/bias:0 f32 2 0.5 0.25\n" W "x/mask:0 f32 3,2 1 0 0 1 1 1\n" W
              "x/threshold:0 f32 1 0.1\n" W "x/pruning_step:0 i64 1 7\n",
        GROUP "l /model_weights/x weight_names x/x/kernel:0 x/x/bias:0 x/x/kernel:0_mask:0 x/x/kernel:0_threshold:0 "
              "x/pruning_step:0\n" W "x/x/kernel:0 f32 3,2 1 2 3 4 5 6\n" W "x/x/bias:0 f32 2 0.5 0.25\n" W
              "x/x/kernel:0_mask:0 f32 3,2 1 0 0 1 1 1\n" W "x/x/kernel:0_threshold:0 f32 1 0.1\n" W
              "x/pruning_step:0 i64 1 7\n",
        GROUP "l /model_weights/x weight_names fc/kernel:0 fc/bias:0 prune_low_magnitude_fc/mask:0\n" W
              "fc/kernel:0 f32 3,2 1 2 3 4 5 6\n" W "fc/bias:0 f32 2 0.5 0.25\n" W
              "prune_low_magnitude_fc/mask:0 f32 3,2 1 0 0 1 1 1\n"};
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        taken(import_on("1, 1, 3", "2.4.0", LAYER("PruneLowMagnitude", ", \"pruning_schedule\": {}, " INNER), file[i]));
        computes(three, (double[]){1 + 500 + 0.5, 40 + 600 + 0.25}, 2);
        assert_string_equal(g.node[1].name, "fc");
        assert_non_null(g.node[1].w_path); /* zeros may be written back: the mask keeps them */
    }
    refused(import_on("1, 1, 3", "2.4.0", LAYER("PruneLowMagnitude", ", \"pruning_schedule\": {}"), NONE), "holds no layer");
}

static void clustered(void **state)
{
    (void)state;
#define CLUSTER ", \"number_of_clusters\": 2, " INNER
    taken(import_on("1, 1, 3", "2.4.0", LAYER("ClusterWeights", CLUSTER),
                    GROUP "l /model_weights/x weight_names fc/kernel:0 fc/bias:0 x/cluster_centroids_kernel:0 "
                          "x/pulling_indices_kernel:0\n" W "fc/kernel:0 f32 3,2 1 2 3 4 5 6\n" W "fc/bias:0 f32 2 0\n" W
                          "x/cluster_centroids_kernel:0 f32 2 -1 4\n" W "x/pulling_indices_kernel:0 i64 3,2 0 1 1 0 1 0\n"));
    computes(three, (double[]){-1 + 40 + 400, 4 - 10 - 100}, 2);
    assert_null(g.node[1].w_path); /* new values would not be centroids */
    taken(import_on("1, 1, 3", "2.4.0", LAYER("ClusterWeights", CLUSTER),
                    GROUP "l /model_weights/x weight_names x/kernel:0 x/bias:0 x/cluster_centroids_kernel:0\n" W
                          "x/kernel:0 f32 3,2 1 2 3 4 5 6\n" W "x/bias:0 f32 2 0\n" W
                          "x/cluster_centroids_kernel:0 f32 2 1 6\n"));
    computes(three, (double[]){1 + 10 + 600, 1 + 60 + 600}, 2); /* the nearest each: 1 1 1 6 6 6 */
    refused(import_on("1, 1, 3", "2.4.0", LAYER("ClusterWeights", CLUSTER),
                      GROUP "l /model_weights/x weight_names fc/kernel:0 fc/bias:0 x/cluster_centroids_kernel:0 "
                            "x/pulling_indices_kernel:0\n" W "fc/kernel:0 f32 3,2 1\n" W "fc/bias:0 f32 2 0\n" W
                            "x/cluster_centroids_kernel:0 f32 2 -1 4\n" W "x/pulling_indices_kernel:0 i64 3,2 2\n"),
            "index 2 of 2 centroids");
}

static void quantization_aware(void **state)
{
    (void)state;
    taken(
        import_on("1, 1, 3", "2.8.0",
                  LAYER("QuantizeWrapperV2", ", \"quantize_config\": {}, \"layer\": {\"class_name\": \"Dense\", \"config\": "
                                             "{\"name\": \"fc\", \"units\": 2, \"activation\": {\"class_name\": "
                                             "\"QuantizeAwareActivation\", \"config\": {\"activation\": \"relu\"}}}}"),
                  GROUP "l /model_weights/x weight_names x/optimizer_step:0 fc/kernel:0 fc/bias:0 x/kernel_min:0 "
                        "x/kernel_max:0 x/post_activation_min:0\n" W "x/optimizer_step:0 i32 1 -1\n" W
                        "fc/kernel:0 f32 3,2 1 -2 3 -4 5 -6\n" W "fc/bias:0 f32 2 0\n" W "x/kernel_min:0 f32 2 -1\n" W
                        "x/kernel_max:0 f32 2 1\n" W "x/post_activation_min:0 f32 1 0\n"));
    computes(three, (double[]){531, 0}, 2);
    taken(import_on("1, 1, 3", "2.8.0", LAYER("QuantizeLayer", ", \"quantizer\": {}"), NONE));
    computes(three, (double[]){1, 10, 100}, 3);
    taken(import_on("1, 1, 3", "2.8.0",
                    LAYER("QuantizeWrapper", ", \"layer\": {\"class_name\": \"Activation\", \"config\": {\"name\": \"a\", "
                                             "\"activation\": {\"class_name\": \"NoOpActivation\", \"config\": {}}}}"),
                    NONE));
    refused(import_on("1, 1, 3", "2.8.0", LAYER("TimeDistributed", ", " INNER), NONE),
            "(TimeDistributed): runs its layer on");
    refused(import_on("1, 1, 3", "2.8.0", LAYER("Masking", ", \"mask_value\": 0"), NONE), "(Masking): masks steps");
}

/* ---- Keras 3's integers ---- */

#define QUANTIZED(mode)                                                                                                     \
    "{\"class_name\": \"Dense\", \"config\": {\"name\": \"x\", \"units\": 2, \"dtype\": {\"module\": \"keras\", "           \
    "\"class_name\": \"QuantizedDTypePolicy\", \"config\": {\"mode\": \"" mode "\", \"source_name\": \"float32\"}}}}"

static void integers(void **state)
{
    (void)state;
#define INT8 "l /model_weights/x weight_names x/kernel x/bias x/kernel_scale\n" W "x/bias f32 2 0.5\n"
    taken(import_on("1, 1, 3", "3.3.3", QUANTIZED("int8"),
                    GROUP INT8 W "x/kernel u8 3,2 10 20 30 40 50 60\n" W "x/kernel_scale f32 2 10 5\n"));
    computes(three, (double[]){1 + 30 + 500 + 0.5, 4 + 80 + 1200 + 0.5}, 2);
    assert_null(g.node[1].w_path);
    /* two to a byte, along the inputs and along the outputs: [1 -2; 3 4; -5 6] */
    taken(import_on("1, 1, 3", "3.3.3", QUANTIZED("int4"),
                    GROUP INT8 W "x/kernel u8 2,2 49 78 11 6\n" W "x/kernel_scale f32 2 1 2\n"));
    computes(three, (double[]){1 + 30 - 500 + 0.5, -1 + 20 + 300 + 0.5}, 2);
    taken(import_on("1, 1, 3", "3.12.0", QUANTIZED("int4"),
                    GROUP INT8 W "x/kernel u8 3,1 225 67 107\n" W "x/kernel_scale f32 2 1 2\n"));
    computes(three, (double[]){1 + 30 - 500 + 0.5, -1 + 20 + 300 + 0.5}, 2);
    refused(import_on("1, 1, 3", "3.3.3", QUANTIZED("int8"),
                      GROUP "l /model_weights/x weight_names x/kernel x/bias\n" W "x/kernel u8 3,2 1\n" W
                            "x/bias f32 2 1\n"),
            "integers without a kernel_scale");
    refused(
        import_on("1, 1, 3", "3.3.3", QUANTIZED("int8"), GROUP INT8 W "x/kernel u8 3,2 1\n" W "x/kernel_scale f32 2,2 1\n"),
        "4 scales for 2 outputs; weights quantized in groups are not supported");
    refused(
        import_on("1, 1, 3", "3.3.3", QUANTIZED("int8"), GROUP INT8 W "x/kernel u8 3,2 1\n" W "x/kernel_scale f32 2 1 0\n"),
        "a scale is 0");
    refused(import_on("1, 1, 3", "3.3.3", QUANTIZED("gptq"), NONE), "dtype is gptq, a float policy is wanted");
}

/* ---- the front ---- */

static void normalization(void **state)
{
    (void)state;
#define STATS(shape)                                                                                                        \
    GROUP "l /model_weights/x weight_names x/mean:0 x/variance:0 x/count:0\n" W "x/mean:0 f32 " shape " 1 2 3\n" W
    taken(import_on("1, 1, 3", "2.9.0", LAYER("Normalization", ", \"axis\": [-1], \"mean\": null, \"variance\": null"),
                    STATS("3") "x/variance:0 f32 3 4 16 0\n" W "x/count:0 i64 1 9\n"));
    computes(three, (double[]){0, 2, 97e7}, 3); /* a variance of 0: Keras' epsilon 1e-7 stands in */
    assert_int_equal(mnq_cost_total(&g).params, 7);
    taken(import_on("1, 1, 3", "2.9.0", LAYER("Normalization", ", \"axis\": -1, \"invert\": true"),
                    STATS("3") "x/variance:0 f32 3 4 16 25\n" W "x/count:0 i64 1 9\n"));
    computes(three, (double[]){3, 42, 503}, 3);
    taken(import_on("1, 1, 3", "2.9.0",
                    LAYER("Normalization",
                          ", \"axis\": [-1], \"mean\": [1, 2, 3], \"variance\": {\"class_name\": \"__numpy__\", "
                          "\"config\": {\"value\": [[4, 16, 25]], \"dtype\": \"float32\"}}"),
                    NONE));
    computes(three, (double[]){0, 2, 97 / 5.0}, 3);
    taken(import_on("1, 1, 3", "2.9.0", LAYER("Normalization", ", \"axis\": null, \"mean\": 10, \"variance\": 4"), NONE));
    computes(three, (double[]){-4.5, 0, 45}, 3);
    refused(import_on("1, 1, 3", "2.9.0", LAYER("Normalization", ", \"axis\": [1, 2, 3]"), NONE), "over 3 axes");
    refused(import_on("1, 1, 3", "2.9.0", LAYER("Normalization", ", \"mean\": [1, 2], \"variance\": [1, 2]"), NONE),
            "2 means and 2 variances for 3 channels");
}

static void sizes(void **state)
{
    (void)state;
    taken(import_on("64, 48, 3", "2.9.0", LAYER("Resizing", ", \"height\": 12, \"width\": 10"), NONE));
    assert_true(g.node[0].out.h == 12 && g.node[0].out.w == 10 && g.node[g.output].out.h == 12);
    assert_true(g.resize_tf && !g.resize_crop);
    taken(import_on("null, null, 3", "2.9.0",
                    "{\"class_name\": \"Rescaling\", \"config\": {\"name\": \"s\", \"scale\": 2, \"offset\": 0}}, " LAYER(
                        "CenterCrop", ", \"height\": 6, \"width\": 8"),
                    "g /model_weights/s\nl /model_weights/s weight_names\n" NONE));
    assert_true(g.node[0].out.h == 6 && g.node[0].out.w == 8 && g.node[1].out.w == 8);
    taken(import_on("9, 9, 3", "2.9.0",
                    "{\"class_name\": \"RandomFlip\", \"config\": {\"name\": \"f\"}}, " LAYER(
                        "Rescaling", ", \"scale\": 0.00392156862, \"offset\": 0"),
                    NONE));
    assert_string_equal(g.preprocess, "none"); /* what stands before it does nothing */
    taken(import_on("8, 8, 1", "2.9.0", LAYER("CenterCrop", ", \"height\": 3, \"width\": 2"), NONE));
    float in[64];
    for (int i = 0; i < 64; i++) in[i] = (float)i;
    computes(in, (double[]){2 * 8 + 3, 2 * 8 + 4, 3 * 8 + 3, 3 * 8 + 4, 4 * 8 + 3, 4 * 8 + 4}, 6);
    taken(import_on("9, 9, 3", "2.9.0", LAYER("RandomCrop", ", \"height\": 6, \"width\": 6"), NONE));
    assert_int_equal(g.node[0].out.h, 6);
    assert_true(!g.resize_tf && g.resize_crop);
    refused(import_on("8, 8, 3", "2.9.0",
                      "{\"class_name\": \"AveragePooling2D\", \"config\": {\"name\": \"p\"}}, " LAYER(
                          "Resizing", ", \"height\": 7, \"width\": 7"),
                      NONE),
            "inside the network");
    refused(import_on("8, 8, 3", "2.9.0", LAYER("Resizing", ", \"height\": 4, \"width\": 4, \"pad_to_aspect_ratio\": true"),
                      NONE),
            "pads pictures");
    taken(import_on("1, 1, 3", "3.9.0", LAYER("Grayscale", ", \"output_channels\": 1"), NONE));
    computes(three, (double[]){0.2989 + 5.87 + 11.4}, 1);
}

static void identities(void **state)
{
    (void)state;
    static const char *const name[] = {"ActivityRegularization",
                                       "AlphaDropout",
                                       "AugMix",
                                       "CutMix",
                                       "Dropout",
                                       "Equalization",
                                       "GaussianDropout",
                                       "GaussianNoise",
                                       "MixUp",
                                       "RandAugment",
                                       "RandomBrightness",
                                       "RandomColorDegeneration",
                                       "RandomColorJitter",
                                       "RandomContrast",
                                       "RandomElasticTransform",
                                       "RandomErasing",
                                       "RandomFlip",
                                       "RandomGaussianBlur",
                                       "RandomGrayscale",
                                       "RandomHeight",
                                       "RandomHue",
                                       "RandomInvert",
                                       "RandomPerspective",
                                       "RandomPosterization",
                                       "RandomRotation",
                                       "RandomSaturation",
                                       "RandomSharpness",
                                       "RandomShear",
                                       "RandomTranslation",
                                       "RandomWidth",
                                       "RandomZoom",
                                       "Solarization",
                                       "SpatialDropout2D"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        char layer[300];
        snprintf(layer, sizeof layer, "{\"class_name\": \"%s\", \"config\": {\"name\": \"x\", \"factor\": [-0.2, 0.3]}}",
                 name[i]);
        taken(import_on("1, 1, 3", "3.8.0", layer, NONE));
        computes(three, (double[]){1, 10, 100}, 3);
    }
}

/* ---- functions by name ---- */

static void lambdas(void **state)
{
    (void)state;
    static const struct {
        const char *module, *arguments;
        double want[3];
    } known[] = {
        {"keras.src.applications.mobilenet_v2", "{}", {1 / 127.5 - 1, 10 / 127.5 - 1, 100 / 127.5 - 1}},
        {"keras.applications.mobilenet", "{}", {1 / 127.5 - 1, 10 / 127.5 - 1, 100 / 127.5 - 1}},
        {"tensorflow.python.keras.applications.xception", "{}", {1 / 127.5 - 1, 10 / 127.5 - 1, 100 / 127.5 - 1}},
        {"keras.src.applications.mobilenet_v3", "{}", {1, 10, 100}},
        {"keras.src.applications.efficientnet", "{}", {1, 10, 100}},
        {"keras.src.applications.resnet", "{}", {100 - 103.939, 10 - 116.779, 1 - 123.68}},
        {"keras.src.applications.vgg16", "{}", {100 - 103.939, 10 - 116.779, 1 - 123.68}},
        {"keras.src.applications.densenet",
         "{}",
         {(1 / 255. - .485) / .229, (10 / 255. - .456) / .224, (100 / 255. - .406) / .225}},
        {"keras.src.applications.imagenet_utils",
         "{\"mode\": \"torch\"}",
         {(1 / 255. - .485) / .229, (10 / 255. - .456) / .224, (100 / 255. - .406) / .225}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int keras3 = 0; keras3 < 2; keras3++) {
            char layer[700];
            if (keras3)
                snprintf(layer, sizeof layer,
                         "{\"class_name\": \"Lambda\", \"config\": {\"name\": \"x\", \"function\": {\"module\": \"%s\", "
                         "\"class_name\": \"function\", \"config\": \"preprocess_input\", \"registered_name\": "
                         "\"preprocess_input\"}, \"arguments\": %s}}",
                         known[i].module, known[i].arguments);
            else
                snprintf(layer, sizeof layer,
                         "{\"class_name\": \"Lambda\", \"config\": {\"name\": \"x\", \"function\": \"preprocess_input\", "
                         "\"function_type\": \"function\", \"module\": \"%s\", \"arguments\": %s}}",
                         known[i].module, known[i].arguments);
            taken(import_on("1, 1, 3", keras3 ? "3.3.3" : "2.4.0", layer, NONE));
            computes(three, known[i].want, 3);
            assert_string_equal(g.preprocess, "none"); /* raw pixels go in */
        }
#define LAMBDA(name, module)                                                                                                \
    LAYER("Lambda", ", \"function\": {\"class_name\": \"function\", \"config\": \"" name "\", \"module\": \"" module "\"}")
    taken(import_on("1, 1, 3", "3.3.3", LAMBDA("relu6", "tensorflow.python.ops.gen_nn_ops"), NONE));
    computes(three, (double[]){1, 6, 6}, 3);
    taken(import_on("1, 1, 3", "3.3.3", LAMBDA("hard_swish", "keras.src.activations.activations"), NONE));
    computes(three, (double[]){4 / 6., 10, 100}, 3);
    taken(import_on("9, 9, 3", "3.3.3",
                    LAYER("Lambda",
                          ", \"function\": {\"class_name\": \"function\", \"config\": \"resize\", \"module\": \"m\"}, "
                          "\"arguments\": {\"size\": [5, 4]}"),
                    NONE));
    assert_true(g.node[0].out.h == 5 && g.node[0].out.w == 4);
    refused(import_on("1, 1, 3", "3.3.3", LAMBDA("preprocess_input", "__main__"), NONE), "preprocess_input of '__main__'");
    refused(import_on("1, 1, 3", "3.3.3", LAMBDA("my_own", "__main__"), NONE), "calls 'my_own' of '__main__'");
    refused(import_on("1, 1, 3", "3.3.3",
                      LAYER("Lambda", ", \"function\": {\"class_name\": \"__lambda__\", \"config\": {\"code\": \"4wEA\"}}"),
                      NONE),
            "holds Python byte code");
}

/* What tf.keras made of preprocess_input called on a tensor. */
static void inlined(void **state)
{
    (void)state;
    static const char *const text =
        "s / keras_version 2.9.0\ns / backend tensorflow\n"
        "s / model_config {\"class_name\": \"Functional\", \"config\": {\"name\": \"m\", \"layers\": ["
        "{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"name\": \"in\", \"batch_input_shape\": [null, 1, "
        "1, 3]}, "
        "\"inbound_nodes\": []}, "
        "{\"class_name\": \"SlicingOpLambda\", \"name\": \"flip\", \"config\": {\"name\": \"flip\", \"function\": "
        "\"__operators__.getitem\"}, \"inbound_nodes\": [[\"in\", 0, 0, {\"slice_spec\": [{\"class_name\": "
        "\"__ellipsis__\"}, "
        "{\"start\": null, \"stop\": null, \"step\": -1}]}]]}, "
        "{\"class_name\": \"TFOpLambda\", \"name\": \"mean\", \"config\": {\"name\": \"mean\", \"function\": "
        "\"nn.bias_add\"}, "
        "\"inbound_nodes\": [[\"flip\", 0, 0, {\"bias\": [-103.939, -116.779, -123.68], \"data_format\": \"NHWC\"}]]}"
        "], \"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"mean\", 0, 0]]}}\n" NONE;
    taken(import_text(text));
    computes(three, (double[]){100 - 103.939, 10 - 116.779, 1 - 123.68}, 3);
    static const char *const ops3 =
        "s / keras_version 3.3.3\n"
        "s / model_config {\"class_name\": \"Functional\", \"config\": {\"name\": \"m\", \"layers\": ["
        "{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"name\": \"in\", \"batch_shape\": [null, 1, 1, "
        "3]}, "
        "\"inbound_nodes\": []}, "
        "{\"module\": \"keras.src.ops.numpy\", \"class_name\": \"GetItem\", \"name\": \"flip\", \"config\": {\"name\": "
        "\"flip\"}, "
        "\"inbound_nodes\": [{\"args\": [{\"class_name\": \"__keras_tensor__\", \"config\": {\"keras_history\": [\"in\", 0, "
        "0]}}, "
        "[{\"class_name\": \"__ellipsis__\", \"config\": {}}, {\"class_name\": \"__slice__\", \"config\": {\"start\": null, "
        "\"stop\": null, \"step\": -1}}]], \"kwargs\": {}}]}"
        "], \"input_layers\": [\"in\", 0, 0], \"output_layers\": [\"flip\", 0, 0]}}\n" NONE;
    taken(import_text(ops3));
    computes(three, (double[]){100, 10, 1}, 3);
}

/* ---- layers called several times ---- */

#define CALLED(class_name, name, config, nodes)                                                                             \
    "{\"class_name\": \"" class_name "\", \"name\": \"" name "\", \"config\": {\"name\": \"" name "\"" config               \
    "}, \"inbound_nodes\": [" nodes "]}"
#define MODEL3(layers, out)                                                                                                 \
    "s / keras_version 2.9.0\ns / backend tensorflow\ns / model_config {\"class_name\": \"Functional\", \"config\": "       \
    "{\"name\": "                                                                                                           \
    "\"m\", \"layers\": [{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"name\": \"in\", "                \
    "\"batch_input_shape\": [null, 1, 1, 3]}, \"inbound_nodes\": []}, " layers                                              \
    "], \"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"" out "\", 0, 0]]}}\n"

static void shared(void **state)
{
    (void)state;
    static const char weights[] = "g /model_weights/fc\nl /model_weights layer_names fc\nl /model_weights/fc weight_names "
                                  "fc/kernel:0\nd /model_weights/fc/fc/kernel:0 f32 3,3 0 1 0 0 0 1 1 0 0\n";
    char text[4000];
    snprintf(
        text, sizeof text, "%s%s",
        MODEL3(CALLED("Dense", "fc", ", \"units\": 3, \"use_bias\": false",
                      "[[\"in\", 0, 0, {}]], [[\"fc\", 0, 0, {}]]") ", " CALLED("Add", "sum", "",
                                                                                "[[\"fc\", 0, 0, {}], [\"fc\", 1, 0, {}]]"),
               "sum"),
        weights);
    taken(import_text(text));
    computes(three, (double[]){110, 101, 11}, 3); /* rotated once plus rotated twice */
    assert_int_equal(mnq_cost_total(&g).params, 9);
    for (int i = 0; i < g.n; i++) assert_null(g.node[i].w_path);
        /* a model with such a layer, called twice; tf.keras counts its building as a call before them */
#define INNER_MODEL                                                                                                         \
    "{\"class_name\": \"Sequential\", \"name\": \"back\", \"config\": {\"name\": \"back\", \"layers\": [{\"class_name\": "  \
    "\"InputLayer\", \"config\": {\"name\": \"i\", \"batch_input_shape\": [null, 1, 1, 3]}}, {\"class_name\": \"Dense\", "  \
    "\"config\": {\"name\": \"fc\", \"units\": 3, \"use_bias\": false}}]}, \"inbound_nodes\": [[[\"in\", 0, 0, {}]], "      \
    "[[\"act\", 0, 0, {}]]]}"
    snprintf(text, sizeof text, "%s%s",
             MODEL3(INNER_MODEL ", " CALLED("ReLU", "act", ", \"max_value\": 50", "[[\"back\", 0, 0, {}]]") ", " CALLED(
                        "Multiply", "out", "", "[[\"back\", 0, 0, {}], [\"back\", 1, 0, {}]]"),
                    "out"),
             "g /model_weights/back\nl /model_weights layer_names back\nl /model_weights/back weight_names fc/kernel:0\n"
             "d /model_weights/back/fc/kernel:0 f32 3,3 0 1 0 0 0 1 1 0 0\n");
    taken(import_text(text));
    computes(three, (double[]){100 * 10, 1 * 50, 10 * 1}, 3);
    assert_int_equal(mnq_cost_total(&g).params, 9);
    snprintf(text, sizeof text, "%s%s",
             MODEL3(INNER_MODEL ", " CALLED("ReLU", "act", ", \"max_value\": 50", "[[\"back\", 1, 0, {}]]") ", " CALLED(
                        "Multiply", "out", "", "[[\"back\", 1, 0, {}], [\"back\", 2, 0, {}]]"),
                    "out"),
             "g /model_weights/back\nl /model_weights layer_names back\nl /model_weights/back weight_names fc/kernel:0\n"
             "d /model_weights/back/fc/kernel:0 f32 3,3 0 1 0 0 0 1 1 0 0\n");
    taken(import_text(text));
    computes(three, (double[]){100 * 10, 1 * 50, 10 * 1}, 3);
    assert_int_equal(mnq_cost_total(&g).params, 9);
}

/* ---- shapes ---- */

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
    refused(import_text(STEPS("2, 600", LAYER("MaxPooling1D", "")) NONE), "has 600 channels, 512 at most");
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(spellings),     cmocka_unit_test(pruned),
                                       cmocka_unit_test(clustered),     cmocka_unit_test(quantization_aware),
                                       cmocka_unit_test(integers),      cmocka_unit_test(normalization),
                                       cmocka_unit_test(sizes),         cmocka_unit_test(identities),
                                       cmocka_unit_test(lambdas),       cmocka_unit_test(inlined),
                                       cmocka_unit_test(shared),        cmocka_unit_test(reshapes),
                                       cmocka_unit_test(sequences),     cmocka_unit_test(softmaxes),
                                       cmocka_unit_test(slopes),        cmocka_unit_test(renamed_inputs),
                                       cmocka_unit_test(channels_first)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mnq_arena_free(&arena);
    return rc;
}
