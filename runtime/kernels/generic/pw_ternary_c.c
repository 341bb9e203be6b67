/* SPDX-License-Identifier: Apache-2.0
 * PW with weights -1, 0 and 1, NUMERICS.md section 4: a part of an output's weights is read for several pixels at once. */
#include "generic.h"
#include "output.h"
#include "packed.h"
#include "row.h"

enum { PART = 8 * MNQ_TRITS, TOGETHER = 8 }; /* weights of a part; pixels */

/* acc[p] + sum of w[i] * q(p, i), i < C, for n pixels from x on; w: the row of an output. */
static void dot(const struct mnq_layer *l, const uint8_t *w, const void *x, int32_t n, int32_t *acc)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    int8_t part[PART];
    int32_t first, i, p;

    for (first = 0; first < l->c; first += PART) {
        const int32_t some = l->c - first < PART ? l->c - first : PART;
        for (i = 0; i < some; i += MNQ_TRITS) (void)mnq_ternary_byte(*w++, part + i);
        for (p = 0; p < n; p++) {
            const void *const from = mnq_row_at(x, type, (size_t)p * (size_t)l->c + (size_t)first);
            acc[p] = mnq_row_dot(acc[p], part, 0, from, type, some);
        }
    }
}

void mnq_pw_ternary_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const size_t row = mnq_ternary_bytes(l->c);
    const int32_t pixels = b->n * l->w;
    int32_t first, o, p, acc[TOGETHER];

    for (first = 0; first < pixels; first += TOGETHER) {
        const int32_t n = pixels - first < TOGETHER ? pixels - first : TOGETHER;
        const void *const in = mnq_row_at(b->in0.at, type, (size_t)first * (size_t)l->c);
        const uint8_t *w = (const uint8_t *)l->weights;
        for (o = 0; o < l->oc; o++, w += row) {
            for (p = 0; p < n; p++) acc[p] = l->q.bias[o];
            dot(l, w, in, n, acc);
            for (p = 0; p < n; p++)
                mnq_output_store(&l->q, b->out, (size_t)(first + p) * (size_t)l->oc + (size_t)o, o, acc[p]);
        }
    }
}
