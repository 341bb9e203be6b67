/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW for AArch64 with matrix products: SMMLA makes eight inputs of 2 pixels by 2 channels; USMMLA those of the
 * lower plane of weights, whose unsigned operand is the first: with SPLIT_W products are of 2 channels by 2 pixels. */
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

MNQ_NEON_INLINE void sums_shift(struct sums *s, const int32_t *bias, const int N, const int split)
{
    int r, k;

    MNQ_NEON_UNROLL
    for (k = 0; k < 4; k++) {
        const int32x2_t b = vld1_s32(bias + 2 * k);
        const int32x4_t c = vcombine_s32(b, b), both = split == MNQ_NEON_SPLIT_W ? vzip1q_s32(c, c) : c;
        MNQ_NEON_UNROLL
        for (r = 0; 2 * r < N; r++) s->a[r][k] = vaddq_s32(vshlq_n_s32(s->a[r][k], 8), both);
    }
}

MNQ_NEON_INLINE void sums_add(struct sums *s, const uint8_t *p, const uint8_t *w, int32_t units, const int N,
                              const int split, const int is_signed)
{
    int r, k;

    (void)is_signed;
    do {
        uint8x16_t x[4];
        MNQ_NEON_UNROLL
        for (r = 0; 2 * r < N; r++) x[r] = vld1q_u8(p + 16 * r);
        MNQ_NEON_UNROLL
        for (k = 0; k < 4; k++) {
            const uint8x16_t t = vld1q_u8(w + 16 * k);
            MNQ_NEON_UNROLL
            for (r = 0; 2 * r < N; r++) {
                const int8x16_t xs = vreinterpretq_s8_u8(x[r]), ts = vreinterpretq_s8_u8(t);
                if (split != MNQ_NEON_SPLIT_W) s->a[r][k] = vmmlaq_s32(s->a[r][k], xs, ts);
                else if (is_signed) s->a[r][k] = vmmlaq_s32(s->a[r][k], ts, xs);
                else s->a[r][k] = vusmmlaq_s32(s->a[r][k], t, xs);
            }
        }
        p += 64;
        w += 64;
    } while (--units > 0);
}

MNQ_NEON_INLINE void sums_end(const struct sums *s, int32x4_t y[][2], const int N, const int split)
{
    int r, k;

    MNQ_NEON_UNROLL
    for (r = 0; 2 * r < N; r++) {
        MNQ_NEON_UNROLL
        for (k = 0; k < 2; k++) {
            const int32x4_t p = s->a[r][2 * k], q = s->a[r][2 * k + 1];
            const int64x2_t u = vreinterpretq_s64_s32(p), v = vreinterpretq_s64_s32(q);
            if (split == MNQ_NEON_SPLIT_W) {
                y[2 * r][k] = vuzp1q_s32(p, q);
                y[2 * r + 1][k] = vuzp2q_s32(p, q);
                continue;
            }
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
