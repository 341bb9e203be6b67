/* SPDX-License-Identifier: Apache-2.0
 * Inside kerasgen: the network that its files share. */
#ifndef MNQ_TEST_KERASGEN_NET_H
#define MNQ_TEST_KERASGEN_NET_H

#include "kerasgen.h"

enum kg_kind {
    KG_INPUT,
    KG_CONV,
    KG_DW,
    KG_BN,
    KG_RELU, /* max = 0: unbounded */
    KG_HSIGMOID,
    KG_HSWISH,
    KG_ADD,
    KG_MUL,
    KG_GAP,
    KG_PAD,
    KG_RESHAPE, /* to h x w x c, rank 1 if flat */
    KG_DROPOUT,
    KG_DENSE,
    KG_SOFTMAX,
    KG_RESCALE,
    KG_NORM
};

struct kg_var {
    const char *name;
    int rank, dim[4];
    float *v;
    bool trainable;
};

struct kg_layer {
    enum kg_kind kind;
    char name[80];
    int in[2], h, w, c;
    int k, s, before, after; /* window, stride, PAD */
    bool same, flat, keepdims, act_layer;
    double max, scale, offset;
    int n_var;
    struct kg_var var[4];
};

struct kg_net {
    struct kg_options o;
    struct kg_layer layer[400];
    int n;
    int backbone; /* layers before the head */
    uint64_t rng;
};

/** Number of elements of a variable. */
size_t kg_var_size(const struct kg_var *v);

/** The name under which a layer's wrapper, or the layer itself, stands in the model; into buf. */
const char *kg_outer_name(const struct kg_net *n, const char *name, char *buf, size_t size);

/** Keras' model_config (or a .keras archive's config.json) as malloc'd text. */
char *kg_config(const struct kg_net *n);

/** True if a layer's group lies in the backbone that nested containers wrap. */
bool kg_nested(const struct kg_net *n);

#endif
