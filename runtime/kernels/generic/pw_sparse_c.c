/* SPDX-License-Identifier: Apache-2.0
 * PW with sparse weights, NUMERICS.md section 4: the work follows the stored weights. */
#include "generic.h"
#include "packed.h"
#include "pixels.h"
#include "sparse.h"

void mnq_pw_sparse_c(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    const size_t pixels = (size_t)l->h * (size_t)l->w;
    int32_t acc[MNQ_PIXELS], o, j;
    size_t p = 0;

    (void)in1;
    while (p < pixels) {
        const struct mnq_pixels b = mnq_pixels_take(l, out, in0, p);
        const int8_t *w = (const int8_t *)l->weights + (size_t)l->oc * mnq_bitmap_bytes(l->c, l->mult);
        for (o = 0; o < l->oc; o++) {
            for (j = 0; j < b.n; j++) acc[j] = l->q.bias[o];
            w = mnq_sparse_row(l, o, w, acc, &b);
            mnq_pixels_store(l, out, p, o, acc, b.n);
        }
        p += (size_t)b.n;
    }
}
