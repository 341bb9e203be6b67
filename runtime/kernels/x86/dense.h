/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW of the x86 kernels: tiles of pixels against packed blocks of output channels. Activations are copied once into
 * scratch, as int16 or as bytes plus 128, and broadcast from there; a weight is loaded once for all pixels of a tile. */
#ifndef MNQ_X86_DENSE_H
#define MNQ_X86_DENSE_H

#include "emit_x86.h"
#include "scratch_x86.h"

/* Included behind one of lanes_*.h. */

/* What a run of pixels is made of. */
struct source {
    const uint8_t *row[MNQ_X86_ROWS]; /* of the kernel: the first pixel's window */
    size_t step;                      /* bytes from pixel to pixel */
    int rows;
    int32_t steps; /* of four bytes in a row of the window */
};

/* `count` pixels from pixel `at` on, K vectors: acc[pixel][K][LANES] = bias + sums. */
MNQ_INLINE void tile(const struct source *s, size_t at, const uint8_t *w, const int32_t *bias, int32_t *acc, int count,
                     int K, int quads)
{
    vec a[12][4];
    int r, k, ky;
    int32_t i;

    MNQ_UNROLL
    for (r = 0; r < count; r++) {
        MNQ_UNROLL
        for (k = 0; k < K; k++) a[r][k] = v_load(bias + k * LANES);
    }
    for (ky = 0; ky < s->rows; ky++) {
        const uint8_t *x = s->row[ky] + at * s->step;
        for (i = 0; i < s->steps; i++, x += 4, w += (size_t)K * LANES * 4) {
            vec v[4];
            MNQ_UNROLL
            for (k = 0; k < K; k++) v[k] = v_load(w + (size_t)k * LANES * 4);
            MNQ_UNROLL
            for (r = 0; r < count; r++) {
                const vec b = v_each32(x + (size_t)r * s->step);
                MNQ_UNROLL
                for (k = 0; k < K; k++) a[r][k] = quads ? v_quads(a[r][k], b, v[k]) : v_pairs(a[r][k], b, v[k]);
            }
        }
    }
    MNQ_UNROLL
    for (r = 0; r < count; r++) {
        MNQ_UNROLL
        for (k = 0; k < K; k++) v_store(acc + (r * K + k) * LANES, a[r][k]);
    }
}

/* n pixels, in tiles of the sizes that fill the registers. */
MNQ_INLINE void tiles(const struct source *s, size_t at, int n, const uint8_t *w, const int32_t *bias, int32_t *acc, int K,
                      int quads)
{
    const int most = K * 12 <= (LANES == 8 ? 12 : 24) ? 12 : 6;

    for (; n >= most; n -= most, at += (size_t)most, acc += most * K * LANES) tile(s, at, w, bias, acc, most, K, quads);
    if (most == 12 && n >= 6) {
        tile(s, at, w, bias, acc, 6, K, quads);
        n -= 6, at += 6, acc += 6 * K * LANES;
    }
    if (n >= 4) {
        tile(s, at, w, bias, acc, 4, K, quads);
        n -= 4, at += 4, acc += 4 * K * LANES;
    }
    if (n >= 2) {
        tile(s, at, w, bias, acc, 2, K, quads);
        n -= 2, at += 2, acc += 2 * K * LANES;
    }
    if (n >= 1) tile(s, at, w, bias, acc, 1, K, quads);
}

MNQ_INLINE void tiles_of(const struct source *s, size_t at, int n, const uint8_t *w, const int32_t *bias, int32_t *acc,
                         int K, int quads)
{
    if (K == 1) tiles(s, at, n, w, bias, acc, 1, quads);
    else if (K == 2) tiles(s, at, n, w, bias, acc, 2, quads);
#if MNQ_X86_LANES == 16
    else tiles(s, at, n, w, bias, acc, 4, quads);
#endif
}

/* All output channels of n consecutive pixels. */
MNQ_INLINE void dense(const struct mnq_layer *l, const struct mnq_emit *e, const struct source *s, int32_t n, int32_t *acc,
                      uint8_t *out)
{
    static const struct mnq_x86_shape shape = {LANES, HAS_QUADS};
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    const uint8_t *w = (const uint8_t *)h + h->weights;
    const int32_t *const bias = (const int32_t *)(const void *)((const uint8_t *)h + h->bias);
    const size_t pixel = (size_t)l->oc << e->out16;
    int32_t o = 0, p;

    while (o < l->oc) {
        const int K = mnq_x86_block(&shape, l, h->dot, l->oc - o);
        for (p = 0; p < n; p += MNQ_X86_RUN) {
            const int count = n - p < MNQ_X86_RUN ? (int)(n - p) : MNQ_X86_RUN;
            if (HAS_QUADS && h->dot == MNQ_X86_QUADS) tiles_of(s, (size_t)p, count, w, bias + o, acc, K, 1);
            else tiles_of(s, (size_t)p, count, w, bias + o, acc, K, 0);
            MNQ_X86_NAME(mnq_emit)(e, acc, count, o, K, out + (size_t)p * pixel);
        }
        w += (size_t)s->rows * (size_t)s->steps * (size_t)K * LANES * 4;
        o += K * LANES;
    }
}

/* n values from `from` on to the form that the products want; `to` may be written up to a vector further. */
MNQ_INLINE void convert(uint8_t *to, const uint8_t *from, size_t n, int in16, int quads, uint8_t in_flip)
{
    size_t i = 0;

    if (in16) {
        memcpy(to, from, 2 * n);
    } else if (quads) {
        const vec flip = v_set8(in_flip ^ 0x80);
        for (; i + 4 * LANES <= n; i += 4 * LANES) v_store(to + i, v_xor(v_load(from + i), flip));
        for (; i < n; i++) to[i] = (uint8_t)(from[i] ^ in_flip ^ 0x80);
    } else {
        const vec flip = v_set8(in_flip);
        for (; i + 2 * LANES <= n; i += 2 * LANES) v_store(to + 2 * i, v_widen(from + i, flip));
        for (; i < n; i++) {
            const int16_t t = (int8_t)(from[i] ^ in_flip);
            memcpy(to + 2 * i, &t, 2);
        }
    }
}

void MNQ_X86_NAME(mnq_pw)(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    const struct mnq_emit e = mnq_emit_of(l);
    const int quads = h->dot == MNQ_X86_QUADS;
    const int32_t pixels = b->n * l->w, run = mnq_x86_pw_run(l, h->dot);
    const size_t c = (size_t)l->c, padded = (c + (size_t)h->dot - 1) / (size_t)h->dot * (size_t)h->dot;
    const size_t value = quads ? 1 : 2, pixel = c << l->in16, out_pixel = (size_t)l->oc << e.out16;
    const uint8_t *const in = (const uint8_t *)b->in0.at;
    uint8_t *const memory = mnq_x86_aligned(b->scratch), *const x = memory + MNQ_X86_ACC;
    struct source s;
    int32_t p, i;

    s.rows = 1;
    s.steps = (int32_t)(padded / (size_t)h->dot);
    s.step = padded * value;
    for (p = 0; p < pixels; p += run) {
        const int32_t n = pixels - p < run ? pixels - p : run;
        const uint8_t *const from = in + (size_t)p * pixel;
        s.row[0] = x;
        if (l->in16 && c == padded) s.row[0] = from;
        else if (c == padded) convert(x, from, (size_t)n * c, l->in16, quads, l->in_flip);
        else
            for (i = 0; i < n; i++) convert(x + (size_t)i * s.step, from + (size_t)i * pixel, c, l->in16, quads, l->in_flip);
        dense(l, &e, &s, n, (int32_t *)(void *)memory, (uint8_t *)b->out + (size_t)p * out_pixel);
    }
}

/* One row of the input, or a row of padding (from NULL), with padding before and behind it. */
MNQ_INLINE void conv_row(const struct mnq_layer *l, uint8_t *to, const uint8_t *from, int quads)
{
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    const uint8_t *const pad = (const uint8_t *)h + h->pad;
    const size_t value = quads ? 1 : 2, pixel = (size_t)l->c * value;
    const int32_t columns = mnq_x86_conv_columns(l);
    int32_t x;

    if (from != NULL) convert(to + (size_t)l->pl * pixel, from, (size_t)l->w * (size_t)l->c, l->in16, quads, l->in_flip);
    for (x = 0; x < columns; x++) {
        if (from != NULL && x == l->pl) x += l->w;
        if (x < columns) memcpy(to + (size_t)x * pixel, pad, pixel);
    }
}

void MNQ_X86_NAME(mnq_conv)(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    const struct mnq_emit e = mnq_emit_of(l);
    const int quads = h->dot == MNQ_X86_QUADS;
    const size_t value = quads ? 1 : 2, out_row = ((size_t)l->ow * (size_t)l->oc) << e.out16;
    const size_t row = mnq_x86_conv_row_bytes(l, h->dot);
    uint8_t *const memory = mnq_x86_aligned(b->scratch), *const rows = memory + MNQ_X86_ACC;
    int32_t y, next = INT32_MIN, ky;
    struct source s;

    s.rows = l->kh;
    s.steps = (l->kw * l->c + h->dot - 1) / h->dot;
    s.step = (size_t)l->sw * (size_t)l->c * value;
    for (y = b->y; y < b->y + b->n; y++) {
        const int32_t top = y * l->sh - l->pt;
        for (ky = 0; ky < l->kh; ky++) {
            const int32_t iy = top + ky;
            uint8_t *const to = rows + (size_t)((iy + l->kh) % l->kh) * row; /* iy > -kh */
            s.row[ky] = to;
            if (iy < next) continue; /* still there */
            conv_row(l, to, iy >= 0 && iy < l->h ? (const uint8_t *)mnq_view_row(&b->in0, iy) : NULL, quads);
            next = iy + 1;
        }
        dense(l, &e, &s, l->ow, (int32_t *)(void *)memory, (uint8_t *)b->out + (size_t)(y - b->y) * out_row);
    }
}

#endif
