/* SPDX-License-Identifier: Apache-2.0
 * SELECT: channels of one tensor or two, NUMERICS.md section 9. */
#include "generic.h"
#include "output.h"
#include "row.h"

/* n values of one pixel as output channels c .. c + n - 1. */
static void take(const struct mnq_requant_params *q, void *out, size_t i, int32_t c, const void *x, enum mnq_row_input type,
                 int32_t n)
{
    const int8_t *x8 = (const int8_t *)x;
    const int16_t *x16 = (const int16_t *)x;
    int32_t j;

    if (type == MNQ_ROW_S16)
        for (j = 0; j < n; j++, c++, i++) mnq_output_store(q, out, i, c, mnq_add(q->bias[c], x16[j]));
    else
        for (j = 0; j < n; j++, c++, i++) mnq_output_store(q, out, i, c, mnq_add(q->bias[c], x8[j]));
}

void mnq_select_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_requant_params *const q = &l->q;
    const enum mnq_row_input type0 = mnq_row_input0(l), type1 = mnq_row_input1(l);
    const uint16_t *const map = (const uint16_t *)l->weights;
    const size_t pixels = (size_t)b->n * (size_t)l->w;
    const void *x0 = b->in0.at, *x1 = b->in1.at;
    size_t p, i = 0;
    int32_t c;

    for (p = 0; p < pixels; p++) {
        if (map == NULL) {
            take(q, b->out, i, 0, x0, type0, l->c);
            if (l->c1 > 0) take(q, b->out, i + (size_t)l->c, l->c, x1, type1, l->c1);
            i += (size_t)l->oc;
        } else {
            for (c = 0; c < l->oc; c++, i++) {
                const int32_t from = map[c];
                if (from < l->c) take(q, b->out, i, c, mnq_row_at(x0, type0, (size_t)from), type0, 1);
                else take(q, b->out, i, c, mnq_row_at(x1, type1, (size_t)(from - l->c)), type1, 1);
            }
        }
        x0 = mnq_row_at(x0, type0, (size_t)l->c);
        if (l->c1 > 0) x1 = mnq_row_at(x1, type1, (size_t)l->c1);
    }
}
