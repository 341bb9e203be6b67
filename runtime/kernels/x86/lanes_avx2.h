/* SPDX-License-Identifier: Apache-2.0
 * The vocabulary of the x86 kernels for AVX2: vectors of eight accumulators. lanes_avx512.h has the same names. */
#ifndef MNQ_LANES_AVX2_H
#define MNQ_LANES_AVX2_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define MNQ_X86_LANES   8
#define MNQ_X86_NAME(f) f##_avx2

enum { LANES = 8, HAS_QUADS = 0 };
typedef __m256i vec;

#define MNQ_INLINE static inline __attribute__((always_inline))

MNQ_INLINE vec v_load(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

MNQ_INLINE void v_store(void *p, vec a)
{
    _mm256_storeu_si256((__m256i *)p, a);
}

MNQ_INLINE vec v_set32(int32_t x)
{
    return _mm256_set1_epi32(x);
}

MNQ_INLINE vec v_set16(int x)
{
    return _mm256_set1_epi16((short)x);
}

/* Four bytes from p on in every lane. */
MNQ_INLINE vec v_each32(const void *p)
{
    int32_t x;
    memcpy(&x, p, sizeof x);
    return _mm256_set1_epi32(x);
}

MNQ_INLINE vec v_add32(vec a, vec b)
{
    return _mm256_add_epi32(a, b);
}

MNQ_INLINE vec v_add16(vec a, vec b)
{
    return _mm256_add_epi16(a, b);
}

/* acc + the two products of each lane's int16 pair. */
MNQ_INLINE vec v_pairs(vec acc, vec a, vec b)
{
    return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b));
}

/* Never called: AVX2 has no exact product of bytes. */
MNQ_INLINE vec v_quads(vec acc, vec u, vec s)
{
    (void)u;
    (void)s;
    return acc;
}

/* Never called either. */
MNQ_INLINE void v_quads_of(uint8_t *to, const uint8_t *const *p, int K, vec flip)
{
    (void)to;
    (void)p;
    (void)K;
    (void)flip;
}

/* Sixteen int8 as int16, xored with flip before. */
MNQ_INLINE vec v_widen(const void *p, vec flip)
{
    return _mm256_cvtepi8_epi16(_mm_xor_si128(_mm_loadu_si128((const __m128i *)p), _mm256_castsi256_si128(flip)));
}

MNQ_INLINE vec v_set8(int x)
{
    return _mm256_set1_epi8((char)x);
}

MNQ_INLINE vec v_xor(vec a, vec b)
{
    return _mm256_xor_si256(a, b);
}

MNQ_INLINE vec v_lo16(vec a, vec b)
{
    return _mm256_unpacklo_epi16(a, b);
}

MNQ_INLINE vec v_hi16(vec a, vec b)
{
    return _mm256_unpackhi_epi16(a, b);
}

/* ---- from accumulators to outputs ---- */

MNQ_INLINE vec v_odd(vec a)
{
    return _mm256_srli_epi64(a, 32);
}

/* floor(a * m / 2^32); odd: v_odd(m). */
MNQ_INLINE vec v_mulhi(vec a, vec m, vec odd)
{
    const vec e = _mm256_mul_epi32(a, m), o = _mm256_mul_epi32(v_odd(a), odd);
    return _mm256_blend_epi32(v_odd(e), o, 0xaa);
}

MNQ_INLINE vec v_sra(vec a, vec n)
{
    return _mm256_srav_epi32(a, n);
}

/* sat32(a * 2^n). */
MNQ_INLINE vec v_sat_shl(vec a, vec n)
{
    const vec y = _mm256_sllv_epi32(a, n), same = _mm256_cmpeq_epi32(_mm256_srav_epi32(y, n), a);
    const vec sat = _mm256_xor_si256(_mm256_srai_epi32(a, 31), _mm256_set1_epi32(0x7fffffff));
    return _mm256_blendv_epi8(sat, y, same);
}

MNQ_INLINE vec v_narrow32(vec a, vec b)
{
    return _mm256_packs_epi32(a, b);
}

MNQ_INLINE vec v_adds16(vec a, vec b)
{
    return _mm256_adds_epi16(a, b);
}

MNQ_INLINE vec v_clamp16(vec a, vec lo, vec hi)
{
    return _mm256_max_epi16(_mm256_min_epi16(a, hi), lo);
}

MNQ_INLINE vec v_mullo16(vec a, vec b)
{
    return _mm256_mullo_epi16(a, b);
}

MNQ_INLINE vec v_mulhi16(vec a, vec b)
{
    return _mm256_mulhi_epi16(a, b);
}

/* The first n < 32 bytes of a. */
MNQ_INLINE void v_part(uint8_t *to, __m256i a, int n)
{
    __m128i x = _mm256_castsi256_si128(a);
    if (n >= 16) {
        _mm_storeu_si128((__m128i *)(void *)to, x);
        x = _mm256_extracti128_si256(a, 1);
        to += 16;
    }
    if ((n & 8) != 0) {
        _mm_storel_epi64((__m128i *)(void *)to, x);
        x = _mm_unpackhi_epi64(x, x);
        to += 8;
    }
    if ((n & 4) != 0) {
        const int32_t t = _mm_cvtsi128_si32(x);
        memcpy(to, &t, 4);
        x = _mm_srli_si128(x, 4);
        to += 4;
    }
    const uint32_t t = (uint32_t)_mm_cvtsi128_si32(x);
    if ((n & 2) != 0) {
        memcpy(to, &t, 2);
        to += 2;
    }
    if ((n & 1) != 0) *to = (uint8_t)((n & 2) != 0 ? t >> 16 : t);
}

/* K vectors of int32, clamped to lo..hi (int8 each), as the first n int8 from `to` on. */
MNQ_INLINE void v_put8(uint8_t *to, const vec *y, int K, vec lo, vec hi, int n)
{
    const __m256i w = v_narrow32(y[0], y[K - 1]);
    const __m128i a = _mm256_castsi256_si128(w), b = _mm256_extracti128_si256(w, 1);
    __m128i x = _mm_packs_epi16(a, b);
    if (K == 1) x = _mm_packs_epi16(_mm_unpacklo_epi64(a, b), a);
    x = _mm_max_epi8(_mm_min_epi8(x, _mm256_castsi256_si128(hi)), _mm256_castsi256_si128(lo));
    if (n < 8 * K) v_part(to, _mm256_castsi128_si256(x), n);
    else if (K == 2) _mm_storeu_si128((__m128i *)(void *)to, x);
    else _mm_storel_epi64((__m128i *)(void *)to, x);
}

/* The same for int16. */
MNQ_INLINE void v_put16(uint8_t *to, const vec *y, int K, vec lo, vec hi, int n)
{
    vec w = v_clamp16(v_narrow32(y[0], y[K - 1]), lo, hi);
    if (K == 1) w = _mm256_permute4x64_epi64(w, 0xd8); /* both halves hold the eight */
    if (n < 8 * K) v_part(to, w, 2 * n);
    else if (K == 2) v_store(to, w);
    else _mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(w));
}

#endif
