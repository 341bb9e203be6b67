/* SPDX-License-Identifier: Apache-2.0
 * Keras' pooling layers: average and maximum, by windows and of whole planes. */
#ifndef MNQ_KERAS_POOL_H
#define MNQ_KERAS_POOL_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

mnq_kl_emit mnq_kl_average_pooling, mnq_kl_global_pooling, mnq_kl_max_pooling, mnq_kl_global_max_pooling,
    mnq_kl_average_pooling1d, mnq_kl_max_pooling1d;

#ifdef __cplusplus
}
#endif
#endif
