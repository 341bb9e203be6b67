/* SPDX-License-Identifier: Apache-2.0
 * Layers as Keras means them, appended to a raw graph together with the variables they wait for.
 *
 * Shapes are known when a layer is appended, so each variable's expected shape is too; a weight store fills them later
 * (wmatch.h). Reading a Keras configuration and building a keras.applications network both end here. */
#ifndef MNQ_NETBUILD_H
#define MNQ_NETBUILD_H

#include "graph/graph.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_SLOT_VARS = 4, MNQ_SLOT_ALIASES = 6 };

/** Nodes of a network: the deepest known has some 800; keeps searches by name cheap on hostile files. */
enum { MNQ_BUILD_NODES = 8192 };

enum mnq_var_kind {
    MNQ_VAR_KERNEL,
    MNQ_VAR_DEPTHWISE,
    MNQ_VAR_POINTWISE,
    MNQ_VAR_BIAS,
    MNQ_VAR_GAMMA,
    MNQ_VAR_BETA,
    MNQ_VAR_ALPHA, /* of PReLU */
    MNQ_VAR_MEAN,
    MNQ_VAR_VARIANCE,
    MNQ_VAR_NORM_MEAN, /* of Normalization, where Keras calls them mean and variance */
    MNQ_VAR_NORM_VARIANCE,
    MNQ_VARS
};

/** One variable: what Keras calls it, its shape there, the node that holds it. */
struct mnq_slot_var {
    enum mnq_var_kind kind;
    int rank;
    int64_t dim[4];
    int node;
    bool trainable; /* moving statistics are not; Keras lists them after all others of a nested model */
};

/** A Keras layer with variables. */
struct mnq_slot {
    const char *layer;                   /* its name in the configuration */
    const char *group;                   /* name of the outermost layer around it: the HDF5 group that holds its weights */
    const char *class_name;              /* "Conv2D", ... */
    const char *alias[MNQ_SLOT_ALIASES]; /* further names under which files know it, NULL-terminated unless full */
    bool frozen;                         /* trainable: false in the configuration */
    bool invert;                         /* Normalization: undoes it */
    int twin;                            /* an earlier slot that has the same variables (the layer was called before); -1 */
    int n_var;
    struct mnq_slot_var var[MNQ_SLOT_VARS];
};

/** A node whose range training may have found: what a quantization wrapper makes (keras_learned.h). */
struct mnq_wrapped {
    const char *layer, *group; /* the wrapper's name, and the HDF5 group of its weights */
    int node;
};

/** A graph under construction. */
struct mnq_build {
    struct mnq_graph *g;
    struct mnq_slot *slot;
    int n_slot, cap_slot;
    struct mnq_wrapped *wrapped;
    int n_wrapped, cap_wrapped;
    const char *group;  /* what new slots get; NULL: the layer's own name */
    const char *prefix; /* names of the models around, for layers whose names occur twice; NULL at the top */
    bool frozen;        /* a model around is frozen */
};

enum mnq_padding { MNQ_PAD_VALID, MNQ_PAD_SAME };

/** A convolution as Keras configures it. */
struct mnq_conv {
    int kh, kw, sh, sw;
    enum mnq_padding padding;
    int filters; /* depthwise: the depth multiplier */
    bool bias;
};

/** What few convolutions have. */
struct mnq_apart {
    int groups, dh, dw; /* each at least 1 */
};

/*
 * Every function below appends a layer that reads node `in` and returns the index of its output node, or -1 with e set.
 * `name` is copied; a name in use gets a prefix or a number.
 */

int mnq_build_input(struct mnq_build *b, const char *name, struct mnq_shape shape, struct mnq_err *e);
int mnq_build_conv(struct mnq_build *b, const char *name, int in, struct mnq_conv c, struct mnq_err *e);
int mnq_build_dwconv(struct mnq_build *b, const char *name, int in, struct mnq_conv c, struct mnq_err *e);
/** The same with groups (not depthwise) and dilation. */
int mnq_build_conv_apart(struct mnq_build *b, const char *name, int in, struct mnq_conv c, struct mnq_apart a,
                         struct mnq_err *e);
int mnq_build_dwconv_apart(struct mnq_build *b, const char *name, int in, struct mnq_conv c, struct mnq_apart a,
                           struct mnq_err *e);
/** Depthwise, then 1x1 (SeparableConv2D): one slot, two nodes. */
int mnq_build_separable(struct mnq_build *b, const char *name, int in, struct mnq_conv c, int mult, struct mnq_err *e);
int mnq_build_separable_apart(struct mnq_build *b, const char *name, int in, struct mnq_conv c, int mult, struct mnq_apart a,
                              struct mnq_err *e);
/** On 1x1xC a DENSE node, else the 1x1 convolution that Keras' Dense is there. */
int mnq_build_dense(struct mnq_build *b, const char *name, int in, int units, bool bias, struct mnq_err *e);
int mnq_build_batchnorm(struct mnq_build *b, const char *name, int in, float eps, bool scale, bool center,
                        struct mnq_err *e);
/** (x - mean) / max(sqrt(variance), 1e-7) with `values` (1 or C) of each, or the other way round. */
int mnq_build_normalization(struct mnq_build *b, const char *name, int in, int values, bool invert, struct mnq_err *e);
/** The deviation that Normalization divides by: sqrt(variance), 1e-7 at least. */
double mnq_build_deviation(double variance);
/** Every pixel's channels times the constants w[cin][filters], which belong to no layer: grey of colours, BGR of RGB. */
int mnq_build_mix(struct mnq_build *b, const char *name, int in, int filters, const float *w, struct mnq_err *e);
int mnq_build_act(struct mnq_build *b, const char *name, int in, enum mnq_act act, float act_max, struct mnq_err *e);
int mnq_build_softmax(struct mnq_build *b, const char *name, int in, struct mnq_err *e);
int mnq_build_pad(struct mnq_build *b, const char *name, int in, int top, int bottom, int left, int right,
                  struct mnq_err *e);
/** kh = 0: the whole plane. */
int mnq_build_avgpool(struct mnq_build *b, const char *name, int in, int kh, int kw, int sh, int sw, struct mnq_err *e);
int mnq_build_reshape(struct mnq_build *b, const char *name, int in, struct mnq_shape shape, struct mnq_err *e);
/** y = scale x + offset; n is 1 or the number of channels. */
int mnq_build_affine(struct mnq_build *b, const char *name, int in, const float *scale, const float *offset, int n,
                     struct mnq_err *e);
int mnq_build_add(struct mnq_build *b, const char *name, int x, int y, struct mnq_err *e);
/** Either operand may be the 1x1xC gate. */
int mnq_build_mul(struct mnq_build *b, const char *name, int x, int y, struct mnq_err *e);

/*
 * What netbuild_ops.c makes layers of.
 */

/** Appends a node that reads `in`, whose fields are the caller's to set; its index, or -1. */
int mnq_build_node(struct mnq_build *b, enum mnq_op op, const char *name, int in, struct mnq_err *e);
/** The node's shape and checks; its index, or -1. */
int mnq_build_infer(struct mnq_build *b, int i, struct mnq_err *e);
/** A layer with variables; NULL with e set. */
struct mnq_slot *mnq_build_slot(struct mnq_build *b, const char *name, const char *class_name, struct mnq_err *e);
void mnq_build_var(struct mnq_slot *s, enum mnq_var_kind kind, int node, int rank, int64_t d0, int64_t d1, int64_t d2,
                   int64_t d3);
/** TensorFlow's SAME: as many positions as ceil(in / stride), the odd row or column of padding goes behind. */
void mnq_build_same_padding(int in, int window, int stride, int *before, int *after);

/** Name of a kind of variable: "kernel", "gamma", ... */
const char *mnq_var_name(enum mnq_var_kind kind);

/** Where the graph keeps a variable's values. */
float **mnq_var_values(struct mnq_graph *g, const struct mnq_slot_var *v);

/** The newest n slots hold the variables of the n slots from `first` on: another call of the same layer. 0 or -1. */
int mnq_build_share(struct mnq_build *b, int first, int n, struct mnq_err *e);

/** Behind reading: further calls get their layers' values, Normalization becomes the affine map that it is. */
int mnq_build_settle(struct mnq_build *b, struct mnq_err *e);

/** Gives all variables one shared block of zeros: a network whose costs, but not values, are of interest. */
int mnq_build_weightless(struct mnq_build *b, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
