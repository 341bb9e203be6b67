/* SPDX-License-Identifier: Apache-2.0
 * AVGPOOL: windowed and global average pooling, NUMERICS.md section 5. */
#include "generic.h"
#include "output.h"
#include "row.h"

enum { BLOCK = 16 }; /* channels held at a time, see dwconv_c.c */

void mnq_avgpool_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_requant_params *const q = &l->q;
    const enum mnq_row_input type = mnq_row_input0(l);
    size_t i = 0;
    int32_t y, x, c, ky, kx, j;

    for (y = b->y; y < b->y + b->n; y++) {
        for (x = 0; x < l->ow; x++) {
            for (c = 0; c < l->c; c += BLOCK) {
                const int32_t n = l->c - c < BLOCK ? l->c - c : BLOCK;
                int32_t acc[BLOCK];
                for (j = 0; j < n; j++) acc[j] = q->bias[c + j];
                for (ky = 0; ky < l->kh; ky++) {
                    const void *const row = mnq_view_row(&b->in0, y * l->sh + ky);
                    for (kx = 0; kx < l->kw; kx++)
                        mnq_row_add(acc, mnq_row_at(row, type, (size_t)(x * l->sw + kx) * (size_t)l->c + (size_t)c), type,
                                    n);
                }
                mnq_output_row(q, b->out, i, c, acc, n);
                i += (size_t)n;
            }
        }
    }
}
