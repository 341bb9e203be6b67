/* SPDX-License-Identifier: Apache-2.0
 * The sums of a depthwise convolution apart from what becomes of them. */
#ifndef MNQ_DWCONV_H
#define MNQ_DWCONV_H

#include "kernels.h"

/** n output channels from o on of output pixel (y, x); the first is number k of those made from input channel i. */
struct mnq_dwconv_place {
    int32_t y, x, o, n, i, k;
};

/** Their accumulators, bias included. */
void mnq_dwconv_sums(const struct mnq_layer *l, const struct mnq_view *in, const struct mnq_dwconv_place *p, int32_t *acc);

#endif
