/* SPDX-License-Identifier: Apache-2.0
 * Keras' layer classes and operations as nodes of the graph. */
#ifndef MNQ_KERAS_NET_H
#define MNQ_KERAS_NET_H

#include "import/keras_config.h"
#include "import/netbuild.h"

/** One configuration on its way into a graph. */
struct mnq_knet {
    struct mnq_build b;
    const char *file;  /* for messages */
    int version;       /* Keras' major version, 0 if unknown */
    int resolution;    /* wanted input height and width, 0 = the file's own */
    bool hard_sigmoid; /* a Keras 1 or 2 "hard_sigmoid" was met, whose form is settled at the end */
    struct mnq_err *e;
};

/** Fails with "file: layer 'name' (Class): message". Returns -1. */
int mnq_knet_fail(const struct mnq_knet *k, const struct mnq_klayer *l, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/** Builds a whole model configuration: {"class_name": ..., "config": ...}. k->b.g->output is its output. */
int mnq_knet_model(struct mnq_knet *k, const struct mnq_ynode *model);

/**
 * Appends one call of a layer that is no model.
 * in      nodes of the call's tensors, in their order
 * return  the output's node, -1 with k->e set
 */
int mnq_knet_layer(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in);

/** True for layers that stand for a function call: TFOpLambda, TensorFlowOpLayer, keras.ops. */
bool mnq_knet_is_op(const struct mnq_klayer *l, const struct mnq_kcall *call);

/** Appends such a call. */
int mnq_knet_op(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in);

/** Appends an activation by Keras' name ("relu6", "hard_swish", ...); "linear" returns `in` itself. */
int mnq_knet_activation(struct mnq_knet *k, const struct mnq_klayer *l, const char *name, int in, const char *activation);

/** Reads [N, H, W, C] of an input, applying k->resolution and telling what is assumed. */
int mnq_knet_input_shape(struct mnq_knet *k, const struct mnq_ynode *shape, const char *name, struct mnq_shape *out);

#endif
