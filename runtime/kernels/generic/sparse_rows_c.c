/* SPDX-License-Identifier: Apache-2.0
 * All outputs of a block of pixels, from sparse weights. */
#include "packed.h"
#include "sparse.h"

void mnq_sparse_rows(const struct mnq_layer *l, void *out, size_t at, const void *x, int32_t n, int lanes)
{
    const int8_t *w = (const int8_t *)l->weights + (size_t)l->oc * mnq_bitmap_bytes(l->c, l->mult);
    int32_t acc[MNQ_SPARSE_PIXELS], o, j;

    for (o = 0; o < l->oc; o++) {
        for (j = 0; j < n; j++) acc[j] = l->q.bias[o];
        w = mnq_sparse_row(l, o, w, acc, x, lanes ? n : -n);
        mnq_sparse_store(l, out, at + (size_t)o, o, acc, n);
    }
}
