/* SPDX-License-Identifier: Apache-2.0
 * A Keras 2 configuration under construction: layers as JSON, and the weights they hold. */
#ifndef MNQ_KERAS_EMITTER_H
#define MNQ_KERAS_EMITTER_H

#include "pack/keras_emit.h"
#include "util/json.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_kemit {
    const struct mnq_graph *g;
    struct mnq_arena *arena;
    struct mnq_err *e;
    struct mnq_json j;
    bool *picture;       /* [g->n] some reader needs rank 4 */
    bool *vector;        /* [g->n] what is written has rank 2 */
    const char **tensor; /* [g->n] layer whose output is the node's */
    struct mnq_kout *layer;
    int n, cap;
};

/** Name of a layer that a node needs besides its own. */
const char *mnq_ke_helper(struct mnq_kemit *x, const char *name, const char *what);

/** Opens a layer; its configuration is written into x->j. */
struct mnq_kout *mnq_ke_begin(struct mnq_kemit *x, const char *class_name, const char *name);

/** Closes configuration and layer, which reads these layers; in1 may be NULL, in0 too for the input. Returns its name. */
const char *mnq_ke_finish(struct mnq_kemit *x, const char *in0, const char *in1);

/** Keywords of a function's call, into an open object. */
typedef void mnq_ke_keywords(struct mnq_json *j, const struct mnq_node *nd);

/** The same for a layer that stands for the call of a function (tf.keras' TFOpLambda). */
const char *mnq_ke_call(struct mnq_kemit *x, const struct mnq_node *nd, const char *in, mnq_ke_keywords *keywords);

/** [a, b] under a key. */
void mnq_ke_pair(struct mnq_json *j, const char *key, int a, int b);

/** A weight of shape [d0][d1][d2][d3], as many of these as `rank` says; nothing if v is NULL. */
void mnq_ke_weight(struct mnq_kout *l, const char *name, const float *v, int rank, int64_t d0, int64_t d1, int64_t d2,
                   int64_t d3);

/** Whether a plane of 1 x 1 is all of a node's tensor that one pool makes. */
bool mnq_ke_global_pool(const struct mnq_graph *g, const struct mnq_node *nd);

/*
 * Layers for a node of the graph. `name` is that of the last layer made, `in` and `in1` those read. Each returns the layer
 * that gives the result, NULL if there is no such layer in Keras 2.
 */

/** The activation nd->act alone. vector: the tensor has rank 2. */
const char *mnq_ke_act(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in, bool vector);
const char *mnq_ke_activation(struct mnq_kemit *x, const char *name, const char *in, const char *function);
const char *mnq_ke_rescaling(struct mnq_kemit *x, const char *name, const char *in, double scale, double offset);

/** CONV, DWCONV and TCONV. */
const char *mnq_ke_conv(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in);
const char *mnq_ke_tconv(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in);
const char *mnq_ke_dense(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in);
const char *mnq_ke_batchnorm(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in, bool vector);

/** PAD and CROP. */
const char *mnq_ke_pad(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in);
/** AVGPOOL and MAXPOOL, node i. */
const char *mnq_ke_pool(struct mnq_kemit *x, int i, const char *name, const char *in);
const char *mnq_ke_upsample(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in);
const char *mnq_ke_spread(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in);
const char *mnq_ke_select(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in, const char *in1);
/** ADD and MUL. */
const char *mnq_ke_arithmetic(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in,
                              const char *in1);
const char *mnq_ke_reshape(struct mnq_kemit *x, int i, const char *name, const char *in);

#ifdef __cplusplus
}
#endif
#endif
