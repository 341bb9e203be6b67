/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that scale and shift channels: BatchNormalization, Rescaling. */
#ifndef MNQ_KERAS_AFFINE_H
#define MNQ_KERAS_AFFINE_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

mnq_kl_emit mnq_kl_batchnorm, mnq_kl_rescaling;

#ifdef __cplusplus
}
#endif
#endif
