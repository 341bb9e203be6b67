/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW for AArch64 with matrix products: SMMLA makes eight inputs of 2 pixels by 2 channels; UMMLA those of the lower
 * plane of weights. */
#include "emit_neon.h"
#include "neon.h"
#include "panel_neon.h"
#include "rows_neon.h"

#define KIND MNQ_NEON_OCTETS

struct sums {
    int32x4_t a[4][4]; /* [pair of pixels][pair of channels] */
};

MNQ_NEON_INLINE void sums_start(struct sums *s, const int32_t *bias, const int N, const int split)
{
    int r, k;

    MNQ_NEON_UNROLL
    for (k = 0; k < 4; k++) {
        const int32x2_t b = split ? vdup_n_s32(0) : vld1_s32(bias + 2 * k);
        MNQ_NEON_UNROLL
        for (r = 0; 2 * r < N; r++) s->a[r][k] = vcombine_s32(b, b);
    }
}

MNQ_NEON_INLINE void sums_shift(struct sums *s, const int32_t *bias, const int N)
{
    int r, k;

    MNQ_NEON_UNROLL
    for (k = 0; k < 4; k++) {
        const int32x2_t b = vld1_s32(bias + 2 * k);
        MNQ_NEON_UNROLL
        for (r = 0; 2 * r < N; r++) s->a[r][k] = vaddq_s32(vshlq_n_s32(s->a[r][k], 8), vcombine_s32(b, b));
    }
}

MNQ_NEON_INLINE void sums_add(struct sums *s, const uint8_t *p, const uint8_t *w, int32_t units, const int N,
                              const int is_signed)
{
    int r, k;

    do {
        uint8x16_t x[4];
        MNQ_NEON_UNROLL
        for (r = 0; 2 * r < N; r++) x[r] = vld1q_u8(p + 16 * r);
        MNQ_NEON_UNROLL
        for (k = 0; k < 4; k++) {
            const uint8x16_t t = vld1q_u8(w + 16 * k);
            MNQ_NEON_UNROLL
            for (r = 0; 2 * r < N; r++) {
                if (is_signed) s->a[r][k] = vmmlaq_s32(s->a[r][k], vreinterpretq_s8_u8(x[r]), vreinterpretq_s8_u8(t));
                else s->a[r][k] = vreinterpretq_s32_u32(vmmlaq_u32(vreinterpretq_u32_s32(s->a[r][k]), x[r], t));
            }
        }
        p += 64;
        w += 64;
    } while (--units > 0);
}

MNQ_NEON_INLINE void sums_end(const struct sums *s, int32x4_t y[][2], const int N)
{
    int r, k;

    MNQ_NEON_UNROLL
    for (r = 0; 2 * r < N; r++) {
        MNQ_NEON_UNROLL
        for (k = 0; k < 2; k++) {
            const int64x2_t u = vreinterpretq_s64_s32(s->a[r][2 * k]), v = vreinterpretq_s64_s32(s->a[r][2 * k + 1]);
            y[2 * r][k] = vreinterpretq_s32_s64(vtrn1q_s64(u, v));
            y[2 * r + 1][k] = vreinterpretq_s32_s64(vtrn2q_s64(u, v));
        }
    }
}

MNQ_NEON_INLINE void put_units16(uint8_t *to, size_t plane, const uint8x16_t v[8], const int again)
{
    int j;

    MNQ_NEON_UNROLL
    for (j = 0; j < 4; j++) {
        const uint64x2_t a = vreinterpretq_u64_u8(v[2 * j]), b = vreinterpretq_u64_u8(v[2 * j + 1]);
        mnq_neon_put_vector(to, plane, j, vreinterpretq_u8_u64(vtrn1q_u64(a, b)), again);
        mnq_neon_put_vector(to, plane, 4 + j, vreinterpretq_u8_u64(vtrn2q_u64(a, b)), again);
    }
}

MNQ_NEON_INLINE void put_units8(uint8_t *to, size_t plane, const uint8x8_t v[8], const int again)
{
    int j;

    MNQ_NEON_UNROLL
    for (j = 0; j < 4; j++) mnq_neon_put_vector(to, plane, j, vcombine_u8(v[2 * j], v[2 * j + 1]), again);
}

#include "dense_neon.h"

void mnq_pw_i8mm(const struct mnq_layer *l, const struct mnq_band *b)
{
    pw(l, b);
}

void mnq_conv_i8mm(const struct mnq_layer *l, const struct mnq_band *b)
{
    conv(l, b);
}
