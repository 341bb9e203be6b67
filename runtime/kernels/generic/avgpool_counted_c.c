/* SPDX-License-Identifier: Apache-2.0
 * AVGPOOL whose windows reach over the border: the mean of what lies inside, NUMERICS.md section 5. */
#include "generic.h"
#include "inside.h"
#include "output.h"
#include "row.h"

enum { BLOCK = 8 }; /* channels held at a time, see dwconv_c.c */

/* L(k) / n for n of k places inside, L(k) the least common multiple of 1 .. k. */
static const uint16_t share[7][7] = {
    {1, 0, 0, 0, 0, 0, 0},
    {2, 1, 0, 0, 0, 0, 0},
    {6, 3, 2, 0, 0, 0, 0},
    {12, 6, 4, 3, 0, 0, 0},
    {60, 30, 20, 15, 12, 0, 0},
    {60, 30, 20, 15, 12, 10, 0},
    {420, 210, 140, 105, 84, 70, 60},
};

void mnq_avgpool_counted_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_requant_params *const q = &l->q;
    const enum mnq_row_input type = mnq_row_input0(l);
    size_t i = 0;
    int32_t y, x, c, iy, ix, j;

    for (y = b->y; y < b->y + b->n; y++) {
        const struct mnq_inside rows = mnq_inside(y, l->sh, l->pt, l->kh, l->h);
        for (x = 0; x < l->ow; x++) {
            const struct mnq_inside columns = mnq_inside(x, l->sw, l->pl, l->kw, l->w);
            const int32_t ny = rows.end - rows.first, nx = columns.end - columns.first;
            const int32_t f = (int32_t)share[l->kh - 1][ny - 1] * share[l->kw - 1][nx - 1], zero = ny * nx * l->zp0;
            for (c = 0; c < l->c; c += BLOCK) {
                const int32_t n = l->c - c < BLOCK ? l->c - c : BLOCK;
                int32_t acc[BLOCK];
                for (j = 0; j < n; j++) acc[j] = -zero;
                for (iy = rows.first; iy < rows.end; iy++) {
                    const void *const row = mnq_view_row(&b->in0, iy);
                    for (ix = columns.first; ix < columns.end; ix++)
                        mnq_row_add(acc, mnq_row_at(row, type, (size_t)ix * (size_t)l->c + (size_t)c), type, n);
                }
                for (j = 0; j < n; j++) acc[j] = mnq_mac(q->bias[c + j], acc[j], f);
                mnq_output_row(q, b->out, i, c, acc, n);
                i += (size_t)n;
            }
        }
    }
}
