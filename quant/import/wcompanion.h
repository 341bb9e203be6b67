/* SPDX-License-Identifier: Apache-2.0
 * What other datasets of a layer say about its weights: pruning masks, cluster centroids, scales of integers. */
#ifndef MNQ_WCOMPANION_H
#define MNQ_WCOMPANION_H

#include "import/wmatch.h"

#ifdef __cplusplus
extern "C" {
#endif

/** True for what training keeps beside the weights and no inference reads: steps, thresholds, ranges, masks, seeds, counts.
 */
bool mnq_found_is_aside(const struct mnq_found *f);

/** Size of the two-dimensional kernel [in][out] that integers of 4 bits in this dataset may be; true if they may. */
bool mnq_found_is_nibbles(const struct mnq_found *f, int64_t in, int64_t out);

/**
 * Makes the values of a kernel just read those that the layer computes with.
 *     PruneLowMagnitude   kernel * mask
 *     ClusterWeights      centroids[indices], or each weight's nearest centroid
 *     Keras 3 int8, int4  kernel / kernel_scale
 * found    all weights of the file (or of the layer's group)
 * item     the kernel among them
 * in, out  sizes of the kernel where it is two-dimensional
 * d        its values; replaced
 * changed  the stored values are others than those, and writing new ones in their place would not do
 */
int mnq_companions_apply(struct mnq_h5 *h, const struct mnq_founds *found, int item, int64_t in, int64_t out,
                         struct mnq_h5_data *d, bool *changed, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
