/* SPDX-License-Identifier: Apache-2.0
 * Dot products of activations with eight rows of weights, AVX2: the inner loop of PW and CONV.
 *
 * Both sides are widened to 16 bits and multiplied by VPMADDWD: exact, where VPMADDUBSW would saturate. A pair's sum of
 * 16-bit products fits as no weight is -32768. */
#ifndef MNQ_DOT_AVX2_H
#define MNQ_DOT_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** The sixteen activations from x + i on as int16; `x16` tells int16 activations from bytes to be flipped. */
static inline __m256i mnq_load_x16_avx2(const void *x, size_t i, __m128i flip, int x16)
{
    if (x16) return _mm256_loadu_si256((const __m256i *)(const void *)((const int16_t *)x + i));
    return _mm256_cvtepi8_epi16(
        _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)((const uint8_t *)x + i)), flip));
}

/** Sixteen weights as int16; `wide` tells int16 weights from int8. */
static inline __m256i mnq_load_w16_avx2(const void *w, size_t i, int wide)
{
    if (wide) return _mm256_loadu_si256((const __m256i *)(const void *)((const int16_t *)w + i));
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)((const int8_t *)w + i)));
}

/** The n < 16 weights from w + i on, followed by zeros; reads nothing behind them. */
static inline __m256i mnq_load_w_tail_avx2(const void *w, size_t i, int n, int wide)
{
    int16_t t[16] = {0};
    int k;
    for (k = 0; k < n; k++) t[k] = wide ? ((const int16_t *)w)[i + (size_t)k] : ((const int8_t *)w)[i + (size_t)k];
    return _mm256_loadu_si256((const __m256i *)(const void *)t);
}

/** The sums of eight vectors, one per lane, in order. */
static inline __m256i mnq_sum8_avx2(const __m256i a[8])
{
    __m256i s0 = _mm256_hadd_epi32(_mm256_hadd_epi32(a[0], a[1]), _mm256_hadd_epi32(a[2], a[3]));
    __m256i s1 = _mm256_hadd_epi32(_mm256_hadd_epi32(a[4], a[5]), _mm256_hadd_epi32(a[6], a[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(s0, s1, 0x20), _mm256_permute2x128_si256(s0, s1, 0x31));
}

/**
 * Accumulators without bias of two rows of c activations against the eight rows of c weights from w on.
 * x0, x1   rows, may be the same; `in_flip` is xored to bytes, `x16` tells int16 from them
 * left     weights that may be read from w on, 8 * c at least
 */
static inline void mnq_dot8_avx2(const uint8_t *x0, const uint8_t *x1, size_t c, uint8_t in_flip, int x16, const void *w,
                                 size_t left, int wide, __m256i *s0, __m256i *s1)
{
    const __m128i flip = _mm_set1_epi8((char)in_flip);
    const size_t body = c / 16 * 16;
    const int tail = (int)(c - body);
    __m256i a[8], b[8];
    size_t i;
    int o;

    for (o = 0; o < 8; o++) a[o] = b[o] = _mm256_setzero_si256();
    for (i = 0; i < body; i += 16) {
        const __m256i p = mnq_load_x16_avx2(x0, i, flip, x16), q = mnq_load_x16_avx2(x1, i, flip, x16);
        for (o = 0; o < 8; o++) {
            const __m256i v = mnq_load_w16_avx2(w, (size_t)o * c + i, wide);
            a[o] = _mm256_add_epi32(a[o], _mm256_madd_epi16(p, v));
            b[o] = _mm256_add_epi32(b[o], _mm256_madd_epi16(q, v));
        }
    }
    if (tail > 0) {
        uint8_t t[2][32];
        memset(t, in_flip, sizeof t); /* flips to zero */
        memcpy(t[0], x0 + (body << x16), (size_t)tail << x16);
        memcpy(t[1], x1 + (body << x16), (size_t)tail << x16);
        const __m256i p = mnq_load_x16_avx2(t[0], 0, flip, x16), q = mnq_load_x16_avx2(t[1], 0, flip, x16);
        for (o = 0; o < 8; o++) {
            const size_t at = (size_t)o * c + body; /* what follows the row meets zeros */
            const __m256i v = at + 16 <= left ? mnq_load_w16_avx2(w, at, wide) : mnq_load_w_tail_avx2(w, at, tail, wide);
            a[o] = _mm256_add_epi32(a[o], _mm256_madd_epi16(p, v));
            b[o] = _mm256_add_epi32(b[o], _mm256_madd_epi16(q, v));
        }
    }
    *s0 = mnq_sum8_avx2(a);
    *s1 = mnq_sum8_avx2(b);
}

#endif
