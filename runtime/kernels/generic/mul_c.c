/* SPDX-License-Identifier: Apache-2.0
 * MUL: every channel times its gate (squeeze-excite), NUMERICS.md section 7. */
#include "generic.h"
#include "output.h"
#include "row.h"

static inline void mul(const struct mnq_layer *l, void *out, const void *in0, enum mnq_row_input type0, const void *in1,
                       enum mnq_row_input type1)
{
    const struct mnq_requant_params *const q = &l->q;
    const size_t pixels = (size_t)l->h * (size_t)l->w;
    size_t p, i = 0;
    int32_t c;

    for (p = 0; p < pixels; p++)
        for (c = 0; c < l->c; c++, i++) {
            const int32_t a = mnq_row_value(in0, type0, i) - l->zp0, gate = mnq_row_value(in1, type1, (size_t)c) - l->zp1;
            mnq_output_store(q, out, i, c, mnq_mac(0, a, gate));
        }
}

void mnq_mul_c(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    if (!l->in16 && !l->in16b) mul(l, out, in0, MNQ_ROW_S8, in1, MNQ_ROW_S8);
    else mul(l, out, in0, mnq_row_input0(l), in1, mnq_row_input1(l));
}
