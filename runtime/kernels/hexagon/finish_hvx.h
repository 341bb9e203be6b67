/* SPDX-License-Identifier: Apache-2.0
 * The output stage on HVX: vectors of 32 sums become outputs, NUMERICS.md section 3. */
#ifndef MNQ_FINISH_HVX_H
#define MNQ_FINISH_HVX_H

#include "layout_hvx.h"
#include "vector_hvx.h"

/** The numbers of 32 channels that plain outputs take; `k` points to their biases, `pitch` bytes from number to number. */
MNQ_HVX_INLINE mnq_v mnq_hvx_number(const uint8_t *k, size_t pitch, enum mnq_hvx_number i)
{
    return v_load(k + (size_t)i * pitch);
}

/** requant() for shifts from 1 on. */
MNQ_HVX_INLINE mnq_v mnq_hvx_scale(mnq_v acc, mnq_v m, mnq_v round, mnq_v shift)
{
    return v_asr_w(v_add_w(v_mulhi_w(acc, m), round), shift);
}

/**
 * requant() and the activation for all other layers, as a call: sums become outputs in front of their zero point.
 * sums   vectors of 32, 128-byte aligned
 * k      the numbers of the 32 channels, the same for all vectors
 */
void mnq_hvx_finish(mnq_v *sums, int32_t vectors, const struct mnq_layer *l, const uint8_t *k, size_t pitch);

/** Two vectors of 32 words as int16 outputs, b's first: zero point, clamp. */
MNQ_HVX_INLINE mnq_v mnq_hvx_out16(mnq_v a, mnq_v b, const struct mnq_requant_params *q)
{
    const mnq_v y = v_add_h_sat(v_pack_w_sat(a, b), v_splat_h(q->zp));

    return v_max_h(v_min_h(y, v_splat_h(q->hi)), v_splat_h(q->lo));
}

/** Four vectors of 32 words as int8 outputs, a[0]'s first: zero point, clamp. */
MNQ_HVX_INLINE mnq_v mnq_hvx_out8(const mnq_v a[4], const struct mnq_requant_params *q)
{
    const mnq_v zp = v_splat_h(q->zp);
    const mnq_v y = v_pack_h_sat(v_add_h_sat(v_pack_w_sat(a[3], a[2]), zp), v_add_h_sat(v_pack_w_sat(a[1], a[0]), zp));

    return v_max_b(v_min_b(y, v_splat_b(q->hi)), v_splat_b(q->lo));
}

#endif
