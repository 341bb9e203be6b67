/* SPDX-License-Identifier: Apache-2.0
 * Functions applied to tensors, as Keras stores them: TFOpLambda, TensorFlowOpLayer, keras.ops. */
#ifndef MNQ_KERAS_OPS_H
#define MNQ_KERAS_OPS_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

/** True for layers that stand for a function call. */
bool mnq_knet_is_op(const struct mnq_klayer *l, const struct mnq_kcall *call);

/** Appends such a call; arguments as those of mnq_knet_layer(). */
int mnq_knet_op(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in);

/**
 * Appends function(tensor of node `in`, keywords of the map `arguments` (or NULL)), as a Lambda layer calls it.
 * return  1: *out is its node; 0: a function of this name is not known; -1 with k->e set
 */
int mnq_knet_function(struct mnq_knet *k, const struct mnq_klayer *l, const char *function,
                      const struct mnq_ynode *arguments, int in, int *out);

#ifdef __cplusplus
}
#endif
#endif
