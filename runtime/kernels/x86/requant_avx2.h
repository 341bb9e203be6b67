/* SPDX-License-Identifier: Apache-2.0
 * The output stage of NUMERICS.md sections 2 and 3 for eight channels at a time, AVX2. */
#ifndef MNQ_REQUANT_AVX2_H
#define MNQ_REQUANT_AVX2_H

#include "generic/output.h"
#include "kernels.h"

#include <immintrin.h>
#include <string.h>

/** floor(a * m / 2^32) in every lane. */
static inline __m256i mnq_mulhi_avx2(__m256i a, __m256i m)
{
    __m256i even = _mm256_mul_epi32(a, m);
    __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(m, 32));
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

/** sat32(x * 2^n) in every lane, 0 <= n <= 31. */
static inline __m256i mnq_sat32_shl_avx2(__m256i x, __m256i n)
{
    __m256i y = _mm256_sllv_epi32(x, n), same = _mm256_cmpeq_epi32(_mm256_srav_epi32(y, n), x);
    __m256i sat = _mm256_xor_si256(_mm256_srai_epi32(x, 31), _mm256_set1_epi32(0x7fffffff));
    return _mm256_blendv_epi8(sat, y, same);
}

/** requant(acc, m, r) in every lane. */
static inline __m256i mnq_requant_avx2(__m256i acc, __m256i m, __m256i r)
{
    const __m256i one = _mm256_set1_epi32(1), zero = _mm256_setzero_si256();
    __m256i left = _mm256_max_epi32(_mm256_sub_epi32(one, r), zero); /* 1 - r where r < 1 */
    r = _mm256_max_epi32(r, one);
    if (!_mm256_testz_si256(left, left)) acc = mnq_sat32_shl_avx2(acc, left);
    __m256i half = _mm256_sllv_epi32(one, _mm256_sub_epi32(r, one));
    return _mm256_srav_epi32(_mm256_add_epi32(mnq_mulhi_avx2(acc, m), half), r);
}

/** Shifts of eight channels, widened. */
static inline __m256i mnq_load_shifts_avx2(const int8_t *r)
{
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)r));
}

/** Requantizes the accumulators of channels c .. c+7 and stores them as elements i .. i+7 of out. */
static inline void mnq_output_store8_avx2(const struct mnq_requant_params *q, void *out, size_t i, int32_t c, __m256i acc)
{
    if (q->act > MNQ_A_HSIGMOID) { /* one by one */
        int32_t lane[8];
        _mm256_storeu_si256((__m256i *)(void *)lane, acc);
        for (int k = 0; k < 8; k++) mnq_output_store(q, out, i + (size_t)k, c + k, lane[k]);
        return;
    }
    const __m256i m = _mm256_loadu_si256((const __m256i *)(const void *)(q->mult + c));
    __m256i y = mnq_requant_avx2(acc, m, mnq_load_shifts_avx2(q->shift + c));
    if (q->act != MNQ_A_CLAMP) {
        const __m256i lim = _mm256_set1_epi32(32767), six = _mm256_set1_epi32(6 << q->frac);
        __m256i t = _mm256_max_epi32(_mm256_min_epi32(y, lim), _mm256_set1_epi32(-32768));
        __m256i u = _mm256_add_epi32(t, _mm256_set1_epi32(3 << q->frac));
        u = _mm256_max_epi32(_mm256_min_epi32(u, six), _mm256_setzero_si256());
        if (q->act == MNQ_A_HSWISH) u = _mm256_mullo_epi32(t, u);
        y = mnq_requant_avx2(u, _mm256_loadu_si256((const __m256i *)(const void *)(q->mult2 + c)),
                             mnq_load_shifts_avx2(q->shift2 + c));
    }
    y = _mm256_add_epi32(y, _mm256_set1_epi32(q->zp));
    y = _mm256_max_epi32(_mm256_min_epi32(y, _mm256_set1_epi32(q->hi)), _mm256_set1_epi32(q->lo));
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
    if (q->out16) {
        _mm_storeu_si128((__m128i *)(void *)((int16_t *)out + i), words);
    } else {
        _mm_storel_epi64((__m128i *)(void *)((int8_t *)out + i), _mm_packs_epi16(words, words));
    }
}

#endif
