/* SPDX-License-Identifier: Apache-2.0
 * What files of real users hold beside plain layers: wrappers, preprocessing layers, functions by name, layers called twice,
 * integers for weights, numbers in old spellings. Each is checked by the values that come out. */
#include "graph/cost.h"
#include "importing.h"

#define GROUP "g /model_weights/x\nl /model_weights layer_names x\n"
#define W     "d /model_weights/x/"

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
    assert_true(g.resize_filter == MNQ_FILTER_TF && !g.resize_crop && g.resize_other == NULL);
    taken(import_on("64, 48, 3", "2.9.0",
                    LAYER("Resizing", ", \"height\": 12, \"width\": 10, \"interpolation\": \"nearest\""), NONE));
    assert_true(g.resize_filter == MNQ_FILTER_NEAREST && g.resize_other == NULL);
    taken(import_on("64, 48, 3", "2.9.0", LAYER("Resizing", ", \"height\": 12, \"width\": 10, \"interpolation\": \"area\""),
                    NONE));
    assert_true(g.resize_filter == MNQ_FILTER_PIL);
    assert_string_equal(g.resize_other, "area");
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
    assert_true(g.resize_filter == MNQ_FILTER_PIL && g.resize_crop);
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(spellings), cmocka_unit_test(pruned),
                                       cmocka_unit_test(clustered), cmocka_unit_test(quantization_aware),
                                       cmocka_unit_test(integers),  cmocka_unit_test(normalization),
                                       cmocka_unit_test(sizes),     cmocka_unit_test(identities),
                                       cmocka_unit_test(lambdas),   cmocka_unit_test(inlined),
                                       cmocka_unit_test(shared)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mnq_arena_free(&arena);
    return rc;
}
