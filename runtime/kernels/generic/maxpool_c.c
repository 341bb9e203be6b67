/* SPDX-License-Identifier: Apache-2.0
 * MAXPOOL: the largest value of every window, NUMERICS.md section 8. */
#include "generic.h"
#include "inside.h"
#include "output.h"
#include "row.h"

enum { BLOCK = 8 }; /* channels held at a time, see dwconv_c.c */

/* best[i] = max(best[i], q[i]), i < n; a loop per type as in row.h. */
static void raise(int32_t *best, const void *x, enum mnq_row_input type, int32_t n)
{
    const int8_t *x8 = (const int8_t *)x;
    const int16_t *x16 = (const int16_t *)x;
    int32_t i;

    if (type == MNQ_ROW_S8)
        for (i = 0; i < n; i++) best[i] = x8[i] > best[i] ? x8[i] : best[i];
    else if (type == MNQ_ROW_S16)
        for (i = 0; i < n; i++) best[i] = x16[i] > best[i] ? x16[i] : best[i];
    else
        for (i = 0; i < n; i++) {
            const int32_t q = mnq_row_value(x, type, (size_t)i);
            best[i] = q > best[i] ? q : best[i];
        }
}

void mnq_maxpool_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_requant_params *const q = &l->q;
    const enum mnq_row_input type = mnq_row_input0(l);
    size_t i = 0;
    int32_t y, x, c, iy, ix, j;

    for (y = b->y; y < b->y + b->n; y++) {
        const struct mnq_inside rows = mnq_inside(y, l->sh, l->pt, l->kh, l->h);
        for (x = 0; x < l->ow; x++) {
            const struct mnq_inside columns = mnq_inside(x, l->sw, l->pl, l->kw, l->w);
            for (c = 0; c < l->c; c += BLOCK) {
                const int32_t n = l->c - c < BLOCK ? l->c - c : BLOCK;
                int32_t best[BLOCK];
                for (j = 0; j < n; j++) best[j] = -32768;
                for (iy = rows.first; iy < rows.end; iy++) {
                    const void *const row = mnq_view_row(&b->in0, iy);
                    for (ix = columns.first; ix < columns.end; ix++)
                        raise(best, mnq_row_at(row, type, (size_t)ix * (size_t)l->c + (size_t)c), type, n);
                }
                for (j = 0; j < n; j++) best[j] = mnq_add(q->bias[c + j], best[j]);
                mnq_output_row(q, b->out, i, c, best, n);
                i += (size_t)n;
            }
        }
    }
}
