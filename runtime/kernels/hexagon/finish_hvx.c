/* SPDX-License-Identifier: Apache-2.0
 * The output stage on HVX for layers with shifts below 1, h-swish or h-sigmoid. */
#include "finish_hvx.h"

/* x * 2^n, saturated; n 0..31 in every lane. */
static inline mnq_v rise(mnq_v x, mnq_v n)
{
    const mnq_v y = v_asl_w(x, n);

    return v_where_equal_w(v_asr_w(y, n), x, y, v_xor(v_asr_w(x, v_splat_w(31)), v_splat_w(INT32_MAX)));
}

void mnq_hvx_finish(mnq_v *sums, int32_t vectors, const struct mnq_layer *l, const uint8_t *k, size_t pitch)
{
    const int32_t one = (int32_t)((uint32_t)1 << l->q.frac);

    for (; vectors > 0; vectors--, sums++) {
        mnq_v y = rise(*sums, mnq_hvx_number(k, pitch, MNQ_HVX_LEFT)), u;
        y = mnq_hvx_scale(y, mnq_hvx_number(k, pitch, MNQ_HVX_M), mnq_hvx_number(k, pitch, MNQ_HVX_ROUND),
                          mnq_hvx_number(k, pitch, MNQ_HVX_SHIFT));
        if (l->q.act != MNQ_A_CLAMP) {
            y = v_max_w(v_min_w(y, v_splat_w(32767)), v_splat_w(-32768));
            u = v_max_w(v_min_w(v_add_w(y, v_splat_w(3 * one)), v_splat_w(6 * one)), v_splat_w(0));
            y = l->q.act == MNQ_A_HSWISH ? v_mul_w_uh(y, u) : u;
            y = mnq_hvx_scale(rise(y, mnq_hvx_number(k, pitch, MNQ_HVX_LEFT2)), mnq_hvx_number(k, pitch, MNQ_HVX_M2),
                              mnq_hvx_number(k, pitch, MNQ_HVX_ROUND2), mnq_hvx_number(k, pitch, MNQ_HVX_SHIFT2));
        }
        *sums = y;
    }
}
