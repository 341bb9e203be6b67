/* SPDX-License-Identifier: Apache-2.0
 * All outputs of a block of pixels, from bases of signs. */
#include "binary.h"

void mnq_binary_rows(const struct mnq_layer *l, void *out, size_t p, const struct mnq_pixels *b, const int32_t *all)
{
    int32_t acc[MNQ_PIXELS], o, j;

    for (o = 0; o < l->oc; o++) {
        for (j = 0; j < b->n; j++) acc[j] = l->q.bias[o];
        mnq_binary_row(l, o, acc, b, all);
        mnq_pixels_store(l, out, p, o, acc, b->n);
    }
}
