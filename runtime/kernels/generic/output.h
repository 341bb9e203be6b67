/* SPDX-License-Identifier: Apache-2.0
 * The output stage: from an accumulator to a stored activation, NUMERICS.md section 3. */
#ifndef MNQ_OUTPUT_H
#define MNQ_OUTPUT_H

#include "fixed.h"
#include "kernels.h"
#include "variants.h"

#include <stddef.h>

/**
 * The activations PRELU and TABLE for n output channels from c on: elements i and on of out. Apart from the others, so that
 * it costs their kernels no stack.
 */
void mnq_output_curve(const struct mnq_requant_params *q, void *out, size_t i, int32_t c, const int32_t *acc, int32_t n);

/** Stores y, before its zero point is added, as element i of out, int8 or int16 as q->out16 says. */
static inline void mnq_output_put(const struct mnq_requant_params *q, void *out, size_t i, int32_t y)
{
    y = mnq_clamp(mnq_add(q->zp, y), q->lo, q->hi);
    if (q->out16) ((int16_t *)out)[i] = (int16_t)y;
    else ((int8_t *)out)[i] = (int8_t)y;
}

/** Requantizes acc of output channel c, whose activation is neither PRELU nor TABLE, and stores it as element i of out. */
static inline void mnq_output_plain(const struct mnq_requant_params *q, void *out, size_t i, int32_t c, int32_t acc)
{
    int32_t y = mnq_requant(acc, q->mult[c], q->shift[c]);
    if ((MNQ_VARIANTS_ACT & 1) && q->act != MNQ_A_CLAMP) {
        int32_t t = mnq_clamp(y, -32768, 32767), u = mnq_hgate(t, q->frac);
        y = mnq_requant(q->act == MNQ_A_HSWISH ? mnq_mac(0, t, u) : u, q->mult2[c], q->shift2[c]);
    }
    mnq_output_put(q, out, i, y);
}

/** Requantizes acc of output channel c and stores it as element i of out, int8 or int16 as q->out16 says. */
static inline void mnq_output_store(const struct mnq_requant_params *q, void *out, size_t i, int32_t c, int32_t acc)
{
    if ((MNQ_VARIANTS_ACT & 2) && q->act > MNQ_A_HSIGMOID) mnq_output_curve(q, out, i, c, &acc, 1);
    else mnq_output_plain(q, out, i, c, acc);
}

/** The same for n channels from c on, elements i and on; a call, so that its registers are not the kernel's. */
void mnq_output_row(const struct mnq_requant_params *q, void *out, size_t i, int32_t c, const int32_t *acc, int32_t n);

#endif
