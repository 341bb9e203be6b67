/* SPDX-License-Identifier: Apache-2.0
 * PW with sparse weights of four bits, NUMERICS.md section 4: the work follows the stored weights. */
#include "generic.h"
#include "packed.h"
#include "pixels.h"
#include "sparse.h"

void mnq_pw_sparse4_c(const struct mnq_layer *l, const struct mnq_band *t)
{
    const size_t pixels = (size_t)t->n * (size_t)l->w;
    int32_t acc[MNQ_PIXELS], o, j;
    size_t p = 0;

    while (p < pixels) {
        const struct mnq_pixels b = mnq_pixels_take(l, t, p);
        const uint8_t *w = (const uint8_t *)l->weights + (size_t)l->oc * mnq_bitmap_bytes(l->c, l->mult);
        for (o = 0; o < l->oc; o++) {
            for (j = 0; j < b.n; j++) acc[j] = l->q.bias[o];
            w = mnq_sparse4_row(l, o, w, acc, &b);
            mnq_pixels_store(l, t->out, p, o, acc, b.n);
        }
        p += (size_t)b.n;
    }
}
