/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that change the size of planes: UpSampling2D, Cropping2D. */
#ifndef MNQ_KERAS_PLANE_H
#define MNQ_KERAS_PLANE_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

mnq_kl_emit mnq_kl_upsampling, mnq_kl_cropping;

#ifdef __cplusplus
}
#endif
#endif
