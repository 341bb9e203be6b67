/* SPDX-License-Identifier: Apache-2.0
 * Random-weight MobileNets in every form Keras wrote them, with a forward pass of their own.
 *
 * Nothing here is shared with the importer: the networks, the dialects and the arithmetic are written a second time,
 * plainly, from keras.applications' sources. */
#ifndef MNQ_TEST_KERASGEN_H
#define MNQ_TEST_KERASGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kg_family { KG_V1, KG_V2, KG_V3_SMALL, KG_V3_LARGE };

/** Generations of layer names and structure. */
enum kg_generation {
    KG_GEN_2017, /* keras 2.0.6 (V1), the May 2018 snapshot (V2) */
    KG_GEN_APPS, /* keras-applications: explicit padding, names with '/' in V3 */
    KG_GEN_TF,   /* tf.keras 2.4 to 2.15 */
    KG_GEN_K3    /* Keras 3 */
};

/** How h-sigmoid and h-swish are spelled, and calls written. */
enum kg_dialect {
    KG_DIALECT_ACTIVATION, /* Activation("hard_sigmoid") meaning relu6(x + 3) / 6; Keras 2 calls */
    KG_DIALECT_TFOP,       /* TFOpLambda, ReLU, TFOpLambda */
    KG_DIALECT_TF21,       /* TensorFlowOpLayer */
    KG_DIALECT_RESCALING,  /* Rescaling, ReLU, Rescaling */
    KG_DIALECT_OPS3,       /* keras.ops with Keras 3 calls */
    KG_DIALECT_ACT3        /* Activation("hard_silu"), Activation("hard_sigmoid") with Keras 3 calls */
};

enum kg_container {
    KG_FULL,           /* model_config and /model_weights */
    KG_NESTED,         /* Sequential(backbone, pooling, Dense) as a full model */
    KG_WEIGHTS,        /* layer_names only */
    KG_WEIGHTS_K3,     /* /layers/<auto>/vars */
    KG_WEIGHTS_K213,   /* /_layer_checkpoint_dependencies/<auto>/vars */
    KG_ARCHIVE,        /* .keras, stored */
    KG_ARCHIVE_PACKED, /* .keras, deflated */
    KG_ARCHIVE_NESTED,
    KG_WEIGHTS_NESTED,   /* weights of the nested model, Keras 2 */
    KG_WEIGHTS_K3_NESTED /* the same, Keras 3 */
};

enum kg_storage { KG_F32, KG_F64, KG_F16, KG_BF16, KG_PACKED /* chunked, shuffled, deflated */ };
enum kg_strings { KG_VARIABLE, KG_FIXED, KG_SPLIT };

/** Wrappers that TensorFlow's model optimization toolkit leaves around every layer; with KG_FULL and Keras 2 calls. */
enum kg_wrap { KG_PLAIN, KG_PRUNED, KG_CLUSTERED, KG_QUANTIZED };

struct kg_options {
    enum kg_family family;
    bool minimalistic;
    double width;
    int resolution, classes; /* 0 classes: include_top=False */
    enum kg_generation generation;
    enum kg_dialect dialect;
    enum kg_container container;
    enum kg_storage storage;
    enum kg_strings strings;
    int channels;   /* of the input, 0 = 3 */
    bool bias;      /* convolutions before BatchNormalization have one */
    bool pool_last; /* V3: Conv_2 before the pooling */
    bool scoped;    /* datasets under a uniquified scope: conv1/conv1_1/kernel:0 */
    bool renamed;   /* layer names that mean nothing: only order and shape are left */
    enum kg_wrap wrap;
    bool ndarray;       /* numbers as Keras 2.2 wrote them, {"type": "ndarray", "value": 6.0}, and other spellings */
    bool normalization; /* in-model Normalization, its mean and variance in the weights */
    bool rescaling;     /* in-model Rescaling(1/127.5, -1) */
    uint64_t seed;
};

/** Opaque. */
struct kg_net;

/** Builds the network with random weights. Aborts when out of memory, as everything here does. */
struct kg_net *kg_new(const struct kg_options *o);
void kg_free(struct kg_net *n);

/** Elements of the output. */
size_t kg_outputs(const struct kg_net *n);

/** Runs it on resolution x resolution x channels values (those that Keras' model would take). out: kg_outputs() values. */
void kg_forward(const struct kg_net *n, const double *in, double *out);

/** Trainable and other parameters together, as Keras counts them. */
long kg_params(const struct kg_net *n);

/** The file's bytes, malloc'd. */
uint8_t *kg_file(const struct kg_net *n, size_t *size);

#endif
