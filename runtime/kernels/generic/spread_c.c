/* SPDX-License-Identifier: Apache-2.0
 * SPREAD: channels of a pixel become the pixels of a block, NUMERICS.md section 11. */
#include "generic.h"
#include "output.h"
#include "row.h"

void mnq_spread_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_requant_params *const q = &l->q;
    const enum mnq_row_input type = mnq_row_input0(l);
    int32_t y, x, c, row = 0, ky = b->y, kx;
    size_t i = 0;

    for (; ky >= l->kh; ky -= l->kh) row++;
    for (y = 0; y < b->n; y++) {
        const void *in = mnq_view_row(&b->in0, row);
        size_t at = (size_t)ky * l->kw * (size_t)l->oc; /* of the pixel's values that this row takes */
        for (x = 0, kx = 0; x < l->ow; x++) {
            for (c = 0; c < l->oc; c++, i++)
                mnq_output_store(q, b->out, i, c, mnq_add(q->bias[c], mnq_row_value(in, type, at + (size_t)c)));
            at += (size_t)l->oc;
            if (++kx < l->kw) continue;
            kx = 0;
            at += (size_t)l->c - (size_t)l->kw * (size_t)l->oc;
        }
        if (++ky < l->kh) continue;
        ky = 0;
        row++;
    }
}
