/* SPDX-License-Identifier: Apache-2.0
 * ADD: two tensors of equal shape, rounded once, NUMERICS.md section 6. */
#include "generic.h"
#include "output.h"

void mnq_add_c(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    const struct mnq_requant_params *const q = &l->q;
    const int8_t *a = (const int8_t *)in0, *b = (const int8_t *)in1;
    const int16_t *w0 = (const int16_t *)l->weights, *w1 = w0 + l->c;
    const size_t pixels = (size_t)l->h * (size_t)l->w;
    size_t p, i = 0;
    int32_t c;

    for (p = 0; p < pixels; p++)
        for (c = 0; c < l->c; c++, i++)
            mnq_output_store(q, out, i, c, mnq_mac(mnq_mac(q->bias[c], w0[c], a[i]), w1[c], b[i]));
}
