/* SPDX-License-Identifier: Apache-2.0
 * Keras' layer classes, one function each, found by a table. */
#include "import/keras_layers.h"
#include "import/keras_act.h"
#include "import/keras_affine.h"
#include "import/keras_conv.h"
#include "import/keras_geometry.h"
#include "import/keras_ops.h"

#include <string.h>

enum { MAX_INPUTS = 64 };

static int relu_layer(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return mnq_knet_relu(k, l, l->config, l->name, in[0]);
}

/* A layer that changes nothing at inference still stands in the graph, so that layers map one to one. */
static int identity(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return mnq_build_reshape(&k->b, l->name, in[0], k->b.g->node[in[0]].out, k->e);
}

static int activation(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    const struct mnq_ynode *v = mnq_kf_get(l, "activation", NULL);
    if (v == NULL) return mnq_knet_fail(k, l, "has no activation");
    int i = mnq_knet_activation_of(k, l, v, l->name, in[0]);
    return i == in[0] ? identity(k, l, in, n_in) : i;
}

static int softmax(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    int axis;
    const struct mnq_ynode *v = mnq_kf_get(l, "axis", NULL);
    if (v != NULL && v->kind == MNQ_Y_SEQ && v->n == 1) v = v->first;
    axis = -1;
    if (v != NULL && mnq_y_int(v, -4, 4, &axis, k->e) != 0) return -1;
    if (axis != -1 && axis != 3 && axis != 1)
        return mnq_knet_fail(k, l, "axis is %d, only the channels are supported", axis);
    return mnq_build_softmax(&k->b, l->name, in[0], k->e);
}

static int merge(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in, bool product)
{
    int sum = in[0];
    if (n_in < 2) return mnq_knet_fail(k, l, "has %d input, two are wanted", n_in);
    for (int i = 1; i < n_in && sum >= 0; i++)
        sum = product ? mnq_build_mul(&k->b, l->name, sum, in[i], k->e) : mnq_build_add(&k->b, l->name, sum, in[i], k->e);
    return sum;
}

static int add(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    return merge(k, l, in, n_in, false);
}

static int multiply(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    return merge(k, l, in, n_in, true);
}

/* Lambda holds Python bytecode, unless a function was given by name. */
static int lambda(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *type = mnq_kf_get(l, "function_type", NULL), *function = mnq_kf_get(l, "function", NULL);
    if (mnq_y_is(type, "function") && function != NULL && function->kind == MNQ_Y_SCALAR)
        return mnq_knet_activation(k, l, l->name, in[0], function->text);
    return mnq_knet_fail(
        k, l, "holds Python code, which cannot be imported; save the model with an Activation or ReLU layer instead");
}

struct class_entry {
    const char *name;
    mnq_kl_emit *emit;
};

static const struct class_entry class_table[] = {
    {"Activation", activation},
    {"ActivityRegularization", identity},
    {"Add", add},
    {"AlphaDropout", identity},
    {"AveragePooling2D", mnq_kl_average_pooling},
    {"BatchNormalization", mnq_kl_batchnorm},
    {"BatchNormalizationV1", mnq_kl_batchnorm},
    {"BatchNormalizationV2", mnq_kl_batchnorm},
    {"Conv2D", mnq_kl_conv},
    {"Convolution2D", mnq_kl_conv},
    {"Dense", mnq_kl_dense},
    {"DepthwiseConv2D", mnq_kl_depthwise},
    {"Dropout", identity},
    {"Flatten", mnq_kl_flatten},
    {"GaussianDropout", identity},
    {"GaussianNoise", identity},
    {"GlobalAveragePooling2D", mnq_kl_global_pooling},
    {"Identity", identity},
    {"Lambda", lambda},
    {"Multiply", multiply},
    {"ReLU", relu_layer},
    {"RandomBrightness", identity},
    {"RandomContrast", identity},
    {"RandomFlip", identity},
    {"RandomRotation", identity},
    {"RandomTranslation", identity},
    {"RandomZoom", identity},
    {"Rescaling", mnq_kl_rescaling},
    {"Reshape", mnq_kl_reshape},
    {"SeparableConv2D", mnq_kl_separable},
    {"SeparableConvolution2D", mnq_kl_separable},
    {"Softmax", softmax},
    {"SpatialDropout2D", identity},
    {"SyncBatchNormalization", mnq_kl_batchnorm},
    {"ZeroPadding2D", mnq_kl_zero_padding},
};

/* Weights of these policies are not plain floats or do not mean what they say. */
static int check_dtype(struct mnq_knet *k, const struct mnq_klayer *l)
{
    const struct mnq_ynode *v = mnq_kf_get(l, "dtype", NULL);
    if (v != NULL && v->kind == MNQ_Y_MAP) v = mnq_y_get(mnq_y_get(v, "config"), "name");
    if (v == NULL || v->kind != MNQ_Y_SCALAR) return 0;
    static const char *const fine[] = {"float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (strcmp(v->text, fine[i]) == 0) return 0;
    return mnq_knet_fail(k, l, "dtype is %.60s, a float policy is wanted", v->text);
}

int mnq_knet_layer(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in)
{
    int n_in = call != NULL ? call->n_tensor : 1;
    if (call != NULL && mnq_knet_is_op(l, call)) return mnq_knet_op(k, l, call, in);
    for (size_t i = 0; i < sizeof class_table / sizeof *class_table; i++) {
        if (strcmp(l->class_name, class_table[i].name) != 0) continue;
        bool many = class_table[i].emit == add || class_table[i].emit == multiply;
        if (n_in < 1 || n_in > MAX_INPUTS || (n_in > 1 && !many))
            return mnq_knet_fail(k, l, "has %d inputs, one is wanted", n_in);
        if (check_dtype(k, l) != 0) return -1;
        return class_table[i].emit(k, l, in, n_in);
    }
    return mnq_knet_fail(k, l, "layers of this class are not supported");
}
