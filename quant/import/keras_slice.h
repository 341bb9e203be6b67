/* SPDX-License-Identifier: Apache-2.0
 * Slices of tensors as Python writes them: x[..., ::-1], x[:, 1:, 1:, :]. */
#ifndef MNQ_KERAS_SLICE_H
#define MNQ_KERAS_SLICE_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Appends x[spec] of node `in`; spec is the list that stands between the brackets. The new node, or -1. */
int mnq_knet_slice(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *spec, int in);

/** The last axis backwards: RGB from BGR and the other way round. */
int mnq_knet_reverse(struct mnq_knet *k, const struct mnq_klayer *l, int in);

#ifdef __cplusplus
}
#endif
#endif
