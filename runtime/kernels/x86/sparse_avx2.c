/* SPDX-License-Identifier: Apache-2.0
 * PW of few weights for AVX2: lanes are pixels, and a pair of weights that is not zero meets two inputs of 32 pixels; what
 * is zero takes no time at all. */
#include "lanes_avx2.inc"

#include "emit_x86.h"
#include "scratch_x86.h"

enum { PIXELS = MNQ_X86_PAIR_ROW / 4, ROW = MNQ_X86_PAIR_ROW };

/* Element j of row i to element i of row j. */
MNQ_INLINE void transpose(vec r[8])
{
    vec a[8], b[8];
    int i;

    MNQ_UNROLL
    for (i = 0; i < 8; i += 2) {
        a[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        a[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    MNQ_UNROLL
    for (i = 0; i < 8; i += 4) {
        b[i] = _mm256_unpacklo_epi64(a[i], a[i + 2]);
        b[i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 2]);
        b[i + 2] = _mm256_unpacklo_epi64(a[i + 1], a[i + 3]);
        b[i + 3] = _mm256_unpackhi_epi64(a[i + 1], a[i + 3]);
    }
    MNQ_UNROLL
    for (i = 0; i < 4; i++) {
        r[i] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x20);
        r[i + 4] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x31);
    }
}

/* A pixel's inputs as int16, `step` bytes of them. */
static void widen(const struct mnq_layer *l, const uint8_t *from, uint8_t *to, size_t step)
{
    const vec flip = v_set8(l->in_flip);
    const size_t c = (size_t)l->c;
    size_t i = 0;

    if (l->in16) {
        memcpy(to, from, 2 * c);
        i = c;
    } else {
        for (; i + 16 <= c; i += 16) v_store(to + 2 * i, v_widen(from + i, flip));
        for (; i < c; i++) {
            const int16_t t = (int8_t)(from[i] ^ l->in_flip);
            memcpy(to + 2 * i, &t, 2);
        }
    }
    memset(to + 2 * i, 0, step - 2 * i);
}

/* [pixel][pair] to [pair][PIXELS], eight by eight; step: bytes of a pixel. */
static void turn(const uint8_t *from, uint8_t *to, size_t step, int vectors)
{
    size_t i;
    int v, p;

    for (v = 0; v < vectors; v++)
        for (i = 0; i < step; i += sizeof(vec)) {
            vec r[8];
            MNQ_UNROLL
            for (p = 0; p < 8; p++) r[p] = v_load(from + (size_t)(8 * v + p) * step + i);
            transpose(r);
            MNQ_UNROLL
            for (p = 0; p < 8; p++) v_store(to + (i / 4 + (size_t)p) * ROW + (size_t)v * sizeof(vec), r[p]);
        }
}

/* One output of 8 * vectors pixels. */
MNQ_INLINE void sums(const uint8_t *x, const struct mnq_x86_pair *w, const struct mnq_x86_pair *end, int32_t bias,
                     uint8_t *to, int vectors)
{
    vec a[4];
    int v;

    MNQ_UNROLL
    for (v = 0; v < vectors; v++) a[v] = v_set32(bias);
    for (; w < end; w++) {
        const uint8_t *const p = x + w->at;
        const vec b = v_each32(w->w);
        MNQ_UNROLL
        for (v = 0; v < vectors; v++) a[v] = v_pairs(a[v], v_load(p + (size_t)v * sizeof(vec)), b);
    }
    MNQ_UNROLL
    for (v = 0; v < vectors; v++) v_store(to + (size_t)v * sizeof(vec), a[v]);
}

/* Vector k of a block of K: acc[pixel][K][LANES]. */
MNQ_INLINE void lanes_of(const uint8_t *x, const struct mnq_x86_pair *pairs, const uint32_t *start, const int32_t *bias,
                         int32_t *acc, int k, int K, int vectors)
{
    uint8_t rows[8 * ROW];
    int i, v;

    for (i = 0; i < 8; i++) sums(x, pairs + start[i], pairs + start[i + 1], bias[i], rows + i * ROW, vectors);
    for (v = 0; v < vectors; v++) {
        vec r[8];
        MNQ_UNROLL
        for (i = 0; i < 8; i++) r[i] = v_load(rows + i * ROW + (size_t)v * sizeof(vec));
        transpose(r);
        MNQ_UNROLL
        for (i = 0; i < 8; i++) v_store(acc + ((8 * v + i) * K + k) * LANES, r[i]);
    }
}

MNQ_INLINE void outputs(const struct mnq_layer *l, const struct mnq_emit *e, const uint8_t *x, int32_t *acc, int n,
                        uint8_t *out, int vectors)
{
    static const struct mnq_x86_shape shape = {LANES, HAS_QUADS};
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    const uint32_t *const start = (const uint32_t *)(const void *)((const uint8_t *)h + h->weights);
    const struct mnq_x86_pair *const pairs = mnq_x86_pairs(start, (h->general - h->bias) / sizeof *start);
    const int32_t *const bias = (const int32_t *)(const void *)((const uint8_t *)h + h->bias);
    int32_t o;
    int k, K;

    for (o = 0; o < l->oc; o += K * LANES) {
        K = mnq_x86_block(&shape, l, h->dot, l->oc - o);
        for (k = 0; k < K; k++) lanes_of(x, pairs, start + o + k * LANES, bias + o + k * LANES, acc, k, K, vectors);
        mnq_emit_avx2(e, acc, n, o, K, out);
    }
}

void mnq_sparse_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_emit e = mnq_emit_of(l);
    const int32_t pixels = b->n * l->w;
    const size_t pixel = (size_t)l->c << l->in16, out_pixel = (size_t)l->oc << e.out16;
    const size_t step = ((size_t)l->c + 15) / 16 * sizeof(vec);
    int32_t *const acc = (int32_t *)(void *)mnq_x86_aligned(b->scratch);
    uint8_t *const wide = (uint8_t *)acc + MNQ_X86_ACC, *const turned = wide + PIXELS * step;
    int32_t p;
    int i;

    for (p = 0; p < pixels; p += PIXELS) {
        const int n = pixels - p < PIXELS ? (int)(pixels - p) : PIXELS, vectors = (n + 7) / 8;
        const uint8_t *const from = (const uint8_t *)b->in0.at + (size_t)p * pixel;
        uint8_t *const out = (uint8_t *)b->out + (size_t)p * out_pixel;
        for (i = 0; i < n; i++) widen(l, from + (size_t)i * pixel, wide + (size_t)i * step, step);
        memset(wide + (size_t)n * step, 0, (size_t)(8 * vectors - n) * step);
        turn(wide, turned, step, vectors);
        if (vectors == 4) outputs(l, &e, turned, acc, n, out, 4);
        else if (vectors == 3) outputs(l, &e, turned, acc, n, out, 3);
        else if (vectors == 2) outputs(l, &e, turned, acc, n, out, 2);
        else outputs(l, &e, turned, acc, n, out, 1);
    }
}
