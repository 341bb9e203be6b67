/* SPDX-License-Identifier: Apache-2.0
 * The vocabulary of the x86 kernels for AVX-512 with VNNI: vectors of sixteen accumulators. lanes_avx2.h has the same names.
 */
#ifndef MNQ_LANES_AVX512_H
#define MNQ_LANES_AVX512_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define MNQ_X86_LANES   16
#define MNQ_X86_NAME(f) f##_avx512vnni

enum { LANES = 16, HAS_QUADS = 1 };
typedef __m512i vec;

#define MNQ_INLINE static inline __attribute__((always_inline))

MNQ_INLINE vec v_load(const void *p)
{
    return _mm512_loadu_si512(p);
}

MNQ_INLINE void v_store(void *p, vec a)
{
    _mm512_storeu_si512(p, a);
}

MNQ_INLINE vec v_set32(int32_t x)
{
    return _mm512_set1_epi32(x);
}

MNQ_INLINE vec v_set16(int x)
{
    return _mm512_set1_epi16((short)x);
}

MNQ_INLINE vec v_set8(int x)
{
    return _mm512_set1_epi8((char)x);
}

/* Four bytes from p on in every lane. */
MNQ_INLINE vec v_each32(const void *p)
{
    int32_t x;
    memcpy(&x, p, sizeof x);
    return _mm512_set1_epi32(x);
}

MNQ_INLINE vec v_add32(vec a, vec b)
{
    return _mm512_add_epi32(a, b);
}

MNQ_INLINE vec v_add16(vec a, vec b)
{
    return _mm512_add_epi16(a, b);
}

/* acc + the two products of each lane's int16 pair. */
MNQ_INLINE vec v_pairs(vec acc, vec a, vec b)
{
    return _mm512_dpwssd_epi32(acc, a, b);
}

/* acc + the four products of each lane's unsigned bytes u by its signed bytes s; wraps. */
MNQ_INLINE vec v_quads(vec acc, vec u, vec s)
{
    return _mm512_dpbusd_epi32(acc, u, s);
}

/* Thirty-two int8 as int16, xored with flip before. */
MNQ_INLINE vec v_widen(const void *p, vec flip)
{
    return _mm512_cvtepi8_epi16(_mm256_xor_si256(_mm256_loadu_si256((const __m256i *)p), _mm512_castsi512_si256(flip)));
}

MNQ_INLINE vec v_xor(vec a, vec b)
{
    return _mm512_xor_si512(a, b);
}

MNQ_INLINE vec v_lo16(vec a, vec b)
{
    return _mm512_unpacklo_epi16(a, b);
}

MNQ_INLINE vec v_hi16(vec a, vec b)
{
    return _mm512_unpackhi_epi16(a, b);
}

/* K * 16 channels of four taps, xored with flip, side by side in the lanes of K vectors; K 2 or 4. */
MNQ_INLINE void v_quads_of(uint8_t *to, const uint8_t *const *p, int K, vec flip)
{
    if (K == 4) {
        const vec a = v_xor(v_load(p[0]), flip), b = v_xor(v_load(p[1]), flip);
        const vec c = v_xor(v_load(p[2]), flip), d = v_xor(v_load(p[3]), flip);
        const vec ab = _mm512_unpacklo_epi8(a, b), cd = _mm512_unpacklo_epi8(c, d);
        const vec AB = _mm512_unpackhi_epi8(a, b), CD = _mm512_unpackhi_epi8(c, d);
        v_store(to, v_lo16(ab, cd));
        v_store(to + 64, v_hi16(ab, cd));
        v_store(to + 128, v_lo16(AB, CD));
        v_store(to + 192, v_hi16(AB, CD));
        return;
    }
    __m256i x[4];
    for (int k = 0; k < 4; k++) {
        x[k] = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(const void *)p[k]), _mm512_castsi512_si256(flip));
        x[k] = _mm256_permute4x64_epi64(x[k], 0xd8);
    }
    const __m256i ab = _mm256_unpacklo_epi8(x[0], x[1]), cd = _mm256_unpacklo_epi8(x[2], x[3]);
    const __m256i AB = _mm256_unpackhi_epi8(x[0], x[1]), CD = _mm256_unpackhi_epi8(x[2], x[3]);
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_unpacklo_epi16(ab, cd));
    _mm256_storeu_si256((__m256i *)(void *)(to + 32), _mm256_unpacklo_epi16(AB, CD));
    _mm256_storeu_si256((__m256i *)(void *)(to + 64), _mm256_unpackhi_epi16(ab, cd));
    _mm256_storeu_si256((__m256i *)(void *)(to + 96), _mm256_unpackhi_epi16(AB, CD));
}

/* ---- from accumulators to outputs ---- */

MNQ_INLINE vec v_odd(vec a)
{
    return _mm512_srli_epi64(a, 32);
}

/* floor(a * m / 2^32); odd: v_odd(m). */
MNQ_INLINE vec v_mulhi(vec a, vec m, vec odd)
{
    const vec e = _mm512_mul_epi32(a, m), o = _mm512_mul_epi32(v_odd(a), odd);
    return _mm512_mask_shuffle_epi32(o, 0x5555, e, (_MM_PERM_ENUM)0xb1);
}

MNQ_INLINE vec v_sra(vec a, vec n)
{
    return _mm512_srav_epi32(a, n);
}

/* sat32(a * 2^n). */
MNQ_INLINE vec v_sat_shl(vec a, vec n)
{
    const vec y = _mm512_sllv_epi32(a, n);
    const vec sat = _mm512_xor_si512(_mm512_srai_epi32(a, 31), _mm512_set1_epi32(0x7fffffff));
    return _mm512_mask_mov_epi32(sat, _mm512_cmpeq_epi32_mask(_mm512_srav_epi32(y, n), a), y);
}

MNQ_INLINE vec v_narrow32(vec a, vec b)
{
    return _mm512_packs_epi32(a, b);
}

MNQ_INLINE vec v_adds16(vec a, vec b)
{
    return _mm512_adds_epi16(a, b);
}

MNQ_INLINE vec v_clamp16(vec a, vec lo, vec hi)
{
    return _mm512_max_epi16(_mm512_min_epi16(a, hi), lo);
}

MNQ_INLINE vec v_mullo16(vec a, vec b)
{
    return _mm512_mullo_epi16(a, b);
}

MNQ_INLINE vec v_mulhi16(vec a, vec b)
{
    return _mm512_mulhi_epi16(a, b);
}

/* K vectors of int32, clamped to lo..hi (int8 each), as the first n int8 from `to` on. */
MNQ_INLINE void v_put8(uint8_t *to, const vec *y, int K, vec lo, vec hi, int n)
{
    if (K == 4) {
        vec x = _mm512_packs_epi16(v_narrow32(y[0], y[1]), v_narrow32(y[2], y[K - 1]));
        x = _mm512_max_epi8(_mm512_min_epi8(x, hi), lo);
        if (n >= 64) v_store(to, x);
        else _mm512_mask_storeu_epi8(to, ((__mmask64)1 << n) - 1, x);
        return;
    }
    __m256i x = _mm512_cvtsepi16_epi8(v_narrow32(y[0], y[K - 1]));
    if (K == 1) x = _mm256_castsi128_si256(_mm512_cvtsepi32_epi8(y[0]));
    x = _mm256_max_epi8(_mm256_min_epi8(x, _mm512_castsi512_si256(hi)), _mm512_castsi512_si256(lo));
    if (n < 16 * K) _mm256_mask_storeu_epi8(to, ((__mmask32)1 << n) - 1, x);
    else if (K == 2) _mm256_storeu_si256((__m256i *)(void *)to, x);
    else _mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(x));
}

/* One vector of int16, clamped; its first n elements. */
MNQ_INLINE void v_put16s(uint8_t *to, vec x, vec lo, vec hi, int n)
{
    x = v_clamp16(x, lo, hi);
    if (n >= 32) v_store(to, x);
    else if (n > 0) _mm512_mask_storeu_epi16(to, ((__mmask32)1 << n) - 1, x);
}

/* The same for int16. */
MNQ_INLINE void v_put16(uint8_t *to, const vec *y, int K, vec lo, vec hi, int n)
{
    const vec p = v_narrow32(y[0], y[K == 1 ? 0 : 1]);
    if (K == 1) {
        const __m256i h = _mm512_cvtsepi32_epi16(y[0]);
        v_put16s(to, _mm512_castsi256_si512(h), lo, hi, n < 16 ? n : 16);
    } else if (K == 2) {
        v_put16s(to, p, lo, hi, n);
    } else {
        const vec q = v_narrow32(y[2], y[K - 1]);
        v_put16s(to, _mm512_permutex2var_epi64(p, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), q), lo, hi, n);
        v_put16s(to + 64, _mm512_permutex2var_epi64(p, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), q), lo, hi, n - 32);
    }
}

#endif
