/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers with kernels: convolutions of every kind and Dense. */
#ifndef MNQ_KERAS_CONV_H
#define MNQ_KERAS_CONV_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

mnq_kl_emit mnq_kl_conv, mnq_kl_conv1d, mnq_kl_depthwise, mnq_kl_separable, mnq_kl_transposed, mnq_kl_dense;

#ifdef __cplusplus
}
#endif
#endif
