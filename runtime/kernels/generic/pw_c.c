/* SPDX-License-Identifier: Apache-2.0
 * PW: 1x1 convolution and dense layers, NUMERICS.md section 4. */
#include "generic.h"
#include "output.h"
#include "row.h"

static inline void pw(const struct mnq_layer *l, const struct mnq_band *b, int wide)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const struct mnq_requant_params q = l->q; /* a copy: stores to the output cannot change it */
    const size_t c = (size_t)l->c, pixels = (size_t)b->n * (size_t)l->w;
    const void *in = b->in0.at;
    size_t p, i = 0;
    int32_t o;

    for (p = 0; p < pixels; p++) {
        const void *w = l->weights;
        for (o = 0; o < l->oc; o += 2) {
            const int two = o + 1 < l->oc; /* else the last one, twice */
            int32_t acc[2];
            acc[0] = q.bias[o];
            acc[1] = q.bias[o + two];
            mnq_row_dot2(acc, w, two ? c : 0, wide, in, type, l->c);
            mnq_output_store(&q, b->out, i++, o, acc[0]);
            if (two) mnq_output_store(&q, b->out, i++, o + 1, acc[1]);
            w = mnq_weights_at(w, wide, 2 * c);
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
