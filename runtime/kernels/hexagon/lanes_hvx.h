/* SPDX-License-Identifier: Apache-2.0
 * Layers whose lanes are channels, 64 at a time: their inputs as int16 and the end of their sums. layout_hvx.h says how they
 * are packed. */
#ifndef MNQ_LANES_HVX_H
#define MNQ_LANES_HVX_H

#include "finish_hvx.h"

/** From sums without bias, even and odd lanes, to 64 int16 in front of their zero point; sums: [2], k: the record's numbers.
 */
MNQ_HVX_INLINE mnq_v mnq_hvx_lanes(const struct mnq_layer *l, mnq_vv acc, const uint8_t *k, int many, mnq_v *sums)
{
    const size_t two = 2 * MNQ_HVX_BYTES;
    mnq_v even = v_add_w(v_low(acc), v_load(k)), odd = v_add_w(v_high(acc), v_load(k + MNQ_HVX_BYTES));

    if (many) {
        sums[0] = even;
        sums[1] = odd;
        mnq_hvx_finish(sums, 1, l, k, two);
        mnq_hvx_finish(sums + 1, 1, l, k + MNQ_HVX_BYTES, two);
        even = sums[0];
        odd = sums[1];
    } else {
        even = mnq_hvx_scale(even, mnq_hvx_number(k, two, MNQ_HVX_M), mnq_hvx_number(k, two, MNQ_HVX_ROUND),
                             mnq_hvx_number(k, two, MNQ_HVX_SHIFT));
        k += MNQ_HVX_BYTES;
        odd = mnq_hvx_scale(odd, mnq_hvx_number(k, two, MNQ_HVX_M), mnq_hvx_number(k, two, MNQ_HVX_ROUND),
                            mnq_hvx_number(k, two, MNQ_HVX_SHIFT));
    }
    return v_sat_w(odd, even);
}

/** Outputs in front of their zero point, stored in the order of addresses and not from `end` on. */
MNQ_HVX_INLINE void mnq_hvx_put(const struct mnq_layer *l, uint8_t *to, mnq_v y, const uint8_t *end)
{
    const struct mnq_requant_params *const q = &l->q;

    y = v_add_h_sat(y, v_splat_h(q->zp));
    y = v_max_h(v_min_h(y, v_splat_h(q->hi)), v_splat_h(q->lo));
    v_store_before(to, q->out16 ? y : v_pack_h_sat(y, y), end);
}

/** 64 values from p on as int16, of which those in front of `end` count, at least one. */
MNQ_HVX_INLINE mnq_v mnq_hvx_take(const uint8_t *p, const uint8_t *end, int in16)
{
    const ptrdiff_t left = end - p;
    const mnq_v x = left >= 128 ? v_load(p) : v_load_some(p, (int32_t)left);

    return in16 ? x : v_low(v_unpack_b(x));
}

#endif
