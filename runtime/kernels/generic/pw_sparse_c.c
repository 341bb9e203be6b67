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

/* How many of the next pixels, `left` of them, can be transposed, and where to. */
static size_t find_place(const struct mnq_layer *l, uint8_t *end, size_t left, void **place)
{
    const size_t in_bytes = (size_t)l->c << l->in16, out_bytes = (size_t)l->oc << l->q.out16; /* of a pixel */
    size_t behind = left * out_bytes / (in_bytes + out_bytes); /* what is written and what is read do not meet */
    size_t apart = l->room_bytes / in_bytes;

    if (behind > MNQ_SPARSE_PIXELS) behind = MNQ_SPARSE_PIXELS;
    if (apart > MNQ_SPARSE_PIXELS) apart = MNQ_SPARSE_PIXELS;
    if (apart > left) apart = left;
    behind -= behind % MNQ_LANES;
    apart -= apart % MNQ_LANES;
    *place = apart > behind ? l->room : (void *)(end - behind * in_bytes);
    return apart > behind ? apart : behind;
}

void mnq_pw_sparse_c(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const size_t c = (size_t)l->c, oc = (size_t)l->oc, pixels = (size_t)l->h * (size_t)l->w;
    uint8_t *const end = (uint8_t *)out + (pixels * oc << l->q.out16) / 2 * 2;
    size_t p, n;

    (void)in1;
    for (p = 0; p < pixels; p += n, in0 = mnq_row_at(in0, type, n * c)) {
        void *place;
        n = find_place(l, end, pixels - p, &place);
        if (n > 0) {
            transpose(place, in0, type, l->c, (int32_t)n);
            mnq_sparse_rows(l, out, p * oc, place, (int32_t)n, 1);
        } else {
            n = pixels - p < MNQ_SPARSE_PIXELS ? pixels - p : MNQ_SPARSE_PIXELS;
            mnq_sparse_rows(l, out, p * oc, in0, (int32_t)n, 0);
        }
    }
}
