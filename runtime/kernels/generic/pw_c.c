/* SPDX-License-Identifier: Apache-2.0
 * PW: 1x1 convolution and dense layers, NUMERICS.md section 4. */
#include "generic.h"
#include "output.h"
#include "row.h"

static inline void pw(const struct mnq_layer *l, const struct mnq_band *b, int wide)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const struct mnq_requant_params *const q = &l->q;
    const size_t c = (size_t)l->c, pixels = (size_t)b->n * (size_t)l->w;
    const void *in = b->in0.at;
    size_t p, i = 0;
    int32_t o;

    for (p = 0; p < pixels; p++) {
        const void *w = l->weights;
        for (o = 0; o < l->oc; o++, i++) {
            mnq_output_store(q, b->out, i, o, mnq_row_dot(q->bias[o], w, wide, in, type, l->c));
            w = mnq_weights_at(w, wide, c);
        }
        in = mnq_row_at(in, type, c);
    }
}

void mnq_pw_s8_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    pw(l, b, 0);
}

void mnq_pw_s16_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    pw(l, b, 1);
}
