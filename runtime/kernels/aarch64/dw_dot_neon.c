/* SPDX-License-Identifier: Apache-2.0
 * DWCONV 3x3 for AArch64 with dot products, 8-bit inputs and weights: four rows of the input become bytes side by side, so
 * that SDOT makes three taps of a column for four channels; with a stride of 1 the same bytes serve two rows of outputs. */
#include "emit_neon.h"
#include "mnq_port.h"
#include "neon.h"

/* N outputs of a block of channels; S: columns from output to output, column: bytes from column to column of x. */
MNQ_NEON_INLINE void tile(const struct mnq_neon_emit *e, const uint8_t *x, size_t column, int8x16_t t[][2],
                          const int32_t *record, int channels, uint8_t *out, const int S, const int N)
{
    const int32x4_t b0 = vld1q_s32(record), b1 = vld1q_s32(record + 4);
    int32x4_t a[8][2];
    int r, j;

    MNQ_NEON_UNROLL
    for (r = 0; r < N; r++) {
        a[r][0] = b0;
        a[r][1] = b1;
    }
    MNQ_NEON_UNROLL
    for (j = 0; j < (N - 1) * S + 3; j++, x += column) {
        const int8x16_t v0 = vreinterpretq_s8_u8(vld1q_u8(x)), v1 = vreinterpretq_s8_u8(vld1q_u8(x + 16));
        MNQ_NEON_UNROLL
        for (r = 0; r < N; r++) {
            const int kx = j - r * S;
            if (kx < 0 || kx > 2) continue;
            a[r][0] = vdotq_s32(a[r][0], v0, t[kx][0]);
            a[r][1] = vdotq_s32(a[r][1], v1, t[kx][1]);
        }
    }
    mnq_neon_put(e, record, a, channels, out, N);
}

/* What is the same for all blocks of a row. */
struct row_of {
    const uint8_t *x; /* rows side by side */
    size_t column;    /* bytes from column to column of x */
    int32_t ow;
};

MNQ_NEON_INLINE void taps(int8x16_t t[][2], const uint8_t *w)
{
    int j;

    MNQ_NEON_UNROLL
    for (j = 0; j < 3; j++) {
        t[j][0] = vreinterpretq_s8_u8(vld1q_u8(w + 32 * j));
        t[j][1] = vreinterpretq_s8_u8(vld1q_u8(w + 32 * j + 16));
    }
}

/* The outputs of a row of one block by eights. */
MNQ_NEON_INLINE void eights(const struct mnq_neon_emit *e, const struct row_of *s, size_t first, const uint8_t *w,
                            const int32_t *record, int channels, uint8_t *out, const int S)
{
    const size_t move = 8 * (size_t)S * s->column;
    const uint8_t *x = s->x + 4 * first;
    int32_t n = s->ow;
    int8x16_t t[3][2];

    taps(t, w);
    for (; n >= 8; n -= 8, x += move, out += 8 * e->step) tile(e, x, s->column, t, record, channels, out, S, 8);
}

/* The last few, fewer than eight: apart, for both would want more stack than there may be. */
MNQ_NEON_INLINE void rest(const struct mnq_neon_emit *e, const struct row_of *s, size_t first, const uint8_t *w,
                          const int32_t *record, int channels, uint8_t *out, const int S)
{
    const int32_t n = s->ow & 7;
    const size_t move = (size_t)S * s->column;
    const uint8_t *x = s->x + 4 * first + (size_t)(s->ow - n) * move;
    int8x16_t t[3][2];

    taps(t, w);
    out += (size_t)(s->ow - n) * e->step;
    if ((n & 4) != 0) {
        tile(e, x, s->column, t, record, channels, out, S, 4);
        x += 4 * move;
        out += 4 * e->step;
    }
    if ((n & 2) != 0) {
        tile(e, x, s->column, t, record, channels, out, S, 2);
        x += 2 * move;
        out += 2 * e->step;
    }
    if ((n & 1) != 0) tile(e, x, s->column, t, record, channels, out, S, 1);
}

#define PART(name, part, S)                                                                                                 \
    static MNQ_APART void name(const struct mnq_neon_emit *e, const struct row_of *s, size_t first, const uint8_t *w,       \
                               const int32_t *record, int channels, uint8_t *out)                                           \
    {                                                                                                                       \
        part(e, s, first, w, record, channels, out, S);                                                                     \
    }
PART(eights_1, eights, 1)
PART(eights_2, eights, 2)
PART(rest_1, rest, 1)
PART(rest_2, rest, 2)

/* 16 values of each of four rows side by side. */
MNQ_NEON_INLINE void zip16(uint8_t *to, uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
    const uint16x8_t ab0 = vreinterpretq_u16_u8(vzip1q_u8(a, b)), ab1 = vreinterpretq_u16_u8(vzip2q_u8(a, b)),
                     cd0 = vreinterpretq_u16_u8(vzip1q_u8(c, d)), cd1 = vreinterpretq_u16_u8(vzip2q_u8(c, d));

    vst1q_u8(to, vreinterpretq_u8_u16(vzip1q_u16(ab0, cd0)));
    vst1q_u8(to + 16, vreinterpretq_u8_u16(vzip2q_u16(ab0, cd0)));
    vst1q_u8(to + 32, vreinterpretq_u8_u16(vzip1q_u16(ab1, cd1)));
    vst1q_u8(to + 48, vreinterpretq_u8_u16(vzip2q_u16(ab1, cd1)));
}

/* Four rows of n values; what is padding is flipped already. */
static MNQ_APART void zip(uint8_t *to, const uint8_t *const row[4], size_t n, const uint8_t flip[4])
{
    const uint8_t *a = row[0], *b = row[1], *c = row[2], *d = row[3];
    const uint8x16_t fa = vdupq_n_u8(flip[0]), fb = vdupq_n_u8(flip[1]), fc = vdupq_n_u8(flip[2]), fd = vdupq_n_u8(flip[3]);
    size_t i;

    if (n < 16) {
        for (i = 0; i < n; i++, to += 4) {
            to[0] = a[i] ^ flip[0];
            to[1] = b[i] ^ flip[1];
            to[2] = c[i] ^ flip[2];
            to[3] = d[i] ^ flip[3];
        }
        return;
    }
    if ((flip[0] | flip[1] | flip[2] | flip[3]) == 0) {
        for (i = 0; i + 16 <= n; i += 16)
            zip16(to + 4 * i, vld1q_u8(a + i), vld1q_u8(b + i), vld1q_u8(c + i), vld1q_u8(d + i));
    } else {
        for (i = 0; i + 16 <= n; i += 16)
            zip16(to + 4 * i, veorq_u8(vld1q_u8(a + i), fa), veorq_u8(vld1q_u8(b + i), fb), veorq_u8(vld1q_u8(c + i), fc),
                  veorq_u8(vld1q_u8(d + i), fd));
    }
    if (i == n) return;
    i = n - 16; /* the last 16, some of them for the second time */
    zip16(to + 4 * i, veorq_u8(vld1q_u8(a + i), fa), veorq_u8(vld1q_u8(b + i), fb), veorq_u8(vld1q_u8(c + i), fc),
          veorq_u8(vld1q_u8(d + i), fd));
}

/* Columns of padding from x to end, four times each value. */
static void pad_columns(const struct mnq_layer *l, uint8_t *to, int32_t x, int32_t end)
{
    static const uint8_t flip[4] = {0, 0, 0, 0};
    const uint8_t *row[4];
    int32_t i;

    for (i = 0; i < 4; i++) row[i] = (const uint8_t *)l->pad;
    for (; x < end; x++) zip(to + (size_t)x * (size_t)l->c * 4, row, (size_t)l->c, flip);
}

/* A row of n bytes of padding. */
static MNQ_APART void pad_row(const struct mnq_layer *l, uint8_t *to, size_t n)
{
    size_t have = (size_t)l->c;

    memcpy(to, l->pad, have);
    for (; 2 * have <= n; have *= 2) memcpy(to + have, to, have);
    memcpy(to + have, to, n - have);
}

/* One call. */
struct job {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    uint8_t *zipped;  /* rows side by side, with columns of padding */
    uint8_t *padding; /* a row of it */
    int32_t pads;     /* 1: it is there */
};

/* Rows `top` to top + 3 side by side. The last may lie behind what the band may read: it then meets weights of 0. */
static MNQ_APART void take(struct job *job, int32_t top, int32_t rows)
{
    const struct mnq_layer *const l = job->l;
    const size_t n = (size_t)l->w * (size_t)l->c;
    const uint8_t *row[4];
    uint8_t flip[4];
    int32_t i;

    for (i = 0; i < 4; i++) {
        const int32_t y = top + (i < rows ? i : rows - 1);
        flip[i] = l->in_flip;
        if (y >= 0 && y < l->h) {
            row[i] = (const uint8_t *)mnq_view_row(&job->band->in0, y);
            continue;
        }
        if (!job->pads) pad_row(l, job->padding, n);
        job->pads = 1;
        row[i] = job->padding;
        flip[i] = 0;
    }
    zip(job->zipped + (size_t)l->pl * (size_t)l->c * 4, row, n, flip);
}

/* A row of outputs; k: 0, or 1 for the second one of the same rows. */
static MNQ_APART void row_out(const struct mnq_layer *l, const struct mnq_neon_emit *e, const struct row_of *s, int k,
                              uint8_t *out)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;
    const uint8_t *w = (const uint8_t *)h + h->weights + k * (MNQ_NEON_DW_QUADS / 2);
    const int32_t *record = mnq_neon_records(h);
    const int channels = mnq_neon_stored(l->oc);
    int32_t left;

    for (left = l->oc; left > 0; left -= 8, w += MNQ_NEON_DW_QUADS, record += e->record) {
        const size_t first = (size_t)mnq_neon_first(l->oc, left);
        uint8_t *const to = out + (first << e->out16);
        if (s->ow >= 8) (l->sw == 1 ? eights_1 : eights_2)(e, s, first, w, record, channels, to);
        if (s->ow % 8 != 0) (l->sw == 1 ? rest_1 : rest_2)(e, s, first, w, record, channels, to);
    }
}

void mnq_dwconv_dotprod(const struct mnq_layer *l, const struct mnq_band *b)
{
    uint8_t *const memory = (uint8_t *)b->scratch, *out = (uint8_t *)b->out;
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, memory);
    const size_t line = (size_t)l->ow * e.step;
    int32_t y, rows, k;
    struct row_of s;
    struct job job;

    job.l = l;
    job.band = b;
    job.zipped = memory + MNQ_NEON_ACC;
    job.padding = job.zipped + mnq_neon_dw_zipped(l);
    job.pads = 0;
    s.x = job.zipped;
    s.column = (size_t)l->c * 4;
    s.ow = l->ow;
    pad_columns(l, job.zipped, 0, l->pl);
    pad_columns(l, job.zipped, l->pl + l->w, mnq_neon_columns(l));
    for (y = 0; y < b->n; y += rows) {
        rows = l->sh == 1 && y + 1 < b->n ? 2 : 1;
        take(&job, (b->y + y) * l->sh - l->pt, 2 + rows);
        for (k = 0; k < rows; k++, out += line) row_out(l, &e, &s, k, out);
    }
}
