/* SPDX-License-Identifier: Apache-2.0
 * Random shapes of the kernel check. */
#ifndef MNQ_KSHAPE_H
#define MNQ_KSHAPE_H

#include "kernels.h"
#include "rng.h"

/** Sizes, window, strides, padding, channels and weight type of a layer whose op is set. */
void mnq_kshape_pick(struct mnq_rng *g, struct mnq_layer *l);

/** Multiply-accumulates of a layer, or elements where there are none. */
int64_t mnq_kshape_work(const struct mnq_layer *l);

#endif
