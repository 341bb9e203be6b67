/* SPDX-License-Identifier: Apache-2.0
 * The output stage: from an accumulator to a stored activation, NUMERICS.md section 3. */
#ifndef MNQ_OUTPUT_H
#define MNQ_OUTPUT_H

#include "fixed.h"
#include "kernels.h"

#include <stddef.h>

/** Requantizes acc of output channel c and stores it as element i of out, int8 or int16 as q->out16 says. */
static inline void mnq_output_store(const struct mnq_requant_params *q, void *out, size_t i, int32_t c, int32_t acc)
{
    int32_t y = mnq_requant(acc, q->mult[c], q->shift[c]);
    if (q->act != MNQ_A_CLAMP) {
        int32_t t = mnq_clamp(y, -32768, 32767), u = mnq_hgate(t, q->frac);
        y = mnq_requant(q->act == MNQ_A_HSWISH ? mnq_mac(0, t, u) : u, q->mult2[c], q->shift2[c]);
    }
    y = mnq_clamp(mnq_add(q->zp, y), q->lo, q->hi);
    if (q->out16) ((int16_t *)out)[i] = (int16_t)y;
    else ((int8_t *)out)[i] = (int8_t)y;
}

#endif
