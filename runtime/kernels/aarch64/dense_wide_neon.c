/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW for AArch64 on int16 inputs and weights, any width of either: SMLAL by element. Tiles of up to 8 pixels by 8
 * output channels, whose sums stay in registers. */
#include "emit_neon.h"
#include "neon.h"
#include "rows_neon.h"

/* What a run of pixels is made of. */
struct source {
    const uint8_t **row; /* of the kernel: the first pixel's window */
    size_t step;         /* bytes from pixel to pixel */
    int32_t rows, run;   /* inputs in a row */
};

/* a + the products of inputs k of a vector of each pixel by the weights behind w. */
#define INPUT(k)                                                                                                            \
    {                                                                                                                       \
        const int16x8_t t = vld1q_s16(w + (k)*8);                                                                           \
        MNQ_NEON_UNROLL                                                                                                     \
        for (r = 0; r < N; r++) {                                                                                           \
            a[r][0] = vmlal_laneq_s16(a[r][0], vget_low_s16(t), v[r], k);                                                   \
            a[r][1] = vmlal_high_laneq_s16(a[r][1], t, v[r], k);                                                            \
        }                                                                                                                   \
    }

/* N pixels from byte `at` on. */
MNQ_NEON_INLINE void tile(const struct mnq_neon_emit *e, const struct source *s, size_t at, const int16_t *w,
                          const int32_t *record, int channels, uint8_t *out, const int N)
{
    int32x4_t a[8][2];
    int32_t ky, i;
    int r;

    MNQ_NEON_UNROLL
    for (r = 0; r < N; r++) {
        a[r][0] = vld1q_s32(record);
        a[r][1] = vld1q_s32(record + 4);
    }
    for (ky = 0; ky < s->rows; ky++) {
        const uint8_t *x = s->row[ky] + at;
        for (i = s->run; i >= 8; i -= 8, x += 16, w += 64) {
            int16x8_t v[8];
            MNQ_NEON_UNROLL
            for (r = 0; r < N; r++) v[r] = vld1q_s16((const int16_t *)(const void *)(x + (size_t)r * s->step));
            INPUT(0) INPUT(1) INPUT(2) INPUT(3) INPUT(4) INPUT(5) INPUT(6) INPUT(7)
        }
        for (; i > 0; i--, x += 2, w += 8) {
            const int16x8_t t = vld1q_s16(w);
            MNQ_NEON_UNROLL
            for (r = 0; r < N; r++) {
                const int16x8_t v = vld1q_dup_s16((const int16_t *)(const void *)(x + (size_t)r * s->step));
                a[r][0] = vmlal_s16(a[r][0], vget_low_s16(t), vget_low_s16(v));
                a[r][1] = vmlal_high_s16(a[r][1], t, v);
            }
        }
    }
    mnq_neon_put(e, record, a, channels, out, N);
}

/* All output channels of n consecutive pixels. */
static MNQ_APART void dense(const struct mnq_layer *l, const struct mnq_neon_emit *e, const struct source *s, int32_t n,
                            uint8_t *out)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;
    const size_t block = (size_t)s->rows * (size_t)s->run * 8;
    const int16_t *w = (const int16_t *)(const void *)((const uint8_t *)h + h->weights);
    const int32_t *record = mnq_neon_records(h);
    int32_t left;

    for (left = l->oc; left > 0; left -= 8, w += block, record += e->record) {
        const int channels = mnq_neon_stored(l->oc);
        uint8_t *to = out + ((size_t)mnq_neon_first(l->oc, left) << e->out16);
        size_t at = 0;
        int32_t i = n;
        for (; i >= 8; i -= 8, at += 8 * s->step, to += 8 * e->step) tile(e, s, at, w, record, channels, to, 8);
        for (; i >= 2; i -= 2, at += 2 * s->step, to += 2 * e->step) tile(e, s, at, w, record, channels, to, 2);
        if (i > 0) tile(e, s, at, w, record, channels, to, 1);
    }
}

void mnq_pw_neon(const struct mnq_layer *l, const struct mnq_band *b)
{
    uint8_t *const memory = (uint8_t *)b->scratch, *const kept = memory + MNQ_NEON_ACC;
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, memory);
    const int32_t pixels = b->n * l->w, run = mnq_neon_run(l, MNQ_NEON_WIDE, 0);
    const size_t c = (size_t)l->c, pixel = c << l->in16;
    const uint8_t *from = (const uint8_t *)b->in0.at, *first;
    uint8_t *out = (uint8_t *)b->out;
    struct source s;
    int32_t p;

    s.row = &first;
    s.rows = 1;
    s.run = l->c;
    s.step = 2 * c;
    for (p = 0; p < pixels; p += run, from += (size_t)run * pixel, out += (size_t)run * e.step) {
        const int32_t n = pixels - p < run ? pixels - p : run;
        first = from;
        if (!l->in16) {
            first = kept;
            mnq_neon_wide((int16_t *)(void *)kept, from, (size_t)n * c, 0, l->in_flip);
        }
        dense(l, &e, &s, n, out);
    }
}

void mnq_conv_neon(const struct mnq_layer *l, const struct mnq_band *b)
{
    uint8_t *const memory = (uint8_t *)b->scratch;
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, memory);
    uint8_t *out = (uint8_t *)b->out;
    struct mnq_neon_ring ring;
    struct source s;
    int32_t y;

    s.row = (const uint8_t **)(void *)(memory + MNQ_NEON_ACC);
    s.rows = l->kh;
    s.run = l->kw * l->c;
    s.step = (size_t)l->sw * (size_t)l->c * 2;
    ring.rows = memory + MNQ_NEON_ACC + MNQ_NEON_ROWS * sizeof(void *);
    ring.bytes = mnq_neon_conv_row(l, MNQ_NEON_WIDE);
    ring.next = INT32_MIN;
    for (y = b->y; y < b->y + b->n; y++, out += (size_t)l->ow * e.step) {
        mnq_neon_window(l, &b->in0, &ring, y, 2, s.row);
        dense(l, &e, &s, l->ow, out);
    }
}
