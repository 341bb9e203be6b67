/* SPDX-License-Identifier: Apache-2.0
 * The newer layers in the dialects of Keras: each gives in every form what it gives in the plainest one, whose values other
 * tests check (test_kinds, test_functions, test_operators). */
#include "importing.h"
#include "graph/cost.h"

static int combinations;

/* ---- layers ---- */

enum { H = 4, W = 4, C = 4, VARS = 4 };

/* Numbers of the configuration stand between @ and are spelled in several ways. */
struct layer {
    const char *class_name, *config, *var[VARS], *shape[VARS], *values[VARS];
};

static const struct layer layer_table[] = {
    {"MaxPooling2D", "\"pool_size\": [@2@, @2@], \"strides\": [@1@, @2@], \"padding\": \"same\"", {0}, {0}, {0}},
    {"AveragePooling2D", "\"pool_size\": [@3@, @3@], \"strides\": null, \"padding\": \"valid\"", {0}, {0}, {0}},
    {"GlobalMaxPooling2D", "\"keepdims\": false", {0}, {0}, {0}},
    {"GlobalAveragePooling2D", "\"keepdims\": true", {0}, {0}, {0}},
    {"LeakyReLU", "\"alpha\": @0.125@", {0}, {0}, {0}},
    {"LeakyReLU", "\"negative_slope\": @0.25@", {0}, {0}, {0}},
    {"PReLU", "\"shared_axes\": [@1@, @2@]", {"alpha"}, {"1,1,4"}, {"0.5 -0.25 0.125 2"}},
    {"PReLU", "\"shared_axes\": null", {"alpha"}, {"4,4,4"}, {"0.5 -0.25 0.125 2"}},
    {"ELU", "\"alpha\": @0.5@", {0}, {0}, {0}},
    {"ThresholdedReLU", "\"theta\": @0.25@", {0}, {0}, {0}},
    {"ReLU", "\"max_value\": @0.375@, \"negative_slope\": @0.125@, \"threshold\": @0.0625@", {0}, {0}, {0}},
    {"Activation", "\"activation\": \"swish\"", {0}, {0}, {0}},
    {"Activation", "\"activation\": \"gelu\"", {0}, {0}, {0}},
    {"Activation", "\"activation\": \"tanh\"", {0}, {0}, {0}},
    {"Activation", "\"activation\": {\"class_name\": \"function\", \"config\": \"softplus\"}", {0}, {0}, {0}},
    {"UpSampling2D", "\"size\": [@2@, @3@], \"interpolation\": \"nearest\"", {0}, {0}, {0}},
    {"UpSampling2D", "\"size\": [@2@, @2@], \"interpolation\": \"bilinear\"", {0}, {0}, {0}},
    {"Conv2DTranspose",
     "\"filters\": @3@, \"kernel_size\": [@3@, @3@], \"strides\": [@2@, @2@], \"padding\": \"same\", \"output_padding\": "
     "null",
     {"kernel", "bias"},
     {"3,3,3,4", "3"},
     {"0.5 -0.25 0.125 1 0.75", "0.5 1 -1"}},
    {"ZeroPadding2D", "\"padding\": [[@1@, @0@], [@2@, @1@]]", {0}, {0}, {0}},
    {"Cropping2D", "\"cropping\": [[@1@, @0@], [@0@, @2@]]", {0}, {0}, {0}},
    {"Conv2D",
     "\"filters\": @6@, \"kernel_size\": [@2@, @2@], \"strides\": [@1@, @1@], \"groups\": @2@, \"use_bias\": false",
     {"kernel"},
     {"2,2,2,6"},
     {"0.5 -0.25 0.125 1 0.75"}},
    {"Conv2D",
     "\"filters\": @2@, \"kernel_size\": [@2@, @3@], \"dilation_rate\": [@2@, @1@], \"padding\": \"same\", \"activation\": "
     "\"sigmoid\"",
     {"kernel", "bias"},
     {"2,3,4,2", "2"},
     {"0.5 -0.25 0.125 1 0.75", "0.5 -1"}},
    {"SeparableConv2D",
     "\"filters\": @3@, \"kernel_size\": [@3@, @3@], \"padding\": \"same\", \"depth_multiplier\": @2@",
     {"depthwise_kernel", "pointwise_kernel", "bias"},
     {"3,3,4,2", "1,1,8,3", "3"},
     {"0.5 -0.25 0.125 1 0.75", "0.25 1 -1 0.5", "1 2 3"}},
    {"DepthwiseConv2D",
     "\"kernel_size\": [@3@, @2@], \"padding\": \"valid\", \"depth_multiplier\": @2@, \"use_bias\": false",
     {"depthwise_kernel"},
     {"3,2,4,2"},
     {"0.5 -0.25 0.125 1 0.75"}},
    {"BatchNormalization",
     "\"axis\": @3@, \"epsilon\": @0.5@, \"scale\": false",
     {"beta", "moving_mean", "moving_variance"},
     {"4", "4", "4"},
     {"1 2 3 4", "0.5 0.25 1 2", "0.5 1.5 2.5 3.5"}},
    {"Flatten", "\"data_format\": \"channels_last\"", {0}, {0}, {0}},
    {"Reshape", "\"target_shape\": [@2@, @8@, @4@]", {0}, {0}, {0}},
    {"Permute", "\"dims\": [@1@, @2@, @3@]", {0}, {0}, {0}},
    {"Softmax", "\"axis\": @-1@", {0}, {0}, {0}},
    {"Rescaling", "\"scale\": @0.5@, \"offset\": @-1@", {0}, {0}, {0}},
    {"Normalization", "\"axis\": [@-1@]", {"mean", "variance"}, {"4", "4"}, {"1 2 3 4", "4 9 16 1"}},
    {"Lambda",
     "\"function\": \"relu6\", \"function_type\": \"function\", \"module\": \"tensorflow.python.ops.gen_nn_ops\"",
     {0},
     {0},
     {0}},
    {"Lambda",
     "\"function\": \"swish\", \"function_type\": \"function\", \"module\": \"tensorflow.python.ops.nn_impl\"",
     {0},
     {0},
     {0}},
    {"Lambda",
     "\"function\": \"preprocess_input\", \"function_type\": \"function\", \"module\": \"keras.applications.mobilenet_v2\", "
     "\"arguments\": {}",
     {0},
     {0},
     {0}},
    {"Convolution2D",
     "\"nb_filter\": @2@, \"nb_row\": @3@, \"nb_col\": @2@, \"subsample\": [@2@, @1@], \"border_mode\": \"same\", \"bias\": "
     "false",
     {"kernel"},
     {"3,2,4,2"},
     {"0.5 -0.25 0.125 1 0.75"}},
    {"MaxPooling2D", "\"pool_size\": [@2@, @2@], \"strides\": [@2@, @2@], \"border_mode\": \"valid\"", {0}, {0}, {0}},
    {"SpatialDropout2D", "\"rate\": @0.5@", {0}, {0}, {0}},
    {"GaussianNoise", "\"stddev\": @0.5@", {0}, {0}, {0}},
    {"ActivityRegularization", "\"l1\": @0.5@, \"l2\": @0@", {0}, {0}, {0}},
    {"RandomRotation", "\"factor\": [@-0.5@, @0.5@], \"fill_mode\": \"reflect\"", {0}, {0}, {0}},
    {"Dense", "\"units\": @3@, \"activation\": \"tanh\"", {"kernel", "bias"}, {"4,3", "3"}, {"0.5 -0.25 0.125 1", "1 0 -1"}},
};
enum { LAYERS = sizeof layer_table / sizeof *layer_table };

/* ---- forms ---- */

enum form {
    PLAIN,
    BARE_LIST,
    FIRST_SAYS,
    MODEL,
    FUNCTIONAL,
    KERAS3,
    POLICY,
    NESTED,
    NESTED_TWICE,
    PRUNED,
    QUANTIZED,
    FORMS
};
enum { SPELLINGS = 5 };

static const char *const form_name[] = {"plain",   "bare list", "first says the shape", "Model",  "Functional",  "Keras 3",
                                        "float16", "nested",    "nested twice",         "pruned", "quantization"};

/* The configuration with its numbers spelled. */
static void spell(const char *config, int way, char *out, size_t n)
{
    static const char *const form[SPELLINGS] = {
        "%s", "\"%s\"", "{\"type\": \"ndarray\", \"value\": %s}", "[%s]",
        "{\"class_name\": \"__numpy__\", \"config\": {\"value\": [%s], \"dtype\": \"float32\"}}"};
    size_t at = 0;
    while (*config != '\0' && at + 1 < n) {
        char number[16];
        size_t k = 0;
        if (*config != '@') {
            out[at++] = *config++;
            continue;
        }
        for (config++; *config != '@' && k + 1 < sizeof number; config++) number[k++] = *config;
        number[k] = '\0';
        config++;
        int w = snprintf(out + at, n - at, form[way], number);
        at += w > 0 ? (size_t)w : 0;
    }
    out[at < n ? at : n - 1] = '\0';
}

static size_t append(char *to, size_t at, size_t n, const char *what)
{
    int w = snprintf(to + at, n - at, "%s", what);
    return at + (w > 0 ? (size_t)w : 0);
}

/* The layer's weights below /model_weights/GROUP, named LAYER/variable and so on. */
static void weights(const struct layer *l, enum form form, char *out, size_t n)
{
    bool nested = form == NESTED || form == NESTED_TWICE, wrapped = form == PRUNED || form == QUANTIZED;
    const char *group = nested ? "m" : wrapped ? "w_x" : "x", *suffix = form == KERAS3 || form == POLICY ? "" : ":0";
    char line[600];
    size_t at = 0;
    snprintf(line, sizeof line, "g /model_weights/%s\nl /model_weights layer_names %s\n", group, group);
    at = append(out, at, n, line);
    snprintf(line, sizeof line, "l /model_weights/%s weight_names", group);
    at = append(out, at, n, line);
    for (int v = 0; v < VARS && l->var[v] != NULL; v++) {
        snprintf(line, sizeof line, " x/%s%s", l->var[v], suffix);
        at = append(out, at, n, line);
    }
    if (form == PRUNED) at = append(out, at, n, " w_x/pruning_step:0");
    if (form == QUANTIZED) at = append(out, at, n, " w_x/optimizer_step:0 w_x/output_min:0 w_x/output_max:0");
    at = append(out, at, n, "\n");
    for (int v = 0; v < VARS && l->var[v] != NULL; v++) {
        snprintf(line, sizeof line, "d /model_weights/%s/x/%s%s f32 %s %s\n", group, l->var[v], suffix, l->shape[v],
                 l->values[v]);
        at = append(out, at, n, line);
    }
    if (form == PRUNED) at = append(out, at, n, "d /model_weights/w_x/w_x/pruning_step:0 i64 1 7\n");
    if (form == QUANTIZED)
        append(out, at, n,
               "d /model_weights/w_x/w_x/optimizer_step:0 i32 1 -1\nd /model_weights/w_x/w_x/output_min:0 f32 1 -2\n"
               "d /model_weights/w_x/w_x/output_max:0 f32 1 3\n");
}

#define IN   "\"batch_input_shape\": [null, 4, 4, 4]"
#define IN3  "\"batch_shape\": [null, 4, 4, 4]"
#define ENDS "\"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"%s\", 0, 0]]"
#define INPUT                                                                                                               \
    "{\"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": {\"name\": \"in\", " IN "}, \"inbound_nodes\": []}"
#define CALLED "\"inbound_nodes\": [[[\"in\", 0, 0, {}]]]"

/* One file. */
static void file_of(const struct layer *l, enum form form, int way, char *out, size_t n)
{
    static char config[2000], own[2600], model[8000], inner[4000], more[6000], rest[4000];
    const char *version = form == BARE_LIST                  ? "2.0.8"
                          : form == MODEL                    ? "2.2.4"
                          : form >= KERAS3 && form <= POLICY ? "3.4.1"
                                                             : "2.9.0";
    spell(l->config, way, config, sizeof config);
    snprintf(own, sizeof own, "\"class_name\": \"%s\", \"config\": {\"name\": \"x\", %s%s}", l->class_name,
             form == FIRST_SAYS ? IN ", "
             : form == POLICY   ? "\"dtype\": {\"module\": \"keras\", \"class_name\": \"DTypePolicy\", "
                                  "\"config\": {\"name\": \"mixed_float16\"}}, "
                                : "",
             config);
    switch (form) {
    case PLAIN:
        snprintf(
            model, sizeof model,
            "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [{\"class_name\": \"InputLayer\", "
            "\"config\": {\"name\": \"in\", " IN "}}, {%s}]}}",
            own);
        break;
    case BARE_LIST:
        snprintf(model, sizeof model,
                 "{\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"InputLayer\", \"config\": {\"name\": "
                 "\"in\", " IN "}}, {%s}]}",
                 own);
        break;
    case FIRST_SAYS:
        snprintf(model, sizeof model, "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [{%s}]}}",
                 own);
        break;
    case MODEL:
    case FUNCTIONAL:
        snprintf(model, sizeof model,
                 "{\"class_name\": \"%s\", \"config\": {\"name\": \"f\", \"layers\": [" INPUT
                 ", {%s, \"name\": \"x\", " CALLED "}], " ENDS "}}",
                 form == MODEL ? "Model" : "Functional", own, "x");
        break;
    case KERAS3:
    case POLICY:
        snprintf(
            model, sizeof model,
            "{\"module\": \"keras.src.models.functional\", \"class_name\": \"Functional\", \"config\": {\"name\": \"f\", "
            "\"layers\": [{\"module\": \"keras.layers\", \"class_name\": \"InputLayer\", \"name\": \"in\", \"config\": "
            "{\"name\": \"in\", " IN3 "}, \"inbound_nodes\": []}, {\"module\": \"keras.layers\", %s, \"name\": \"x\", "
            "\"registered_name\": null, \"inbound_nodes\": [{\"args\": [{\"class_name\": \"__keras_tensor__\", \"config\": "
            "{\"shape\": [null, 4, 4, 4], \"dtype\": \"float32\", \"keras_history\": [\"in\", 0, 0]}}], \"kwargs\": "
            "{}}]}], \"input_layers\": [\"in\", 0, 0], \"output_layers\": [\"x\", 0, 0]}, \"registered_name\": "
            "\"Functional\"}",
            own);
        break;
    case NESTED:
    case NESTED_TWICE:
        snprintf(inner, sizeof inner,
                 "\"class_name\": \"Functional\", \"config\": {\"name\": \"%s\", \"layers\": [" INPUT
                 ", {%s, \"name\": \"x\", " CALLED "}], " ENDS "}",
                 form == NESTED ? "m" : "i", own, "x");
        if (form == NESTED_TWICE) {
            snprintf(more, sizeof more,
                     "\"class_name\": \"Functional\", \"config\": {\"name\": \"m\", \"layers\": [" INPUT
                     ", {%s, \"name\": \"i\", " CALLED "}], " ENDS "}",
                     inner, "i");
        }
        snprintf(model, sizeof model,
                 "{\"class_name\": \"Functional\", \"config\": {\"name\": \"f\", \"layers\": [" INPUT
                 ", {%s, \"name\": \"m\", " CALLED "}], " ENDS "}}",
                 form == NESTED ? inner : more, "m");
        break;
    default:
        snprintf(
            model, sizeof model,
            "{\"class_name\": \"Functional\", \"config\": {\"name\": \"f\", \"layers\": [" INPUT
            ", {\"class_name\": \"%s\", \"config\": {\"name\": \"w_x\", \"trainable\": true, \"layer\": {%s}}, \"name\": "
            "\"w_x\", " CALLED "}], " ENDS "}}",
            form == PRUNED ? "PruneLowMagnitude" : "QuantizeWrapperV2", own, "w_x");
        break;
    }
    weights(l, form, rest, sizeof rest);
    snprintf(out, n, "s / keras_version %s\ns / backend tensorflow\ns / model_config %s\n%s", version, model, rest);
}

/* Outputs of the imported network, raw and legal, for a fixed input; malloc'd. */
static float *outputs_of(size_t *n, double *apart)
{
    float in[H * W * C];
    struct mnq_graph legal;
    for (int i = 0; i < H * W * C; i++) in[i] = (float)((i * 29 % 64) - 32) / 32;
    *n = mnq_elements(g.node[g.output].out);
    float *out = malloc(*n * sizeof *out);
    assert_non_null(out);
    struct mnq_exec *x = mnq_exec_new(&g, false, &err);
    assert_non_null(x);
    memcpy(out, mnq_exec_run(x, in, NULL, NULL), *n * sizeof *out);
    mnq_exec_free(x);
    *apart = 0;
    taken(mnq_graph_legalize(&g, &legal, &arena, &err));
    x = mnq_exec_new(&legal, false, &err);
    assert_non_null(x);
    const float *folded = mnq_exec_run(x, in, NULL, NULL);
    for (size_t i = 0; i < *n; i++) *apart = fmax(*apart, fabs((double)folded[i] - (double)out[i]));
    mnq_exec_free(x);
    return out;
}

static void layers(void **state)
{
    static char text[1 << 14];
    (void)state;
    for (int i = 0; i < LAYERS; i++) {
        const struct layer *l = &layer_table[i];
        float *plain = NULL;
        size_t n = 0;
        int64_t params = 0;
        for (int f = PLAIN; f < FORMS; f++) {
            int way = f == PLAIN ? 0 : (i + f) % SPELLINGS;
            size_t got_n;
            double apart;
            file_of(l, (enum form)f, way, text, sizeof text);
            int rc = import_text(text);
            if (rc != 0) print_error("%s %s, spelling %d: %s\n", l->class_name, form_name[f], way, err.msg);
            assert_int_equal(rc, 0);
            float *got = outputs_of(&got_n, &apart);
            int64_t counted = (int64_t)mnq_cost_total(&g).params;
            if (f == PLAIN) {
                plain = got;
                n = got_n;
                params = counted;
                float least = got[0], most = got[0];
                for (size_t k = 0; k < n; k++) least = fminf(least, got[k]), most = fmaxf(most, got[k]);
                assert_true(most - least > 0.01F); /* or nothing would be proved */
            }
            if (got_n != n || memcmp(got, plain, n * sizeof *got) != 0 || !(apart < 1e-5) || counted != params)
                fail_msg("%s %s, spelling %d: other values than the plain one, folded %.1e apart", l->class_name,
                         form_name[f], way, apart);
            if (got != plain) free(got);
            combinations++;
        }
        free(plain);
    }
}

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(layers)};
    int rc = cmocka_run_group_tests(tests, NULL, teardown);
    printf("%d combinations of %d layers and %d forms\n", combinations, (int)LAYERS, (int)FORMS);
    return rc;
}
