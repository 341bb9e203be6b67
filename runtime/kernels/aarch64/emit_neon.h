/* SPDX-License-Identifier: Apache-2.0
 * The output stage of the AArch64 kernels, NUMERICS.md sections 2 and 3. SQDMULH is floor(a m / 2^31), one bit more than the
 * definition's high product, SRSHL by r + 1 rounds it half up: still one rounding. */
#ifndef MNQ_EMIT_NEON_H
#define MNQ_EMIT_NEON_H

#include "pack_neon.h"

#include <arm_neon.h>

#define MNQ_NEON_INLINE static inline __attribute__((always_inline))

/* Loops over what stays in registers. */
#ifdef __clang__
#define MNQ_NEON_UNROLL _Pragma("unroll")
#else
#define MNQ_NEON_UNROLL _Pragma("GCC unroll 16")
#endif

/** The output stage of a layer. */
struct mnq_neon_emit {
    int32_t *acc;  /* [pixel][8], where sums go that are not stored at once */
    size_t step;   /* bytes from pixel to pixel of the output */
    size_t record; /* int32 of a block's record */
    int16_t zp, lo, hi;
    uint8_t plain; /* 1: no activation, no shift below 1 */
    uint8_t whole; /* 1: outputs are all of int8 */
    uint8_t out16, act, frac, general;
};

static inline struct mnq_neon_emit mnq_neon_emit_of(const struct mnq_layer *l, void *acc)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;
    struct mnq_neon_emit e;

    e.acc = (int32_t *)acc;
    e.step = (size_t)l->oc << l->q.out16;
    e.record = (size_t)h->fields * MNQ_NEON_BLOCK;
    e.zp = (int16_t)l->q.zp;
    e.lo = (int16_t)l->q.lo;
    e.hi = (int16_t)l->q.hi;
    e.plain = l->q.act == MNQ_A_CLAMP && !h->general && (!l->q.out16 || l->q.zp == 0);
    e.whole = !l->q.out16 && l->q.lo == -128 && l->q.hi == 127;
    e.out16 = l->q.out16;
    e.act = l->q.act;
    e.frac = l->q.frac;
    e.general = (uint8_t)h->general;
    return e;
}

/**
 * Stores `channels` (1..8) channels of consecutive pixels from the sums in e->acc.
 * record  of the block
 * out     the block's first channel of the first pixel
 */
void mnq_neon_emit_any(const struct mnq_neon_emit *e, const int32_t *record, int pixels, int channels, uint8_t *out);

MNQ_NEON_INLINE int32x4_t mnq_neon_round(int32x4_t a, int32x4_t mult, int32x4_t shift)
{
    return vrshlq_s32(vqdmulhq_s32(a, mult), shift);
}

/* Two vectors narrowed, saturating; gcc 12 wants a move between the two halves. */
MNQ_NEON_INLINE int16x8_t mnq_neon_narrow32(int32x4_t a, int32x4_t b)
{
#if defined(__GNUC__) && !defined(__clang__)
    int16x8_t y;

    __asm__("sqxtn %0.4h, %1.4s\n\tsqxtn2 %0.8h, %2.4s" : "=&w"(y) : "w"(a), "w"(b));
    return y;
#else
    return vqmovn_high_s32(vqmovn_s32(a), b);
#endif
}

MNQ_NEON_INLINE int8x16_t mnq_neon_narrow16(int16x8_t a, int16x8_t b)
{
#if defined(__GNUC__) && !defined(__clang__)
    int8x16_t y;

    __asm__("sqxtn %0.8b, %1.8h\n\tsqxtn2 %0.16b, %2.8h" : "=&w"(y) : "w"(a), "w"(b));
    return y;
#else
    return vqmovn_high_s16(vqmovn_s16(a), b);
#endif
}

/* N pixels of whole blocks as int8. */
MNQ_NEON_INLINE void mnq_neon_put8(const struct mnq_neon_emit *e, const int32_t *record, int32x4_t a[][2], uint8_t *out,
                                   const int N, const int whole)
{
    const int32x4_t m0 = vld1q_s32(record + MNQ_NEON_MULT * 8), m1 = vld1q_s32(record + MNQ_NEON_MULT * 8 + 4);
    const int32x4_t s0 = vld1q_s32(record + MNQ_NEON_SHIFT * 8), s1 = vld1q_s32(record + MNQ_NEON_SHIFT * 8 + 4);
    const int16x8_t zp = vdupq_n_s16(e->zp);
    const int8x16_t lo = vdupq_n_s8((int8_t)e->lo), hi = vdupq_n_s8((int8_t)e->hi);
    const size_t step = e->step;
    int r;

    MNQ_NEON_UNROLL
    for (r = 0; r < N; r += 2) {
        const int q = r + 1 < N ? r + 1 : r;
        int16x8_t h0 = mnq_neon_narrow32(mnq_neon_round(a[r][0], m0, s0), mnq_neon_round(a[r][1], m1, s1));
        int16x8_t h1 = h0;
        int8x16_t b;
        h0 = vqaddq_s16(h0, zp);
        if (q > r) {
            h1 = mnq_neon_narrow32(mnq_neon_round(a[q][0], m0, s0), mnq_neon_round(a[q][1], m1, s1));
            h1 = vqaddq_s16(h1, zp);
        }
        b = mnq_neon_narrow16(h0, h1);
        if (!whole) b = vminq_s8(vmaxq_s8(b, lo), hi);
        vst1_s8((int8_t *)out, vget_low_s8(b));
        out += step;
        if (q == r) break;
        vst1q_lane_s64((int64_t *)(void *)out, vreinterpretq_s64_s8(b), 1);
        out += step;
    }
}

/* The same as int16. */
MNQ_NEON_INLINE void mnq_neon_put16(const struct mnq_neon_emit *e, const int32_t *record, int32x4_t a[][2], uint8_t *out,
                                    const int N)
{
    const int32x4_t m0 = vld1q_s32(record + MNQ_NEON_MULT * 8), m1 = vld1q_s32(record + MNQ_NEON_MULT * 8 + 4);
    const int32x4_t s0 = vld1q_s32(record + MNQ_NEON_SHIFT * 8), s1 = vld1q_s32(record + MNQ_NEON_SHIFT * 8 + 4);
    const int16x8_t lo = vdupq_n_s16(e->lo), hi = vdupq_n_s16(e->hi);
    const size_t step = e->step;
    int r;

    MNQ_NEON_UNROLL
    for (r = 0; r < N; r++, out += step) {
        const int16x8_t h = mnq_neon_narrow32(mnq_neon_round(a[r][0], m0, s0), mnq_neon_round(a[r][1], m1, s1));
        vst1q_s16((int16_t *)(void *)out, vminq_s16(vmaxq_s16(h, lo), hi));
    }
}

/* N pixels of `channels` channels of a block from sums in registers. */
MNQ_NEON_INLINE void mnq_neon_put(const struct mnq_neon_emit *e, const int32_t *record, int32x4_t a[][2], int channels,
                                  uint8_t *out, const int N)
{
    int32_t *const acc = e->acc;
    int r;

    if (e->plain && channels == MNQ_NEON_BLOCK) {
        if (e->out16) mnq_neon_put16(e, record, a, out, N);
        else if (N == 8 && e->whole) mnq_neon_put8(e, record, a, out, N, 1);
        else mnq_neon_put8(e, record, a, out, N, 0);
        return;
    }
    MNQ_NEON_UNROLL
    for (r = 0; r < N; r++) {
        vst1q_s32(acc + r * 8, a[r][0]);
        vst1q_s32(acc + r * 8 + 4, a[r][1]);
    }
    mnq_neon_emit_any(e, record, N, channels, out);
}

#endif
