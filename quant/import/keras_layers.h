/* SPDX-License-Identifier: Apache-2.0
 * Keras' layer classes as nodes of the graph. */
#ifndef MNQ_KERAS_LAYERS_H
#define MNQ_KERAS_LAYERS_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Appends one call of a layer that is no model.
 * in      nodes of the call's tensors, in their order
 * return  the output's node, -1 with k->e set
 */
int mnq_knet_layer(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in);

#ifdef __cplusplus
}
#endif
#endif
