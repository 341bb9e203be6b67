/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW for AArch64 with dot products: SDOT by element makes four inputs of a pixel by four channels; UDOT those of
 * the lower plane of weights. */
#include "emit_neon.h"
#include "neon.h"
#include "panel_neon.h"
#include "rows_neon.h"

#define KIND MNQ_NEON_QUADS

struct sums {
    int32x4_t a[8][2]; /* [pixel][half of the channels] */
};

MNQ_NEON_INLINE void sums_start(struct sums *s, const int32_t *bias, const int N, const int split)
{
    const int32x4_t b0 = split ? vdupq_n_s32(0) : vld1q_s32(bias), b1 = split ? b0 : vld1q_s32(bias + 4);
    int r;

    MNQ_NEON_UNROLL
    for (r = 0; r < N; r++) {
        s->a[r][0] = b0;
        s->a[r][1] = b1;
    }
}

MNQ_NEON_INLINE void sums_shift(struct sums *s, const int32_t *bias, const int N, const int split)
{
    const int32x4_t b0 = vld1q_s32(bias), b1 = vld1q_s32(bias + 4);
    int r;

    (void)split;
    MNQ_NEON_UNROLL
    for (r = 0; r < N; r++) {
        s->a[r][0] = vaddq_s32(vshlq_n_s32(s->a[r][0], 8), b0);
        s->a[r][1] = vaddq_s32(vshlq_n_s32(s->a[r][1], 8), b1);
    }
}

#define PIXEL(r)                                                                                                            \
    if (r < N) {                                                                                                            \
        s->a[r][0] = is_signed ? DOT(vdotq_laneq_s32, s->a[r][0], w0, x[r / 4], r % 4)                                      \
                               : UDOT(vdotq_laneq_u32, s->a[r][0], w0, x[r / 4], r % 4);                                    \
        s->a[r][1] = is_signed ? DOT(vdotq_laneq_s32, s->a[r][1], w1, x[r / 4], r % 4)                                      \
                               : UDOT(vdotq_laneq_u32, s->a[r][1], w1, x[r / 4], r % 4);                                    \
    }
#define DOT(f, a, w, x, k)  f(a, vreinterpretq_s8_u8(w), vreinterpretq_s8_u8(x), k)
#define UDOT(f, a, w, x, k) vreinterpretq_s32_u32(f(vreinterpretq_u32_s32(a), w, x, k))

MNQ_NEON_INLINE void sums_add(struct sums *s, const uint8_t *p, const uint8_t *w, int32_t units, const int N,
                              const int split, const int is_signed)
{
    (void)split;
    do {
        const uint8x16_t w0 = vld1q_u8(w), w1 = vld1q_u8(w + 16);
        uint8x16_t x[2];
        x[0] = vld1q_u8(p);
        if (N > 4) x[1] = vld1q_u8(p + 16);
        PIXEL(0) PIXEL(1) PIXEL(2) PIXEL(3) PIXEL(4) PIXEL(5) PIXEL(6) PIXEL(7) p += 32;
        w += 32;
    } while (--units > 0);
}

MNQ_NEON_INLINE void sums_end(const struct sums *s, int32x4_t y[][2], const int N, const int split)
{
    int r;

    (void)split;
    MNQ_NEON_UNROLL
    for (r = 0; r < N; r++) {
        y[r][0] = s->a[r][0];
        y[r][1] = s->a[r][1];
    }
}

/* 4 pixels' four units become four units of 4 pixels, every other vector from `first` on. */
MNQ_NEON_INLINE void put_transposed(uint8_t *to, size_t plane, int first, const uint8x16_t from[4], const int again)
{
    const uint32x4_t a = vreinterpretq_u32_u8(from[0]), b = vreinterpretq_u32_u8(from[1]), c = vreinterpretq_u32_u8(from[2]),
                     d = vreinterpretq_u32_u8(from[3]);
    const uint64x2_t p = vreinterpretq_u64_u32(vtrn1q_u32(a, b)), q = vreinterpretq_u64_u32(vtrn2q_u32(a, b)),
                     r = vreinterpretq_u64_u32(vtrn1q_u32(c, d)), s = vreinterpretq_u64_u32(vtrn2q_u32(c, d));

    mnq_neon_put_vector(to, plane, first, vreinterpretq_u8_u64(vtrn1q_u64(p, r)), again);
    mnq_neon_put_vector(to, plane, first + 2, vreinterpretq_u8_u64(vtrn1q_u64(q, s)), again);
    mnq_neon_put_vector(to, plane, first + 4, vreinterpretq_u8_u64(vtrn2q_u64(p, r)), again);
    mnq_neon_put_vector(to, plane, first + 6, vreinterpretq_u8_u64(vtrn2q_u64(q, s)), again);
}

MNQ_NEON_INLINE void put_units16(uint8_t *to, size_t plane, const uint8x16_t v[8], const int again)
{
    put_transposed(to, plane, 0, v, again);
    put_transposed(to, plane, 1, v + 4, again);
}

MNQ_NEON_INLINE void put_units8(uint8_t *to, size_t plane, const uint8x8_t v[8], const int again)
{
    int j;

    MNQ_NEON_UNROLL
    for (j = 0; j < 2; j++) {
        const uint32x4_t a = vreinterpretq_u32_u8(vcombine_u8(v[4 * j], v[4 * j + 1])),
                         b = vreinterpretq_u32_u8(vcombine_u8(v[4 * j + 2], v[4 * j + 3]));
        mnq_neon_put_vector(to, plane, j, vreinterpretq_u8_u32(vuzp1q_u32(a, b)), again);
        mnq_neon_put_vector(to, plane, 2 + j, vreinterpretq_u8_u32(vuzp2q_u32(a, b)), again);
    }
}

#include "dense_neon.h"

void mnq_pw_dotprod(const struct mnq_layer *l, const struct mnq_band *b)
{
    pw(l, b);
}

void mnq_conv_dotprod(const struct mnq_layer *l, const struct mnq_band *b)
{
    conv(l, b);
}
