/* SPDX-License-Identifier: Apache-2.0
 * The output stage of the AArch64 kernels, all of it: shifts below 1, h-swish, h-sigmoid, blocks that end early. */
#include "emit_neon.h"

#include "mnq_port.h"

/* One rounding of eight channels; field: its first. */
MNQ_NEON_INLINE void round8(int32x4_t y[2], const int32_t *field, int general)
{
    int k;

    MNQ_NEON_UNROLL
    for (k = 0; k < 2; k++) {
        const int32_t *const p = field + 4 * k;
        if (general) y[k] = vqshlq_s32(y[k], vld1q_s32(p + 16));
        y[k] = mnq_neon_round(y[k], vld1q_s32(p), vld1q_s32(p + 8));
    }
}

/* h-swish: t u; h-sigmoid: u. */
MNQ_NEON_INLINE void gate(int32x4_t y[2], int hswish, int16x8_t three, int16x8_t six)
{
    const int16x8_t t = mnq_neon_narrow32(y[0], y[1]);
    const int16x8_t u = vminq_s16(vmaxq_s16(vqaddq_s16(t, three), vdupq_n_s16(0)), six);

    y[0] = hswish ? vmull_s16(vget_low_s16(t), vget_low_s16(u)) : vmovl_s16(vget_low_s16(u));
    y[1] = hswish ? vmull_high_s16(t, u) : vmovl_high_s16(u);
}

MNQ_NEON_INLINE void pixels_of(const struct mnq_neon_emit *e, const int32_t *record, int pixels, int channels, uint8_t *out,
                               int act, int general)
{
    const int16x8_t three = vdupq_n_s16((int16_t)(3 << e->frac)), six = vdupq_n_s16((int16_t)(6 << e->frac));
    const int16x8_t lo = vdupq_n_s16(e->lo), hi = vdupq_n_s16(e->hi);
    const int32x4_t zp = vdupq_n_s32(e->zp);
    const int32_t *acc = e->acc;

    for (; pixels > 0; pixels--, acc += 8, out += e->step) {
        int32x4_t y[2];
        int16x8_t h;
        y[0] = vld1q_s32(acc);
        y[1] = vld1q_s32(acc + 4);
        round8(y, record + MNQ_NEON_MULT * 8, general);
        if (act != MNQ_A_CLAMP) {
            gate(y, act == MNQ_A_HSWISH, three, six);
            round8(y, record + MNQ_NEON_FIELDS1 * 8, general);
        }
        h = mnq_neon_narrow32(vaddq_s32(y[0], zp), vaddq_s32(y[1], zp));
        h = vminq_s16(vmaxq_s16(h, lo), hi);
        if (e->out16) {
            if (channels == 8) vst1q_s16((int16_t *)(void *)out, h);
            else memcpy(out, &h, (size_t)channels * 2);
        } else {
            const int8x8_t b = vmovn_s16(h);
            if (channels == 8) vst1_s8((int8_t *)out, b);
            else memcpy(out, &b, (size_t)channels);
        }
    }
}

void mnq_neon_emit_any(const struct mnq_neon_emit *e, const int32_t *record, int pixels, int channels, uint8_t *out)
{
    if (e->general) {
        if (e->act == MNQ_A_CLAMP) pixels_of(e, record, pixels, channels, out, MNQ_A_CLAMP, 1);
        else pixels_of(e, record, pixels, channels, out, e->act, 1);
    } else if (e->act == MNQ_A_CLAMP) {
        pixels_of(e, record, pixels, channels, out, MNQ_A_CLAMP, 0);
    } else if (e->act == MNQ_A_HSWISH) {
        pixels_of(e, record, pixels, channels, out, MNQ_A_HSWISH, 0);
    } else {
        pixels_of(e, record, pixels, channels, out, MNQ_A_HSIGMOID, 0);
    }
}
