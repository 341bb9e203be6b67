/* SPDX-License-Identifier: Apache-2.0
 * DWCONV for AArch64, 3x3 and 5x5: rows of the window are kept as int16 with their padding, eight channels of up to eight
 * outputs are summed at a time. */
#include "convert_neon.h"
#include "emit_neon.h"
#include "neon.h"

/* N outputs of a block of channels; K: of the kernel, S: columns from output to output, column: int16 from column to column.
 */
MNQ_NEON_INLINE void tile(const struct mnq_neon_emit *e, const int16_t *const *row, size_t at, size_t column,
                          const int16_t *w, const int32_t *record, int channels, uint8_t *out, const int K, const int S,
                          const int N)
{
    int32x4_t a[8][2];
    int ky, r, j;

    MNQ_NEON_UNROLL
    for (r = 0; r < N; r++) {
        a[r][0] = vld1q_s32(record);
        a[r][1] = vld1q_s32(record + 4);
    }
    for (ky = 0; ky < K; ky++, w += 8 * K) {
        const int16_t *x = row[ky] + at;
        int16x8_t t[5];
        MNQ_NEON_UNROLL
        for (j = 0; j < K; j++) t[j] = vld1q_s16(w + 8 * j);
        MNQ_NEON_UNROLL
        for (j = 0; j < (N - 1) * S + K; j++, x += column) {
            const int16x8_t v = vld1q_s16(x);
            MNQ_NEON_UNROLL
            for (r = 0; r < N; r++) {
                const int kx = j - r * S;
                if (kx < 0 || kx >= K) continue;
                a[r][0] = vmlal_s16(a[r][0], vget_low_s16(v), vget_low_s16(t[kx]));
                a[r][1] = vmlal_high_s16(a[r][1], v, t[kx]);
            }
        }
    }
    mnq_neon_put(e, record, a, channels, out, N);
}

/* What is the same for all blocks of a row. */
struct row_of {
    const int16_t *const *row; /* of the window */
    size_t column;
    int32_t ow;
};

/* A row of outputs of one block. */
MNQ_NEON_INLINE void block(const struct mnq_neon_emit *e, const struct row_of *s, size_t first, const int16_t *w,
                           const int32_t *record, int channels, uint8_t *out, const int K, const int S)
{
    const size_t move = s->column * (size_t)S;
    int32_t n = s->ow;
    size_t at = first;

    for (; n >= 8; n -= 8, at += 8 * move, out += 8 * e->step)
        tile(e, s->row, at, s->column, w, record, channels, out, K, S, 8);
    if ((n & 4) != 0) {
        tile(e, s->row, at, s->column, w, record, channels, out, K, S, 4);
        at += 4 * move;
        out += 4 * e->step;
    }
    if ((n & 2) != 0) {
        tile(e, s->row, at, s->column, w, record, channels, out, K, S, 2);
        at += 2 * move;
        out += 2 * e->step;
    }
    if ((n & 1) != 0) tile(e, s->row, at, s->column, w, record, channels, out, K, S, 1);
}

#define BLOCK(name, K, S)                                                                                                   \
    static MNQ_APART void name(const struct mnq_neon_emit *e, const struct row_of *s, size_t first, const int16_t *w,       \
                               const int32_t *record, int channels, uint8_t *out)                                           \
    {                                                                                                                       \
        block(e, s, first, w, record, channels, out, K, S);                                                                 \
    }
BLOCK(block_3_1, 3, 1)
BLOCK(block_3_2, 3, 2)
BLOCK(block_5_1, 5, 1)
BLOCK(block_5_2, 5, 2)

/* A pixel of whole vectors; those of the next pixel that are taken with it meet weights of 0. */
MNQ_NEON_INLINE void wide_pixel(int16_t *to, const uint8_t *from, size_t column, int in16, uint8_t in_flip)
{
    size_t i;

    if (in16)
        for (i = 0; i < column; i += 8) vst1q_u8((uint8_t *)(to + i), vld1q_u8(from + 2 * i));
    else
        for (i = 0; i < column; i += 8)
            vst1q_s16(to + i, vmovl_s8(vreinterpret_s8_u8(veor_u8(vld1_u8(from + i), vdup_n_u8(in_flip)))));
}

/* One row of the input as int16, c channels as a multiple of eight, or a row of padding (from NULL). */
static MNQ_APART void take(const struct mnq_layer *l, int16_t *to, const uint8_t *from)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;
    const int16_t *const pad = (const int16_t *)(const void *)((const uint8_t *)h + h->pad);
    const size_t c = (size_t)l->c, column = (size_t)mnq_neon_padded(l->c);
    const int32_t columns = mnq_neon_columns(l);
    int32_t x;

    if (from != NULL && c == column) {
        mnq_neon_wide(to + (size_t)l->pl * column, from, (size_t)l->w * c, l->in16, l->in_flip);
    } else if (from != NULL) {
        int16_t *p = to + (size_t)l->pl * column;
        const uint8_t *const last = from + ((size_t)(l->w - 1) * c << l->in16);
        for (; last - from >= 8 << l->in16; from += c << l->in16, p += column)
            wide_pixel(p, from, column, l->in16, l->in_flip);
        for (; from <= last; from += c << l->in16, p += column) mnq_neon_wide(p, from, c, l->in16, l->in_flip);
    }
    for (x = 0; x < columns; x++) {
        if (from != NULL && x == l->pl) x += l->w;
        if (x < columns) memcpy(to + (size_t)x * column, pad, column * 2);
    }
}

void mnq_dwconv_neon(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;
    uint8_t *const memory = (uint8_t *)b->scratch;
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, memory);
    int16_t *const rows = (int16_t *)(void *)(memory + MNQ_NEON_ACC);
    const size_t row = mnq_neon_dw_row(l) / 2;
    uint8_t *out = (uint8_t *)b->out;
    const int16_t *at[5];
    int32_t y, next = INT32_MIN, ky, o;
    struct row_of s;

    s.row = at;
    s.column = (size_t)mnq_neon_padded(l->c);
    s.ow = l->ow;
    for (y = b->y; y < b->y + b->n; y++, out += (size_t)l->ow * e.step) {
        const int16_t *w = (const int16_t *)(const void *)((const uint8_t *)h + h->weights);
        const int32_t *record = mnq_neon_records(h);
        const int32_t top = y * l->sh - l->pt;
        for (ky = 0; ky < l->kh; ky++) {
            const int32_t iy = top + ky;
            int16_t *const to = rows + (size_t)((iy + l->kh) % l->kh) * row; /* iy > -kh */
            at[ky] = to;
            if (iy < next) continue; /* still there */
            take(l, to, iy >= 0 && iy < l->h ? (const uint8_t *)mnq_view_row(&b->in0, iy) : NULL);
            next = iy + 1;
        }
        for (o = 0; o < l->oc; o += 8, w += 8 * l->kh * l->kw, record += e.record) {
            const int channels = mnq_neon_stored(l->oc);
            const size_t first = (size_t)mnq_neon_first(l->oc, l->oc - o);
            uint8_t *const to = out + (first << e.out16);
            if (l->kh == 3 && l->sw == 1) block_3_1(&e, &s, first, w, record, channels, to);
            else if (l->kh == 3) block_3_2(&e, &s, first, w, record, channels, to);
            else if (l->sw == 1) block_5_1(&e, &s, first, w, record, channels, to);
            else block_5_2(&e, &s, first, w, record, channels, to);
        }
    }
}
