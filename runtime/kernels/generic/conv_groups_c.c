/* SPDX-License-Identifier: Apache-2.0
 * CONV in groups: every output channel sees the input channels of its group, NUMERICS.md section 4. */
#include "generic.h"
#include "output.h"
#include "row.h"

/* a / b, b > 0, by hand: many a core has no instruction that divides. */
static int32_t share_of(int32_t a, int32_t b)
{
    int32_t n = 0;

    for (; a >= b; a -= b) n++;
    return n;
}

/* acc + sum over the window of one output channel whose group starts at input channel `first`. */
static int32_t window(const struct mnq_layer *l, const struct mnq_band *b, int32_t acc, const void *w, int wide, int32_t top,
                      int32_t left, int32_t first, int32_t n)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    int32_t ky, kx;

    for (ky = 0; ky < l->kh; ky++) {
        const int32_t iy = top + ky;
        const int inside = iy >= 0 && iy < l->h;
        const void *const row = inside ? mnq_view_row(&b->in0, iy) : NULL;
        for (kx = 0; kx < l->kw; kx++) {
            const int32_t ix = left + kx;
            if (inside && ix >= 0 && ix < l->w)
                acc = mnq_row_dot(acc, w, wide, mnq_row_at(row, type, (size_t)ix * (size_t)l->c + (size_t)first), type, n);
            else acc = mnq_row_dot(acc, w, wide, l->pad + first, MNQ_ROW_S8, n);
            w = mnq_weights_at(w, wide, (size_t)n);
        }
    }
    return acc;
}

void mnq_conv_groups_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const int wide = l->wtype == MNQ_W_S16;
    const int32_t n = share_of(l->c, l->mult), outputs = share_of(l->oc, l->mult);
    const size_t weights = (size_t)l->kh * l->kw * (size_t)n;
    size_t i = 0;
    int32_t y, x, o, k, first;

    for (y = b->y; y < b->y + b->n; y++) {
        for (x = 0; x < l->ow; x++) {
            const void *w = l->weights;
            for (o = 0, k = 0, first = 0; o < l->oc; o++, i++) {
                const int32_t acc = window(l, b, l->q.bias[o], w, wide, y * l->sh - l->pt, x * l->sw - l->pl, first, n);
                mnq_output_store(&l->q, b->out, i, o, acc);
                w = mnq_weights_at(w, wide, weights);
                if (++k < outputs) continue;
                k = 0;
                first += n;
            }
        }
    }
}
