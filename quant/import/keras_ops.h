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

#ifdef __cplusplus
}
#endif
#endif
