/* SPDX-License-Identifier: Apache-2.0
 * PW of groups of weights for AVX2 (x86_group.h): products of bytes are added up in 16 bits before they are widened. */
#include "lanes_avx2.inc"

#include "emit_x86.h"
#include "scratch_x86.h"
#include "x86_group.h"

enum { PIXELS = 4 };

/* Groups of g quads: a += their products. */
MNQ_INLINE const uint8_t *groups_of(vec a[PIXELS][2], const uint8_t *x, size_t step, const uint32_t **offset,
                                    const uint8_t *w, int32_t n, int g, int count, int K)
{
    const vec ones = v_set16(1);
    int r, q, k;

    for (; n > 0; n--, *offset += g, w += (size_t)(g * K) * sizeof(vec)) {
        MNQ_UNROLL
        for (r = 0; r < count; r++) {
            vec sum[2];
            MNQ_UNROLL
            for (q = 0; q < g; q++) {
                const vec b = v_each32(x + (size_t)r * step + (*offset)[q]);
                MNQ_UNROLL
                for (k = 0; k < K; k++) {
                    const vec p = _mm256_maddubs_epi16(b, v_load(w + (size_t)(q * K + k) * sizeof(vec)));
                    sum[k] = q == 0 ? p : v_add16(sum[k], p);
                }
            }
            MNQ_UNROLL
            for (k = 0; k < K; k++) a[r][k] = v_pairs(a[r][k], sum[k], ones);
        }
    }
    return w;
}

/* Quads of int16 weights. */
MNQ_INLINE const uint8_t *wide(vec a[PIXELS][2], const uint8_t *x, size_t step, const uint32_t **offset, const uint8_t *w,
                               int32_t n, int count, int K)
{
    const vec low = v_set16(255);
    int r, k;

    for (; n > 0; n--, ++*offset, w += (size_t)(2 * K) * sizeof(vec)) {
        MNQ_UNROLL
        for (r = 0; r < count; r++) {
            const vec b = v_each32(x + (size_t)r * step + **offset);
            const vec even = v_and(b, low), odd = _mm256_srli_epi16(b, 8);
            MNQ_UNROLL
            for (k = 0; k < K; k++) {
                a[r][k] = v_pairs(a[r][k], even, v_load(w + (size_t)k * sizeof(vec)));
                a[r][k] = v_pairs(a[r][k], odd, v_load(w + (size_t)(K + k) * sizeof(vec)));
            }
        }
    }
    return w;
}

/* `count` pixels at x, K vectors: acc[pixel][K][LANES] = bias + sums. */
MNQ_INLINE void tile(const uint8_t *x, size_t step, const struct mnq_x86_groups *g, size_t offsets, const int32_t *bias,
                     int32_t *acc, int count, int K)
{
    const uint32_t *offset = (const uint32_t *)(const void *)(g + 1);
    const uint8_t *w = (const uint8_t *)offset + offsets;
    vec a[PIXELS][2];
    int r, k;

    MNQ_UNROLL
    for (r = 0; r < count; r++) {
        MNQ_UNROLL
        for (k = 0; k < K; k++) a[r][k] = v_load(bias + k * LANES);
    }
    w = wide(a, x, step, &offset, w, g->n[0], count, K);
    w = groups_of(a, x, step, &offset, w, g->n[1], 1, count, K);
    w = groups_of(a, x, step, &offset, w, g->n[2], 2, count, K);
    w = groups_of(a, x, step, &offset, w, g->n[3], 3, count, K);
    (void)groups_of(a, x, step, &offset, w, g->n[4], 4, count, K);
    MNQ_UNROLL
    for (r = 0; r < count; r++) {
        MNQ_UNROLL
        for (k = 0; k < K; k++) v_store(acc + (r * K + k) * LANES, a[r][k]);
    }
}

MNQ_INLINE void tiles(const uint8_t *x, size_t step, const struct mnq_x86_groups *g, size_t offsets, const int32_t *bias,
                      int32_t *acc, int n, int K)
{
    for (; n >= PIXELS; n -= PIXELS, x += PIXELS * step, acc += PIXELS * K * LANES)
        tile(x, step, g, offsets, bias, acc, PIXELS, K);
    for (; n > 0; n--, x += step, acc += K * LANES) tile(x, step, g, offsets, bias, acc, 1, K);
}

/* Bytes plus 128; `to` may be written up to a vector further. */
static void convert(uint8_t *to, const uint8_t *from, size_t n, uint8_t in_flip)
{
    const vec flip = v_set8(in_flip ^ 0x80);
    size_t i = 0;

    for (; i + sizeof(vec) <= n; i += sizeof(vec)) v_store(to + i, v_xor(v_load(from + i), flip));
    for (; i < n; i++) to[i] = (uint8_t)(from[i] ^ in_flip ^ 0x80);
}

void mnq_grouped_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    const int32_t *const bias = (const int32_t *)(const void *)((const uint8_t *)h + h->bias);
    const struct mnq_emit e = mnq_emit_of(l);
    const int32_t pixels = b->n * l->w, run = mnq_x86_pw_run(l, MNQ_X86_QUADS), quads = (l->c + 3) / 4;
    const size_t c = (size_t)l->c, step = (size_t)quads * 4, out_pixel = (size_t)l->oc << e.out16;
    const size_t offsets = mnq_x86_group_offsets(quads);
    uint8_t *const memory = mnq_x86_aligned(b->scratch), *const x = memory + MNQ_X86_ACC;
    int32_t *const acc = (int32_t *)(void *)memory;
    int32_t p, i, o;

    for (p = 0; p < pixels; p += run) {
        const int32_t n = pixels - p < run ? pixels - p : run;
        const uint8_t *const from = (const uint8_t *)b->in0.at + (size_t)p * c, *w = (const uint8_t *)h + h->weights;
        if (c == step) convert(x, from, (size_t)n * c, l->in_flip);
        for (i = 0; c != step && i < n; i++) {
            convert(x + (size_t)i * step, from + (size_t)i * c, c, l->in_flip);
            memset(x + (size_t)i * step + c, 0, step - c);
        }
        for (o = 0; o < l->oc;) {
            const struct mnq_x86_groups *const g = (const struct mnq_x86_groups *)(const void *)w;
            const int K = l->oc - o > LANES ? 2 : 1;
            for (i = 0; i < n; i += MNQ_X86_RUN) {
                const int count = n - i < MNQ_X86_RUN ? (int)(n - i) : MNQ_X86_RUN;
                const uint8_t *const at = x + (size_t)i * step;
                if (K == 2) tiles(at, step, g, offsets, bias + o, acc, count, 2);
                else tiles(at, step, g, offsets, bias + o, acc, count, 1);
                mnq_emit_avx2(&e, acc, count, o, K, (uint8_t *)b->out + (size_t)(p + i) * out_pixel);
            }
            w += g->bytes;
            o += K * LANES;
        }
    }
}
