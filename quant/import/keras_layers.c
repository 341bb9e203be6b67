/* SPDX-License-Identifier: Apache-2.0
 * Keras' layer classes, one function each, found by a table. */
#include "import/keras_layers.h"
#include "import/keras_act.h"
#include "import/keras_affine.h"
#include "import/keras_conv.h"
#include "import/keras_curve.h"
#include "import/keras_front.h"
#include "import/keras_geometry.h"
#include "import/keras_lambda.h"
#include "import/keras_merge.h"
#include "import/keras_ops.h"
#include "import/keras_plane.h"
#include "import/keras_pool.h"
#include "import/keras_values.h"

#include <ctype.h>
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
    return mnq_knet_softmax(k, l, mnq_kf_get(l, "axis", NULL), in[0]);
}

struct class_entry {
    const char *name;
    mnq_kl_emit *emit;
};

static const struct class_entry class_table[] = {
    {"Activation", activation},
    {"ActivityRegularization", identity},
    {"AlphaDropout", identity},
    {"AugMix", identity},
    {"AveragePooling1D", mnq_kl_average_pooling1d},
    {"AveragePooling2D", mnq_kl_average_pooling},
    {"BatchNormalization", mnq_kl_batchnorm},
    {"BatchNormalizationV1", mnq_kl_batchnorm},
    {"BatchNormalizationV2", mnq_kl_batchnorm},
    {"CenterCrop", mnq_kl_center_crop},
    {"Conv1D", mnq_kl_conv1d},
    {"Conv2D", mnq_kl_conv},
    {"Conv2DTranspose", mnq_kl_transposed},
    {"Convolution1D", mnq_kl_conv1d},
    {"Convolution2D", mnq_kl_conv},
    {"Cropping2D", mnq_kl_cropping},
    {"CutMix", identity},
    {"Deconvolution2D", mnq_kl_transposed},
    {"Dense", mnq_kl_dense},
    {"DepthwiseConv2D", mnq_kl_depthwise},
    {"DropBlock2D", identity},
    {"DropConnect", identity},
    {"DropPath", identity},
    {"Dropout", identity},
    {"ELU", mnq_kl_elu},
    {"Equalization", identity},
    {"FixedDropout", identity},
    {"Flatten", mnq_kl_flatten},
    {"GaussianDropout", identity},
    {"GaussianNoise", identity},
    {"GlobalAveragePooling1D", mnq_kl_global_pooling},
    {"GlobalAveragePooling2D", mnq_kl_global_pooling},
    {"GlobalMaxPooling1D", mnq_kl_global_max_pooling},
    {"GlobalMaxPooling2D", mnq_kl_global_max_pooling},
    {"Grayscale", mnq_kl_grayscale},
    {"Identity", identity},
    {"Lambda", mnq_kl_lambda},
    {"LeakyReLU", mnq_kl_leaky_relu},
    {"MaxNumBoundingBoxes", identity},
    {"MaxPooling1D", mnq_kl_max_pooling1d},
    {"MaxPooling2D", mnq_kl_max_pooling},
    {"MixUp", identity},
    {"Normalization", mnq_kl_normalization},
    {"PReLU", mnq_kl_prelu},
    {"Permute", mnq_kl_permute},
    {"QuantizeLayer", identity},
    {"RandAugment", identity},
    {"RandomApply", identity},
    {"RandomBrightness", identity},
    {"RandomChoice", identity},
    {"RandomColorDegeneration", identity},
    {"RandomColorJitter", identity},
    {"RandomContrast", identity},
    {"RandomCrop", mnq_kl_random_crop},
    {"RandomElasticTransform", identity},
    {"RandomErasing", identity},
    {"RandomFlip", identity},
    {"RandomGaussianBlur", identity},
    {"RandomGrayscale", identity},
    {"RandomHeight", identity},
    {"RandomHue", identity},
    {"RandomInvert", identity},
    {"RandomPerspective", identity},
    {"RandomPosterization", identity},
    {"RandomRotation", identity},
    {"RandomSaturation", identity},
    {"RandomSharpness", identity},
    {"RandomShear", identity},
    {"RandomTranslation", identity},
    {"RandomWidth", identity},
    {"RandomZoom", identity},
    {"ReLU", relu_layer},
    {"Rescaling", mnq_kl_rescaling},
    {"Reshape", mnq_kl_reshape},
    {"Resizing", mnq_kl_resizing},
    {"SeparableConv2D", mnq_kl_separable},
    {"SeparableConvolution2D", mnq_kl_separable},
    {"Softmax", softmax},
    {"Solarization", identity},
    {"SpatialDropout1D", identity},
    {"SpatialDropout2D", identity},
    {"SpatialDropout3D", identity},
    {"StochasticDepth", identity},
    {"SyncBatchNormalization", mnq_kl_batchnorm},
    {"ThresholdedReLU", mnq_kl_thresholded_relu},
    {"UpSampling2D", mnq_kl_upsampling},
    {"ZeroPadding2D", mnq_kl_zero_padding},
};

/* Weights of these policies are not plain floats or do not mean what they say. */
static int check_dtype(struct mnq_knet *k, const struct mnq_klayer *l)
{
    const struct mnq_ynode *v = mnq_kf_get(l, "dtype", NULL);
    const struct mnq_ynode *mode = mnq_y_get(mnq_y_get(v, "config"), "mode"); /* QuantizedDTypePolicy */
    if (v != NULL && v->kind == MNQ_Y_MAP) v = mode != NULL ? mode : mnq_y_get(mnq_y_get(v, "config"), "name");
    if (v == NULL || v->kind != MNQ_Y_SCALAR) return 0;
    /* "int8", "int8_from_float32", "int4/-1": the scales that make floats of them stand beside the weights (wcompanion.h) */
    static const char *const integers[] = {"int8", "int4", "float8"};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        size_t n = strlen(integers[i]);
        bool bare = v->text[n] == '\0' || v->text[n] == '_' || v->text[n] == '/';
        if (strncmp(v->text, integers[i], n) == 0 && bare && (mode != NULL || v->text[n] != '\0'))
            return mnq_graph_note(k->b.g, "weights quantized by Keras (%.20s) are read as floats", integers[i]) != 0
                       ? mnq_fail_nomem(k->e)
                       : 0;
    }
    static const char *const fine[] = {"float32",       "float64",        "float16", "bfloat16",
                                       "mixed_float16", "mixed_bfloat16", "infer"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (strcmp(v->text, fine[i]) == 0) return 0;
    return mnq_knet_fail(k, l, "dtype is %.60s, a float policy is wanted", v->text);
}

/* A user's own class that is called as Keras' own one: it is said for what it is taken. */
static int note_own(struct mnq_knet *k, const struct mnq_klayer *l)
{
    const struct mnq_ynode *full = mnq_y_get(l->where, "class_name");
    if (full == NULL || full->kind != MNQ_Y_SCALAR || strncmp(full->text, "Custom>", 7) != 0) return 0;
    if (mnq_graph_note(k->b.g, "layers of class %.60s are taken for Keras' own %.60s", full->text, l->class_name) != 0)
        return mnq_fail_nomem(k->e);
    return 0;
}

/* Classes that people meet, and what to do about them. */
struct advice {
    const char *class_name, *text;
};

static const struct advice advice_table[] = {
    {"AutoContrast", "stretches each picture by its own extremes at inference too; cut it off and prepare the pictures"},
    {"AdditiveAttention", "attention is not supported"},
    {"Attention", "attention is not supported"},
    {"Bidirectional", "recurrent layers are not supported"},
    {"CategoryEncoding", "takes categories, no pictures"},
    {"ConvLSTM2D", "recurrent layers are not supported"},
    {"Dot", "the product of two vectors is not supported; end the network with both, as outputs of their own"},
    {"Embedding", "takes numbers of words, no pictures"},
    {"GRU", "recurrent layers are not supported"},
    {"InstanceNormalization",
     "normalizes by each picture's own mean, which does not fold into weights; BatchNormalization does"},
    {"LSTM", "recurrent layers are not supported"},
    {"LayerNormalization",
     "normalizes by each picture's own mean, which does not fold into weights; BatchNormalization does"},
    {"GroupNormalization",
     "normalizes by each picture's own mean, which does not fold into weights; BatchNormalization does"},
    {"UnitNormalization",
     "normalizes by each picture's own length, which does not fold into weights; leave it out at the end of the network: "
     "cosines of features do not depend on it"},
    {"Masking", "masks steps of a sequence; leave it out of a network on pictures"},
    {"MultiHeadAttention", "attention is not supported"},
    {"RandomResizedCrop", "leaves the size of pictures open at inference; use RandomCrop or Resizing"},
    {"SimpleRNN", "recurrent layers are not supported"},
    {"StringLookup", "takes text, no pictures"},
    {"TextVectorization", "takes text, no pictures"},
    {"TimeDistributed",
     "runs its layer on every step of a sequence, which is not supported; save the layer inside as a model of "
     "its own"},
};

/* Whether a layer's result has height and width: convolutions' have, a global pool's if it keeps them, functions' may. -1 with
 * the network's error. */
static int find_plane(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in, int out, bool *plane)
{
    enum mnq_op op = k->b.g->node[out].op;
    if (mnq_kl_merge_of(l->class_name) == NULL && strncmp(l->class_name, "Global", 6) == 0)
        return mnq_kf_bool(k, l, "keepdims", NULL, false, plane);
    *plane = true;
    if (strstr(l->class_name, "Conv2D") != NULL) return 0;
    bool all = op != MNQ_OP_RESHAPE || k->b.g->node[in[0]].out.c == k->b.g->node[out].out.c;
    for (int i = 0; i < n_in && all; i++) all = k->plane[in[i]];
    *plane = all && (op == MNQ_OP_ACT || op == MNQ_OP_ADD || op == MNQ_OP_MUL || op == MNQ_OP_SELECT ||
                     op == MNQ_OP_RESHAPE || op == MNQ_OP_BATCHNORM || op == MNQ_OP_SOFTMAX);
    return 0;
}

/* What tensors are in Keras goes on from layer to layer. One of more than three dimensions is held with its last ones
 * folded: only what treats values one by one, or renames them, means the same there. */
static int check_folded(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in, int out)
{
    if (out < 0) return -1;
    int folded = 0;
    for (int i = 0; i < n_in; i++) folded = folded > 0 ? folded : k->folded[in[i]];
    if (k->knows == out) return out;
    if (find_plane(k, l, in, n_in, out, &k->plane[out]) != 0) return -1;
    k->sequence[out] =
        k->sequence[in[0]] && k->b.g->node[out].out.h == 1 && k->b.g->node[out].out.w == k->b.g->node[in[0]].out.w;
    if (!folded || k->b.g->node[out].op == MNQ_OP_RESHAPE) {
        bool same = folded > 0 && n_in == 1 && k->b.g->node[out].out.c == k->b.g->node[in[0]].out.c;
        if (same) k->folded[out] = folded;
        return out;
    }
    enum mnq_op op = k->b.g->node[out].op;
    if ((op != MNQ_OP_ACT && op != MNQ_OP_ADD && op != MNQ_OP_MUL) || (n_in == 2 && k->folded[in[0]] != k->folded[in[1]]))
        return mnq_knet_fail(k, l, "works on the last axis of a tensor of four or more dimensions, which is not supported");
    k->folded[out] = folded;
    return out;
}

/* Layers that people wrote for activations which Keras did not have. */
static bool own_activation_class(const struct mnq_klayer *l)
{
    static const char *const known[] = {"GELU",       "Gelu",     "H_Swish", "HSigmoid", "HSwish",   "HardSwish",
                                        "Hard_Swish", "Hsigmoid", "Hswish",  "Mish",     "ReLU6",    "Relu6",
                                        "SiLU",       "Sigmoid",  "Silu",    "Swish",    "Softplus", "Tanh"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(l->class_name, known[i]) == 0) return true;
    return false;
}

static int activation_class(struct mnq_knet *k, const struct mnq_klayer *l, int in)
{
    char name[16];
    size_t n = 0;
    for (const char *s = l->class_name; *s != '\0' && n + 1 < sizeof name; s++) name[n++] = (char)tolower((unsigned char)*s);
    name[n] = '\0';
    if (mnq_graph_note(k->b.g, "layers of class %s, which is none of Keras', are taken for the activation of that name",
                       l->class_name) != 0)
        return mnq_fail_nomem(k->e);
    return mnq_knet_activation(k, l, l->name, in, name);
}

int mnq_knet_layer(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in)
{
    int n_in = call != NULL ? call->n_tensor : 1;
    if (call != NULL && mnq_knet_is_op(l, call)) return check_folded(k, l, in, n_in, mnq_knet_op(k, l, call, in));
    mnq_kl_emit *merge = mnq_kl_merge_of(l->class_name);
    if (merge != NULL && (n_in > 1 || strcmp(l->class_name, "StochasticDepth") != 0)) {
        if (n_in < 1 || n_in > MAX_INPUTS) return mnq_knet_fail(k, l, "has %d inputs, two are wanted", n_in);
        return check_dtype(k, l) != 0 ? -1 : check_folded(k, l, in, n_in, merge(k, l, in, n_in));
    }
    if (n_in > 0 && k->sequence[in[0]] && strstr(l->class_name, "2D") != NULL)
        return mnq_knet_fail(k, l, "reads a sequence of %d steps, a map (N, H, W, C) is wanted", k->b.g->node[in[0]].out.w);
    for (size_t i = 0; i < sizeof class_table / sizeof *class_table; i++) {
        if (strcmp(l->class_name, class_table[i].name) != 0) continue;
        if (n_in != 1) return mnq_knet_fail(k, l, "has %d inputs, one is wanted", n_in);
        if (check_dtype(k, l) != 0 || note_own(k, l) != 0) return -1;
        return check_folded(k, l, in, n_in, class_table[i].emit(k, l, in, n_in));
    }
    if (n_in == 1 && own_activation_class(l)) return check_folded(k, l, in, n_in, activation_class(k, l, in[0]));
    for (size_t i = 0; i < sizeof advice_table / sizeof *advice_table; i++)
        if (strcmp(l->class_name, advice_table[i].class_name) == 0) return mnq_knet_fail(k, l, "%s", advice_table[i].text);
    return mnq_knet_fail(k, l, "layers of this class are not supported");
}
