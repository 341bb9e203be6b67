/* SPDX-License-Identifier: Apache-2.0
 * One output of a block of pixels, from its bases of signs. */
#include "binary.h"
#include "packed.h"

void mnq_binary_row(const struct mnq_layer *l, int32_t o, int32_t *acc, const struct mnq_pixels *b, const int32_t *all)
{
    const size_t words = mnq_plane_words(l->c), first = (size_t)o * l->mult;
    const uint32_t *plane = (const uint32_t *)l->weights + first * words;
    const int16_t *a = mnq_behind_planes(l, l->mult) + first;
    int32_t sum[MNQ_PIXELS];
    int m;

    for (m = 0; m < l->mult; m++, plane += words) {
        mnq_binary_sum(l, plane, b, sum);
        mnq_binary_add(acc, sum, all, l->mult == 1 ? 1 : a[m], b->n);
    }
}
