/* SPDX-License-Identifier: Apache-2.0
 * Keras' model_config in any of its dialects as one form: layers, and calls of layers on tensors. */
#ifndef MNQ_KERAS_CONFIG_H
#define MNQ_KERAS_CONFIG_H

#include "graph/graph.h"
#include "util/arena.h"
#include "util/err.h"
#include "util/ydoc.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_karg_kind { MNQ_KARG_TENSOR, MNQ_KARG_VALUE };

/** One argument of a call, positional ones first. */
struct mnq_karg {
    enum mnq_karg_kind kind;
    const char *key;               /* keyword; NULL for a positional argument */
    int layer, node, tensor;       /* TENSOR: which call of which layer, and which of its outputs */
    const struct mnq_ynode *value; /* VALUE: a constant */
};

/** One call of a layer (Keras: an inbound node). */
struct mnq_kcall {
    int n_arg, n_tensor;
    struct mnq_karg *arg;
};

struct mnq_klayer {
    const char *class_name, *name;
    const char *module;             /* Keras 3: where the class lives; "" elsewhere */
    const struct mnq_ynode *config; /* a map */
    const struct mnq_ynode *where;  /* the layer's own entry, for messages */
    int n_call;
    struct mnq_kcall *call;
};

/** A tensor: which call of which layer made it, and which of that call's outputs it is. */
struct mnq_kend {
    int layer, node, tensor;
};

/** A Functional, Model or Sequential; Sequential is given the calls that it implies. */
struct mnq_kmodel {
    const char *name;
    bool sequential;
    int n_layer;
    struct mnq_klayer *layer;
    int n_input, input[1]; /* layers; more than one is refused */
    int n_output;
    struct mnq_kend *output;             /* the tensors that are the model's outputs, in order */
    const struct mnq_ynode *build_shape; /* Sequential without InputLayer: the shape it was built for, or NULL */
};

/** True if the class is a model that holds layers. */
bool mnq_kmodel_class(const char *class_name);

/** Reads {"class_name": ..., "config": ...}. */
int mnq_kmodel_read(const struct mnq_ynode *model, struct mnq_kmodel *m, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
