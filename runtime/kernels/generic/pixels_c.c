/* SPDX-License-Identifier: Apache-2.0
 * Blocks of pixels for kernels that decode their weights. */
#include "pixels.h"

#include "output.h"
#include "row.h"

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

/* How many of the pixels left fit `bytes`, in whole lanes, at most MNQ_PIXELS; without a division. */
static size_t whole_lanes(size_t bytes, size_t pixel_bytes, size_t left)
{
    const size_t lanes = pixel_bytes * MNQ_LANES;
    size_t n = 0;

    for (; n < MNQ_PIXELS && left >= MNQ_LANES && bytes >= lanes; n += MNQ_LANES) {
        left -= MNQ_LANES;
        bytes -= lanes;
    }
    return n;
}

struct mnq_pixels mnq_pixels_take(const struct mnq_layer *l, const struct mnq_band *t, size_t p)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const size_t in_bytes = (size_t)l->c << l->in16, out_bytes = (size_t)l->oc << l->q.out16; /* of a pixel */
    const size_t left = (size_t)t->n * (size_t)l->w - p, bytes = left * out_bytes / 2 * 2;
    const size_t apart = whole_lanes(t->scratch_bytes, in_bytes, left);
    const size_t behind = whole_lanes(bytes, in_bytes + out_bytes, left); /* what is written and what is read do not meet */
    uint8_t *place = (uint8_t *)t->scratch;
    struct mnq_pixels b;

    b.x = mnq_row_at(t->in0.at, type, p * (size_t)l->c);
    b.n = (int32_t)(apart > behind ? apart : behind);
    b.lanes = b.n > 0;
    if (b.lanes) {
        if (apart <= behind) place = (uint8_t *)t->out + p * out_bytes + bytes - behind * in_bytes;
        transpose(place, b.x, type, l->c, b.n);
        b.x = place;
    } else {
        b.n = left < MNQ_PIXELS ? (int32_t)left : MNQ_PIXELS;
    }
    return b;
}

void mnq_pixels_store(const struct mnq_layer *l, void *out, size_t p, int32_t o, const int32_t *acc, int32_t n)
{
    const size_t oc = (size_t)l->oc, at = p * oc + (size_t)o;
    int32_t j;

    for (j = 0; j < n; j++) mnq_output_store(&l->q, out, at + (size_t)j * oc, o, acc[j]);
}
