/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that move or rename pixels: padding, Flatten, Reshape. */
#ifndef MNQ_KERAS_GEOMETRY_H
#define MNQ_KERAS_GEOMETRY_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

mnq_kl_emit mnq_kl_zero_padding, mnq_kl_flatten, mnq_kl_reshape, mnq_kl_permute;

/** Node `in` in the shape that the list `target` states behind its first `skip` entries; one may be -1. */
int mnq_knet_reshape(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *target, int skip, int in);

/** Its n axes, counted from 1, in the order dim[0 .. n - 1]. */
int mnq_knet_permute(struct mnq_knet *k, const struct mnq_klayer *l, const int *dim, int n, int in);

#ifdef __cplusplus
}
#endif
#endif
