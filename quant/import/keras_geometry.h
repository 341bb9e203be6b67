/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that move or rename pixels: padding, Flatten, Reshape. */
#ifndef MNQ_KERAS_GEOMETRY_H
#define MNQ_KERAS_GEOMETRY_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

mnq_kl_emit mnq_kl_zero_padding, mnq_kl_flatten, mnq_kl_reshape, mnq_kl_permute;

#ifdef __cplusplus
}
#endif
#endif
