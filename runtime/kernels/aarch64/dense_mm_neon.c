/* SPDX-License-Identifier: Apache-2.0
 * PW for AArch64 with matrix products: SMMLA makes 2 pixels x 2 channels of eight inputs. Pixels are taken once, two by two.
 */
#include "convert_neon.h"
#include "emit_neon.h"
#include "neon.h"

/* Pairs of pixels by 8 channels, sums [pair][channel pair]. */
MNQ_NEON_INLINE void tile(const struct mnq_neon_emit *e, const uint8_t *x, int32_t octets, const uint8_t *w,
                          const int32_t *record, int channels, uint8_t *out, const int PAIRS)
{
    const size_t pair = (size_t)octets * 16;
    int32x4_t a[4][4], y[8][2];
    int32_t i;
    int r, k;

    MNQ_NEON_UNROLL
    for (k = 0; k < 4; k++) {
        const int32x2_t bias = vld1_s32(record + 2 * k);
        MNQ_NEON_UNROLL
        for (r = 0; r < PAIRS; r++) a[r][k] = vcombine_s32(bias, bias);
    }
    for (i = 0; i < octets; i++, x += 16, w += 64) {
        int8x16_t v[4];
        MNQ_NEON_UNROLL
        for (r = 0; r < PAIRS; r++) v[r] = vld1q_s8((const int8_t *)x + (size_t)r * pair);
        MNQ_NEON_UNROLL
        for (k = 0; k < 4; k++) {
            const int8x16_t t = vld1q_s8((const int8_t *)w + 16 * k);
            MNQ_NEON_UNROLL
            for (r = 0; r < PAIRS; r++) a[r][k] = vmmlaq_s32(a[r][k], v[r], t);
        }
    }
    MNQ_NEON_UNROLL
    for (r = 0; r < PAIRS; r++) {
        MNQ_NEON_UNROLL
        for (k = 0; k < 2; k++) {
            const int64x2_t s = vreinterpretq_s64_s32(a[r][2 * k]), t = vreinterpretq_s64_s32(a[r][2 * k + 1]);
            y[2 * r][k] = vreinterpretq_s32_s64(vtrn1q_s64(s, t));
            y[2 * r + 1][k] = vreinterpretq_s32_s64(vtrn2q_s64(s, t));
        }
    }
    mnq_neon_put(e, record, y, channels, out, 2 * PAIRS);
}

/* The last pixel, which stands twice in its pair. */
MNQ_NEON_INLINE void tile_last(const struct mnq_neon_emit *e, const uint8_t *x, int32_t octets, const uint8_t *w,
                               const int32_t *record, int channels, uint8_t *out)
{
    int32x4_t a[4], y[1][2];
    int32_t i;
    int k;

    MNQ_NEON_UNROLL
    for (k = 0; k < 4; k++) a[k] = vcombine_s32(vld1_s32(record + 2 * k), vdup_n_s32(0));
    for (i = 0; i < octets; i++, x += 16, w += 64) {
        const int8x16_t v = vld1q_s8((const int8_t *)x);
        MNQ_NEON_UNROLL
        for (k = 0; k < 4; k++) a[k] = vmmlaq_s32(a[k], v, vld1q_s8((const int8_t *)w + 16 * k));
    }
    y[0][0] = vcombine_s32(vget_low_s32(a[0]), vget_low_s32(a[1]));
    y[0][1] = vcombine_s32(vget_low_s32(a[2]), vget_low_s32(a[3]));
    mnq_neon_put(e, record, y, channels, out, 1);
}

/* All output channels of the n pixels in x. */
static MNQ_APART void dense(const struct mnq_layer *l, const struct mnq_neon_emit *e, const uint8_t *x, int32_t n,
                            uint8_t *out)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;
    const int32_t octets = mnq_neon_units(l->c, MNQ_NEON_OCTETS);
    const size_t pixel = (size_t)octets * 8;
    const uint8_t *w = (const uint8_t *)h + h->weights;
    const int32_t *record = mnq_neon_records(h);
    int32_t left;

    for (left = l->oc; left > 0; left -= 8, w += 8 * pixel, record += e->record, out += (size_t)8 << e->out16) {
        const int channels = left < 8 ? (int)left : 8;
        uint8_t *to = out;
        int32_t p = 0;
        for (; p + 8 <= n; p += 8, to += 8 * e->step) tile(e, x + (size_t)p * pixel, octets, w, record, channels, to, 4);
        if (p + 4 <= n) {
            tile(e, x + (size_t)p * pixel, octets, w, record, channels, to, 2);
            p += 4;
            to += 4 * e->step;
        }
        if (p + 2 <= n) {
            tile(e, x + (size_t)p * pixel, octets, w, record, channels, to, 1);
            p += 2;
            to += 2 * e->step;
        }
        if (p < n) tile_last(e, x + (size_t)p * pixel, octets, w, record, channels, to);
    }
}

/* Two pixels of c inputs, octet by octet; what fills up the last octet meets weights of 0. */
static MNQ_APART void take(uint8_t *to, const uint8_t *p, const uint8_t *q, int32_t c, uint8_t in_flip)
{
    const uint8x16_t flip = vdupq_n_u8(in_flip);

    for (; c >= 16; c -= 16, p += 16, q += 16, to += 32) {
        const uint64x2_t x = vreinterpretq_u64_u8(veorq_u8(vld1q_u8(p), flip)),
                         y = vreinterpretq_u64_u8(veorq_u8(vld1q_u8(q), flip));
        vst1q_u8(to, vreinterpretq_u8_u64(vzip1q_u64(x, y)));
        vst1q_u8(to + 16, vreinterpretq_u8_u64(vzip2q_u64(x, y)));
    }
    for (; c > 0; c -= 8, p += 8, q += 8, to += 16) {
        uint8x8_t x = vdup_n_u8(0), y = x;
        if (c >= 8) {
            x = vld1_u8(p);
            y = vld1_u8(q);
        } else {
            memcpy(&x, p, (size_t)c);
            memcpy(&y, q, (size_t)c);
        }
        vst1q_u8(to, veorq_u8(vcombine_u8(x, y), flip));
    }
}

void mnq_pw_i8mm(const struct mnq_layer *l, const struct mnq_band *b)
{
    uint8_t *const memory = (uint8_t *)b->scratch, *const kept = memory + MNQ_NEON_ACC;
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, memory);
    const int32_t pixels = b->n * l->w, run = mnq_neon_pw_run(l, MNQ_NEON_OCTETS);
    const size_t c = (size_t)l->c, pair = 2 * mnq_neon_pw_pixel(l, MNQ_NEON_OCTETS);
    const uint8_t *from = (const uint8_t *)b->in0.at;
    uint8_t *out = (uint8_t *)b->out;
    int32_t p, i;

    for (p = 0; p < pixels; p += run, from += (size_t)run * c, out += (size_t)run * e.step) {
        const int32_t n = pixels - p < run ? pixels - p : run;
        for (i = 0; i < n; i += 2) {
            const uint8_t *const x = from + (size_t)i * c;
            take(kept + (size_t)(i / 2) * pair, x, i + 1 < n ? x + c : x, l->c, l->in_flip);
        }
        dense(l, &e, kept, n, out);
    }
}
