/* SPDX-License-Identifier: Apache-2.0
 * Activations in every form that Keras stores: names, functions, layers. */
#ifndef MNQ_KERAS_ACT_H
#define MNQ_KERAS_ACT_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Each appends the activation under `name` behind node `in`: the new node, `in` itself where nothing is to be done, or -1.
 */

/** By Keras' name: "relu6", "hard_swish", ...; "linear" does nothing. */
int mnq_knet_activation(struct mnq_knet *k, const struct mnq_klayer *l, const char *name, int in, const char *activation);

/** The layer ReLU with the parameters in `config`. */
int mnq_knet_relu(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *config, const char *name, int in);

/** A name, a serialized function or a serialized layer; null does nothing. */
int mnq_knet_activation_of(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *v, const char *name,
                           int in);

/** A softmax over the channels, or over the pixels of one channel, as `axes` says; NULL: the last axis. */
int mnq_knet_softmax(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *axes, int in);

/** The activation inside a convolution or dense layer, as a node of its own. */
int mnq_knet_own_activation(struct mnq_knet *k, const struct mnq_klayer *l, int in);

#ifdef __cplusplus
}
#endif
#endif
