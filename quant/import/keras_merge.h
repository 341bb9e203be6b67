/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that combine tensors: sums, products, extremes, concatenation. */
#ifndef MNQ_KERAS_MERGE_H
#define MNQ_KERAS_MERGE_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a class of this kind does; NULL for any other class. */
mnq_kl_emit *mnq_kl_merge_of(const char *class_name);

/** Concatenation of n tensors along an axis as Keras counts them: only the channels. */
int mnq_knet_concat(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n, int axis);

#ifdef __cplusplus
}
#endif
#endif
