/* SPDX-License-Identifier: Apache-2.0
 * A raw graph as Keras 2 layers: the model_config text, and which weights each layer holds. */
#ifndef MNQ_KERAS_EMIT_H
#define MNQ_KERAS_EMIT_H

#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_kweight {
    const char *name; /* "kernel:0", ... */
    int rank;
    int64_t dim[4];
    const float *v;
};

/** A layer as it stands in model_config, in that order. */
struct mnq_kout {
    const char *name;
    int n_weights;
    struct mnq_kweight weight[4]; /* in Keras' order */
};

struct mnq_kmodel_text {
    char *config; /* JSON, in the arena */
    struct mnq_kout *layer;
    int n_layers;
};

/**
 * Describes g in the words of Keras 2. What Keras spells in several layers (explicit padding, h-swish) becomes several.
 * return   0, or -1 with e
 */
int mnq_keras_emit(const struct mnq_graph *g, struct mnq_kmodel_text *out, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
