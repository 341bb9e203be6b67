/* SPDX-License-Identifier: Apache-2.0
 * DWCONV in front of PRELU and TABLE, NUMERICS.md sections 3 and 4. */
#include "dwconv.h"
#include "generic.h"
#include "output.h"

enum { BLOCK = 16 }; /* channels held at a time, see dwconv_c.c */

void mnq_dwconv_curve_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    struct mnq_dwconv_place p;
    int32_t acc[BLOCK];
    size_t i = 0;

    for (p.y = b->y; p.y < b->y + b->n; p.y++) {
        for (p.x = 0; p.x < l->ow; p.x++) {
            p.i = p.k = 0;
            for (p.o = 0; p.o < l->oc; p.o += BLOCK) {
                p.n = l->oc - p.o < BLOCK ? l->oc - p.o : BLOCK;
                mnq_dwconv_sums(l, &b->in0, &p, acc);
                mnq_output_row(&l->q, b->out, i, p.o, acc, p.n);
                i += (size_t)p.n;
                for (p.k += p.n; p.k >= l->mult; p.k -= l->mult) p.i++;
            }
        }
    }
}
