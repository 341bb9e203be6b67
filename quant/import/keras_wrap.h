/* SPDX-License-Identifier: Apache-2.0
 * Layers around layers, as TensorFlow's model optimization toolkit leaves them behind. */
#ifndef MNQ_KERAS_WRAP_H
#define MNQ_KERAS_WRAP_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

/** True for a wrapper whose inner layer alone is the network: PruneLowMagnitude, QuantizeWrapper, ... */
bool mnq_knet_wrapper(const char *class_name);

/** True for those of them that learn ranges: QuantizeWrapper, QuantizeWrapperV2. */
bool mnq_knet_quantizes(const char *class_name);

/** The inner layer's configuration; NULL if the layer holds none. */
const struct mnq_ynode *mnq_knet_inner_config(const struct mnq_klayer *l);

/** Makes *inner the layer inside wrapper l (wrappers inside wrappers too) and notes what is dropped. 0 or -1. */
int mnq_knet_unwrap(struct mnq_knet *k, const struct mnq_klayer *l, struct mnq_klayer *inner);

#ifdef __cplusplus
}
#endif
#endif
