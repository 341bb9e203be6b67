/* SPDX-License-Identifier: Apache-2.0
 * CONV: standard convolution, NUMERICS.md section 4. */
#include "generic.h"
#include "output.h"
#include "row.h"

/*
 * One kernel row of two output channels, whose weights are `apart` from each other: acc + sum over kx, i. The columns
 * x0 <= kx < x1 lie inside the input and are contiguous there.
 */
static void conv_row(const struct mnq_layer *l, int32_t acc[2], const void *w, size_t apart, int wide, const void *in,
                     enum mnq_row_input type, int32_t x0, int32_t x1)
{
    const int32_t c = l->c;
    int32_t kx;

    for (kx = 0; kx < l->kw; kx++) {
        const void *const v = mnq_weights_at(w, wide, (size_t)(kx * c));
        if (kx >= x0 && kx < x1) {
            mnq_row_dot2(acc, v, apart, wide, in, type, (x1 - x0) * c);
            kx = x1 - 1;
        } else {
            mnq_row_dot2(acc, v, apart, wide, l->pad, MNQ_ROW_S8, c);
        }
    }
}

/* The window of output pixel y, x: acc + its products with the two channels. A call, so that its registers are not conv()'s.
 */
static MNQ_APART void window(const struct mnq_layer *l, const struct mnq_view *view, int32_t acc[2], const void *w,
                             size_t apart, int wide, int32_t y, int32_t x)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const int32_t left = x * l->sw - l->pl, top = y * l->sh - l->pt;
    const int32_t x0 = left >= 0 ? 0 : left < -l->kw ? l->kw : -left;
    const int32_t x1 = l->w - left >= l->kw ? l->kw : l->w - left <= x0 ? x0 : l->w - left;
    int32_t ky;

    for (ky = 0; ky < l->kh; ky++) {
        const int32_t iy = top + ky;
        const void *in = l->pad;
        int32_t end = x0; /* the row is padding alone */
        if (iy >= 0 && iy < l->h && x0 != x1) {
            in = mnq_row_at(mnq_view_row(view, iy), type, (size_t)(left + x0) * (size_t)l->c);
            end = x1;
        }
        conv_row(l, acc, w, apart, wide, in, type, x0, end);
        w = mnq_weights_at(w, wide, (size_t)l->kw * (size_t)l->c);
    }
}

static inline void conv(const struct mnq_layer *l, const struct mnq_band *b, int wide)
{
    const struct mnq_requant_params *const q = &l->q;
    const size_t channel = (size_t)l->kh * (size_t)l->kw * (size_t)l->c;
    size_t i = 0;
    int32_t y, x, o;

    for (y = b->y; y < b->y + b->n; y++) {
        for (x = 0; x < l->ow; x++) {
            for (o = 0; o < l->oc; o += 2) {
                const int two = o + 1 < l->oc; /* else the last one, twice */
                int32_t acc[2];
                acc[0] = q->bias[o];
                acc[1] = q->bias[o + two];
                window(l, &b->in0, acc, mnq_weights_at(l->weights, wide, (size_t)o * channel), two ? channel : 0, wide, y,
                       x);
                mnq_output_store(q, b->out, i++, o, acc[0]);
                if (two) mnq_output_store(q, b->out, i++, o + 1, acc[1]);
            }
        }
    }
}

void mnq_conv_s8_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    conv(l, b, 0);
}

void mnq_conv_s16_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    conv(l, b, 1);
}
