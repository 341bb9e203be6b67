/* SPDX-License-Identifier: Apache-2.0
 * PW with sparse weights, NUMERICS.md section 4: the work follows the stored weights.
 *
 * A row's bitmap is decoded into a short list of inputs once for a block of pixels. If there is room, the block is
 * transposed first: then the pixels of an input are neighbours, and the inner loop is as simple as that of a dense kernel.
 * The room is the end of the output, whose pixels are written later; the last pixels, behind which there is none, are
 * gathered one by one. */
#include "generic.h"
#include "row.h"
#include "sparse.h"

/* The n pixels from x on, as int8 or int16. */
static void transpose(void *to, const void *x, enum mnq_row_input type, int32_t c, int32_t n)
{
    int32_t i, j;

    for (j = 0; j < n; j++, x = mnq_row_at(x, type, (size_t)c))
        for (i = 0; i < c; i++) {
            const size_t at = (size_t)i * (size_t)n + (size_t)j;
            if (type == MNQ_ROW_S16) ((int16_t *)to)[at] = ((const int16_t *)x)[i];
            else ((int8_t *)to)[at] = (int8_t)mnq_row_value(x, type, (size_t)i);
        }
}

void mnq_pw_sparse_c(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const size_t c = (size_t)l->c, oc = (size_t)l->oc, pixels = (size_t)l->h * (size_t)l->w;
    const size_t in_bytes = c << l->in16, out_bytes = oc << l->q.out16; /* of a pixel */
    uint8_t *const end = (uint8_t *)out + pixels * out_bytes / 2 * 2;
    size_t p, n;

    (void)in1;
    for (p = 0; p < pixels; p += n, in0 = mnq_row_at(in0, type, n * c)) {
        const void *x = in0;
        int lanes = 0;
        n = (pixels - p) * out_bytes / (in_bytes + out_bytes) / MNQ_LANES * MNQ_LANES; /* written, and read from behind */
        if (n > 0) {
            if (n > MNQ_SPARSE_PIXELS) n = MNQ_SPARSE_PIXELS;
            x = end - n * in_bytes;
            transpose(end - n * in_bytes, in0, type, l->c, (int32_t)n);
            lanes = 1;
        } else {
            n = pixels - p < MNQ_SPARSE_PIXELS ? pixels - p : MNQ_SPARSE_PIXELS;
        }
        mnq_sparse_rows(l, out, p * oc, x, (int32_t)n, lanes);
    }
}
