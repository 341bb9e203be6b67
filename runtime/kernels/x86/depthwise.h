/* SPDX-License-Identifier: Apache-2.0
 * DWCONV of the x86 kernels: the rows under a block of channels are interleaved into a strip once, so that a lane holds one
 * channel's taps of a column; then every product takes several taps and nothing is moved. With a vertical stride of 1 two
 * output rows share a strip. */
#ifndef MNQ_X86_DEPTHWISE_H
#define MNQ_X86_DEPTHWISE_H

#include "emit_x86.h"
#include "scratch_x86.h"

/* Included behind one of lanes_*.h. */

enum { DW_RUN = 32 }; /* pixels between two calls of the output stage */

/* What a block of channels reads: taps t of a column, `step[t]` bytes from column to column, 0 for padding. */
struct taps {
    const uint8_t *row[2 * MNQ_X86_ROWS];
    size_t step[2 * MNQ_X86_ROWS];
    const uint8_t *pad;
    size_t block; /* bytes of the block that one tap loads */
    size_t valid; /* of them, inside the pixel */
    int sets, in16;
    vec flip;
};

/* One set of a column: `dot` taps interleaved. */
MNQ_INLINE void put_set(uint8_t *to, const uint8_t *const *p, const struct taps *t, int K, int quads)
{
    if (quads) {
        v_quads_of(to, p, K, t->flip);
    } else {
        const vec a = t->in16 ? v_load(p[0]) : v_widen(p[0], t->flip), b = t->in16 ? v_load(p[1]) : v_widen(p[1], t->flip);
        v_store(to, v_lo16(a, b));
        v_store(to + sizeof(vec), v_hi16(a, b));
    }
}

/* A column whose taps may end before a vector does. */
MNQ_INLINE uint8_t *put_last(uint8_t *to, const struct taps *t, int32_t x, int K, int quads)
{
    const int dot = quads ? 4 : 2;
    uint8_t copy[4][4 * LANES * sizeof(int32_t)];
    const uint8_t *p[4];
    int s, k;

    memset(copy, 0, sizeof copy);
    for (s = 0; s < t->sets; s++, to += (size_t)K * sizeof(vec)) {
        for (k = 0; k < dot; k++) {
            const int i = s * dot + k;
            memcpy(copy[k], t->row[i] + (size_t)x * t->step[i], t->valid);
            p[k] = copy[k];
        }
        put_set(to, p, t, K, quads);
    }
    return to;
}

/* Columns -pl .. reach - pl - 1 of the input. */
MNQ_INLINE void strip(const struct mnq_layer *l, const struct taps *t, int32_t reach, uint8_t *to, int K, int quads)
{
    const int dot = quads ? 4 : 2;
    const size_t pixel = (size_t)l->c << l->in16, far = t->block > t->valid ? (t->block - t->valid + pixel - 1) / pixel : 0;
    const int32_t safe = far >= (size_t)l->w ? 0 : l->w - (int32_t)far;
    const uint8_t *p[4];
    int32_t x;
    int s, k;

    for (x = -l->pl; x < reach - l->pl; x++) {
        const int inside = x >= 0 && x < l->w;
        if (inside && x >= safe) {
            to = put_last(to, t, x, K, quads);
            continue;
        }
        for (s = 0; s < t->sets; s++, to += (size_t)K * sizeof(vec)) {
            for (k = 0; k < dot; k++) {
                const int i = s * dot + k;
                p[k] = inside ? t->row[i] + (size_t)x * t->step[i] : t->pad;
            }
            put_set(to, p, t, K, quads);
        }
    }
}

/* `count` pixels of `rows` output rows: acc[row][DW_RUN][K][LANES]. */
MNQ_INLINE void taps_of(const uint8_t *x, size_t step, const uint8_t *w, const int32_t *bias, int32_t *acc, int n, int count,
                        int rows, int K, int quads)
{
    vec a[4][2][4];
    int p, r, k;

    MNQ_UNROLL
    for (p = 0; p < count; p++) {
        MNQ_UNROLL
        for (r = 0; r < rows; r++) {
            MNQ_UNROLL
            for (k = 0; k < K; k++) a[p][r][k] = v_load(bias + k * LANES);
        }
    }
    for (; n > 0; n--, x += (size_t)K * sizeof(vec), w += (size_t)(rows * K) * sizeof(vec)) {
        MNQ_UNROLL
        for (r = 0; r < rows; r++) {
            MNQ_UNROLL
            for (k = 0; k < K; k++) {
                const vec v = v_load(w + (size_t)(r * K + k) * sizeof(vec));
                MNQ_UNROLL
                for (p = 0; p < count; p++) {
                    const vec d = v_load(x + (size_t)p * step + (size_t)k * sizeof(vec));
                    a[p][r][k] = quads ? v_quads(a[p][r][k], d, v) : v_pairs(a[p][r][k], d, v);
                }
            }
        }
    }
    MNQ_UNROLL
    for (p = 0; p < count; p++) {
        MNQ_UNROLL
        for (r = 0; r < rows; r++) {
            MNQ_UNROLL
            for (k = 0; k < K; k++) v_store(acc + ((r * DW_RUN + p) * K + k) * LANES, a[p][r][k]);
        }
    }
}

MNQ_INLINE void run_of(const uint8_t *x, size_t step, const uint8_t *w, const int32_t *bias, int32_t *acc, int n,
                       int32_t count, int rows, int K, int quads)
{
    enum { MOST = LANES == 8 ? 2 : 4 };
    const int most = rows * K * MOST <= (LANES == 8 ? 8 : 16) ? MOST : MOST / 2;

    for (; count >= most; count -= most, x += (size_t)most * step, acc += most * K * LANES)
        taps_of(x, step, w, bias, acc, n, most, rows, K, quads);
    for (; count > 0; count--, x += step, acc += K * LANES) taps_of(x, step, w, bias, acc, n, 1, rows, K, quads);
}

/* One block of channels from channel o on, output rows y and, if rows is 2 and it is wanted, y + 1. */
MNQ_INLINE void block(const struct mnq_layer *l, const struct mnq_band *b, const struct mnq_emit *e, struct taps *t,
                      int32_t y, int32_t o, const uint8_t *w, int K, int rows, int quads)
{
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    const int32_t *const bias = (const int32_t *)(const void *)((const uint8_t *)h + h->bias) + o;
    const int32_t reach = (l->ow - 1) * l->sw + l->kw;
    const size_t column = (size_t)(t->sets * K) * sizeof(vec), pixel = (size_t)l->oc << e->out16;
    uint8_t *const memory = mnq_x86_aligned(b->scratch), *const x = memory + MNQ_X86_ACC;
    int32_t *const acc = (int32_t *)(void *)memory;
    uint8_t *const out = (uint8_t *)b->out + (size_t)(y - b->y) * (size_t)l->ow * pixel;
    int32_t p;

    strip(l, t, reach, x, K, quads);
    for (p = 0; p < l->ow; p += DW_RUN) {
        const int32_t n = l->ow - p < DW_RUN ? l->ow - p : DW_RUN;
        run_of(x + (size_t)p * (size_t)l->sw * column, (size_t)l->sw * column, w, bias, acc, l->kw * t->sets, n, rows, K,
               quads);
        MNQ_X86_NAME(mnq_emit)(e, acc, n, o, K, out + (size_t)p * pixel);
        if (rows == 2 && y + 1 < b->y + b->n)
            MNQ_X86_NAME(mnq_emit)(e, acc + DW_RUN * K * LANES, n, o, K, out + (size_t)(l->ow + p) * pixel);
    }
}

MNQ_INLINE void block_of(const struct mnq_layer *l, const struct mnq_band *b, const struct mnq_emit *e, struct taps *t,
                         int32_t y, int32_t o, const uint8_t *w, int K, int quads)
{
    if (l->sh == 1) block(l, b, e, t, y, o, w, K, 2, quads);
    else block(l, b, e, t, y, o, w, K, 1, quads);
}

void MNQ_X86_NAME(mnq_dwconv)(const struct mnq_layer *l, const struct mnq_band *b)
{
    static const struct mnq_x86_shape shape = {LANES, HAS_QUADS};
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    const struct mnq_emit e = mnq_emit_of(l);
    const int quads = h->dot == MNQ_X86_QUADS, rows = l->sh == 1 ? 2 : 1, taps = mnq_x86_sets(l, h->dot) * h->dot;
    const uint8_t *const pad = (const uint8_t *)h + h->pad;
    const size_t pixel = (size_t)l->c << l->in16;
    struct taps t;
    int32_t y, o;
    int i, K;

    t.sets = taps / h->dot;
    t.in16 = l->in16;
    t.flip = v_set8(quads ? l->in_flip ^ 0x80 : l->in_flip);
    for (y = b->y; y < b->y + b->n; y += rows) {
        const int32_t n = y + rows <= b->y + b->n ? rows : 1, top = y * l->sh - l->pt,
                      bottom = top + (n - 1) * l->sh + l->kh;
        const uint8_t *w = (const uint8_t *)h + h->weights;
        for (o = 0; o < l->oc; o += K * LANES) {
            const size_t at = (size_t)o << l->in16;
            K = mnq_x86_block(&shape, l, h->dot, l->oc - o);
            t.pad = pad + at;
            t.block = ((size_t)(K * LANES)) << l->in16;
            t.valid = pixel - at < t.block ? pixel - at : t.block;
            for (i = 0; i < taps; i++) {
                const int inside = top + i >= 0 && top + i < l->h && top + i < bottom;
                t.row[i] = inside ? (const uint8_t *)mnq_view_row(&b->in0, top + i) + at : t.pad;
                t.step[i] = inside ? pixel : 0;
            }
            if (!quads) block_of(l, b, &e, &t, y, o, w, 2, 0);
#if MNQ_X86_LANES == 16
            else if (K == 4) block_of(l, b, &e, &t, y, o, w, 4, 1);
            else block_of(l, b, &e, &t, y, o, w, 2, 1);
#endif
            w += (size_t)(l->kw * t.sets * rows * K) * sizeof(vec);
        }
    }
}

#endif
