/* SPDX-License-Identifier: Apache-2.0
 * ADD: two tensors of equal shape, rounded once, NUMERICS.md section 6. */
#include "generic.h"
#include "output.h"
#include "row.h"

static inline void add(const struct mnq_layer *l, void *out, const void *in0, enum mnq_row_input type0, const void *in1,
                       enum mnq_row_input type1)
{
    const struct mnq_requant_params *const q = &l->q;
    const int16_t *w0 = (const int16_t *)l->weights, *w1 = w0 + l->c;
    const size_t pixels = (size_t)l->h * (size_t)l->w;
    size_t p, i = 0;
    int32_t c;

    for (p = 0; p < pixels; p++)
        for (c = 0; c < l->c; c++, i++) {
            const int32_t acc = mnq_mac(q->bias[c], w0[c], mnq_row_value(in0, type0, i));
            mnq_output_store(q, out, i, c, mnq_mac(acc, w1[c], mnq_row_value(in1, type1, i)));
        }
}

void mnq_add_c(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    if (!l->in16 && !l->in16b) add(l, out, in0, MNQ_ROW_S8, in1, MNQ_ROW_S8);
    else add(l, out, in0, mnq_row_input0(l), in1, mnq_row_input1(l));
}
