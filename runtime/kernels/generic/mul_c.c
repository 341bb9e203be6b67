/* SPDX-License-Identifier: Apache-2.0
 * MUL: every channel times its gate (squeeze-excite), NUMERICS.md section 7. */
#include "generic.h"
#include "output.h"

void mnq_mul_c(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    const struct mnq_requant_params *const q = &l->q;
    const int8_t *a = (const int8_t *)in0, *gate = (const int8_t *)in1;
    const size_t pixels = (size_t)l->h * (size_t)l->w;
    size_t p, i = 0;
    int32_t c;

    for (p = 0; p < pixels; p++)
        for (c = 0; c < l->c; c++, i++) mnq_output_store(q, out, i, c, mnq_mac(0, a[i] - l->zp0, gate[c] - l->zp1));
}
