/* SPDX-License-Identifier: Apache-2.0
 * CONV: standard convolution, NUMERICS.md section 4. */
#include "generic.h"
#include "output.h"
#include "row.h"

/* One kernel row: acc + sum over kx, i. The columns x0 <= kx < x1 lie inside the input and are contiguous there. */
static int32_t conv_row(const struct mnq_layer *l, int32_t acc, const void *w, int wide, const void *in,
                        enum mnq_row_input type, int32_t x0, int32_t x1)
{
    const int32_t c = l->c;
    const size_t step = (size_t)c;
    int32_t kx;

    for (kx = 0; kx < x0; kx++)
        acc = mnq_row_dot(acc, mnq_weights_at(w, wide, (size_t)kx * step), wide, l->pad, MNQ_ROW_S8, c);
    acc = mnq_row_dot(acc, mnq_weights_at(w, wide, (size_t)x0 * step), wide, in, type, (x1 - x0) * c);
    for (kx = x1; kx < l->kw; kx++)
        acc = mnq_row_dot(acc, mnq_weights_at(w, wide, (size_t)kx * step), wide, l->pad, MNQ_ROW_S8, c);
    return acc;
}

static inline void conv(const struct mnq_layer *l, const struct mnq_band *b, int wide)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const struct mnq_requant_params *const q = &l->q;
    const size_t c = (size_t)l->c, row_weights = (size_t)l->kw * c;
    size_t i = 0;
    int32_t y, x, o, ky;

    for (y = b->y; y < b->y + b->n; y++) {
        for (x = 0; x < l->ow; x++) {
            const int32_t left = x * l->sw - l->pl, top = y * l->sh - l->pt;
            const int32_t x0 = left >= 0 ? 0 : left < -l->kw ? l->kw : -left;
            const int32_t x1 = l->w - left >= l->kw ? l->kw : l->w - left <= x0 ? x0 : l->w - left;
            const void *w = l->weights;
            for (o = 0; o < l->oc; o++, i++) {
                int32_t acc = q->bias[o];
                for (ky = 0; ky < l->kh; ky++) {
                    const int32_t iy = top + ky;
                    if (iy < 0 || iy >= l->h || x0 == x1) {
                        acc = conv_row(l, acc, w, wide, l->pad, MNQ_ROW_S8, l->kw, l->kw);
                    } else {
                        const void *in = mnq_row_at(mnq_view_row(&b->in0, iy), type, (size_t)(left + x0) * c);
                        acc = conv_row(l, acc, w, wide, in, type, x0, x1);
                    }
                    w = mnq_weights_at(w, wide, row_weights);
                }
                mnq_output_store(q, b->out, i, o, acc);
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
