/* SPDX-License-Identifier: Apache-2.0
 * AVGPOOL for AArch64, whole windows and global pooling row by row: eight channels at a time. */
#include "eight_neon.h"
#include "emit_neon.h"
#include "generic/output.h"
#include "neon.h"

/* a + n pixels of a row from x on, `pixel` bytes from one to the next; fewer than 256 int8 fit sums of 16 bits. */
MNQ_NEON_INLINE void add_row(int32x4_t a[2], const uint8_t *x, size_t pixel, int32_t n, int in16, int channels)
{
    if (in16 || channels < 8) {
        for (; n > 0; n--, x += pixel) {
            const int16x8_t v = mnq_neon_eight(x, in16, channels);
            a[0] = vaddw_s16(a[0], vget_low_s16(v));
            a[1] = vaddw_high_s16(a[1], v);
        }
    } else {
        int16x8_t sum = vdupq_n_s16(0);
        for (; n > 0; n--, x += pixel) sum = vaddw_s8(sum, vld1_s8((const int8_t *)x));
        a[0] = vaddw_s16(a[0], vget_low_s16(sum));
        a[1] = vaddw_high_s16(a[1], sum);
    }
}

/* One output of a block of channels, the first of which is channel o; its window starts at row top, column left. */
static MNQ_APART void window(const struct mnq_layer *l, const struct mnq_view *in, const struct mnq_neon_emit *e,
                             int32_t top, int32_t left, int32_t o, uint8_t *out)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;
    const int32_t *const record = mnq_neon_records(h) + (size_t)(o / 8) * e->record;
    const int32_t c = mnq_neon_first(l->c, l->c - o);
    const int channels = mnq_neon_stored(l->c);
    const size_t pixel = (size_t)l->c << l->in16, first = ((size_t)left * (size_t)l->c + (size_t)c) << l->in16;
    int32x4_t a[1][2];
    int32_t ky;

    a[0][0] = vld1q_s32(record);
    a[0][1] = vld1q_s32(record + 4);
    for (ky = 0; ky < l->kh; ky++)
        add_row(a[0], (const uint8_t *)mnq_view_row(in, top + ky) + first, pixel, l->kw, l->in16, channels);
    mnq_neon_put(e, record, a, channels, out + ((size_t)c << e->out16), 1);
}

void mnq_avgpool_neon(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, b->scratch);
    uint8_t *out = (uint8_t *)b->out;
    int32_t y, x, o;

    for (y = b->y; y < b->y + b->n; y++)
        for (x = 0; x < l->ow; x++, out += e.step)
            for (o = 0; o < l->c; o += 8) window(l, &b->in0, &e, y * l->sh, x * l->sw, o, out);
}

void mnq_avgpool_sum_neon(const struct mnq_layer *l, const struct mnq_band *b)
{
    const size_t pixel = (size_t)l->c << l->in16;
    int32_t *const sum = (int32_t *)b->scratch;
    int32_t c, y;

    if (b->y == 0) memcpy(sum, l->q.bias, (size_t)l->c * sizeof *sum);
    for (c = 0; c < l->c; c += 8) {
        const int channels = l->c - c < 8 ? (int)(l->c - c) : 8;
        const uint8_t *x = (const uint8_t *)b->in0.at + ((size_t)c << l->in16);
        int32x4_t a[2];
        int32_t n, part;
        a[0] = a[1] = vdupq_n_s32(0);
        for (y = 0; y < b->n; y++)
            for (n = l->w; n > 0; n -= part, x += (size_t)part * pixel) {
                part = n < 255 ? n : 255;
                add_row(a, x, pixel, part, l->in16, channels);
            }
        if (channels == 8) {
            vst1q_s32(sum + c, vaddq_s32(vld1q_s32(sum + c), a[0]));
            vst1q_s32(sum + c + 4, vaddq_s32(vld1q_s32(sum + c + 4), a[1]));
        } else {
            int32_t part8[8];
            vst1q_s32(part8, a[0]);
            vst1q_s32(part8 + 4, a[1]);
            for (n = 0; n < channels; n++) sum[c + n] += part8[n];
        }
    }
    if (b->y + b->n == l->h) mnq_output_row(&l->q, b->out, 0, 0, sum, l->c);
}
