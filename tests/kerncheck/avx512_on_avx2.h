/* SPDX-License-Identifier: Apache-2.0
 * The AVX-512 intrinsics that runtime/kernels/x86/lanes_avx512.inc uses, in terms of AVX2 and plain C: so that the kernels are
 * checked on processors without AVX-512. Included before all else; what it defines follows Intel's Intrinsics Guide. */
#ifndef MNQ_AVX512_ON_AVX2_H
#define MNQ_AVX512_ON_AVX2_H

#include <immintrin.h>

#include <stdint.h>
#include <string.h>

#define SHIM static inline __attribute__((always_inline))

typedef union {
    __m256i half[2];
    __m128i quarter[4];
    int64_t i64[8];
    int32_t i32[16];
    int16_t i16[32];
    int8_t i8[64];
    uint8_t u8[64];
} shim512;

#define __m512i shim512

/* ---- a half at a time ---- */

#define UNARY(name, half_name)                                                                                              \
    SHIM shim512 name(shim512 a)                                                                                            \
    {                                                                                                                       \
        return (shim512){.half = {half_name(a.half[0]), half_name(a.half[1])}};                                             \
    }
#define BINARY(name, half_name)                                                                                             \
    SHIM shim512 name(shim512 a, shim512 b)                                                                                 \
    {                                                                                                                       \
        return (shim512){.half = {half_name(a.half[0], b.half[0]), half_name(a.half[1], b.half[1])}};                       \
    }
#define SHIFT(name, half_name)                                                                                              \
    SHIM shim512 name(shim512 a, int n)                                                                                     \
    {                                                                                                                       \
        return (shim512){.half = {half_name(a.half[0], n), half_name(a.half[1], n)}};                                       \
    }
#define FILL(name, half_name, type)                                                                                         \
    SHIM shim512 name(type x)                                                                                               \
    {                                                                                                                       \
        return (shim512){.half = {half_name(x), half_name(x)}};                                                             \
    }

FILL(shim_set1_epi32, _mm256_set1_epi32, int)
FILL(shim_set1_epi16, _mm256_set1_epi16, short)
FILL(shim_set1_epi8, _mm256_set1_epi8, char)
BINARY(shim_add_epi32, _mm256_add_epi32)
BINARY(shim_add_epi16, _mm256_add_epi16)
BINARY(shim_adds_epi16, _mm256_adds_epi16)
BINARY(shim_add_epi8, _mm256_add_epi8)
BINARY(shim_and_si512, _mm256_and_si256)
BINARY(shim_shuffle_epi8, _mm256_shuffle_epi8)
BINARY(shim_madd_epi16, _mm256_madd_epi16)
BINARY(shim_maddubs_epi16, _mm256_maddubs_epi16)
BINARY(shim_xor_si512, _mm256_xor_si256)
BINARY(shim_unpacklo_epi8, _mm256_unpacklo_epi8)
BINARY(shim_unpackhi_epi8, _mm256_unpackhi_epi8)
BINARY(shim_unpacklo_epi16, _mm256_unpacklo_epi16)
BINARY(shim_unpackhi_epi16, _mm256_unpackhi_epi16)
BINARY(shim_mul_epi32, _mm256_mul_epi32)
BINARY(shim_srav_epi32, _mm256_srav_epi32)
BINARY(shim_sllv_epi32, _mm256_sllv_epi32)
BINARY(shim_packs_epi32, _mm256_packs_epi32)
BINARY(shim_packs_epi16, _mm256_packs_epi16)
BINARY(shim_max_epi16, _mm256_max_epi16)
BINARY(shim_min_epi16, _mm256_min_epi16)
BINARY(shim_max_epi8, _mm256_max_epi8)
BINARY(shim_min_epi8, _mm256_min_epi8)
BINARY(shim_mullo_epi16, _mm256_mullo_epi16)
BINARY(shim_mulhi_epi16, _mm256_mulhi_epi16)
SHIFT(shim_srli_epi64, _mm256_srli_epi64)
SHIFT(shim_srli_epi16, _mm256_srli_epi16)
SHIFT(shim_srai_epi32, _mm256_srai_epi32)

#define _mm512_set1_epi32       shim_set1_epi32
#define _mm512_set1_epi16       shim_set1_epi16
#define _mm512_set1_epi8        shim_set1_epi8
#define _mm512_add_epi32        shim_add_epi32
#define _mm512_add_epi16        shim_add_epi16
#define _mm512_adds_epi16       shim_adds_epi16
#define _mm512_add_epi8         shim_add_epi8
#define _mm512_and_si512        shim_and_si512
#define _mm512_shuffle_epi8     shim_shuffle_epi8
#define _mm512_madd_epi16       shim_madd_epi16
#define _mm512_maddubs_epi16    shim_maddubs_epi16
#define _mm512_xor_si512        shim_xor_si512
#define _mm512_unpacklo_epi8    shim_unpacklo_epi8
#define _mm512_unpackhi_epi8    shim_unpackhi_epi8
#define _mm512_unpacklo_epi16   shim_unpacklo_epi16
#define _mm512_unpackhi_epi16   shim_unpackhi_epi16
#define _mm512_mul_epi32        shim_mul_epi32
#define _mm512_srav_epi32       shim_srav_epi32
#define _mm512_sllv_epi32       shim_sllv_epi32
#define _mm512_packs_epi32      shim_packs_epi32
#define _mm512_packs_epi16      shim_packs_epi16
#define _mm512_max_epi16        shim_max_epi16
#define _mm512_min_epi16        shim_min_epi16
#define _mm512_max_epi8         shim_max_epi8
#define _mm512_min_epi8         shim_min_epi8
#define _mm512_mullo_epi16      shim_mullo_epi16
#define _mm512_mulhi_epi16      shim_mulhi_epi16
#define _mm512_srli_epi64(a, n) shim_srli_epi64(a, n)
#define _mm512_srli_epi16(a, n) shim_srli_epi16(a, n)
#define _mm512_srai_epi32(a, n) shim_srai_epi32(a, n)

/* ---- memory ---- */

SHIM shim512 shim_loadu(const void *p)
{
    shim512 a;
    memcpy(&a, p, sizeof a);
    return a;
}

SHIM void shim_storeu(void *p, shim512 a)
{
    memcpy(p, &a, sizeof a);
}

/* The elements whose bits are set, `width` bytes each; the others are not touched. */
SHIM void shim_mask_store(void *p, uint64_t mask, const void *a, int n, int width)
{
    for (int i = 0; i < n; i++)
        if ((mask >> i & 1) != 0) memcpy((char *)p + i * width, (const char *)a + i * width, (size_t)width);
}

SHIM void shim_mask_store512(void *p, uint64_t mask, shim512 a, int width)
{
    shim_mask_store(p, mask, &a, 64 / width, width);
}

SHIM void shim_mask_store256(void *p, uint32_t mask, __m256i a)
{
    shim_mask_store(p, mask, &a, 32, 1);
}

#define _mm512_loadu_si512                shim_loadu
#define _mm512_storeu_si512               shim_storeu
#define _mm512_mask_storeu_epi8(p, m, a)  shim_mask_store512(p, m, a, 1)
#define _mm512_mask_storeu_epi16(p, m, a) shim_mask_store512(p, m, a, 2)
#define _mm256_mask_storeu_epi8           shim_mask_store256

/* ---- comparison ---- */

SHIM uint32_t shim_cmpge_epi16(shim512 a, shim512 b)
{
    uint32_t mask = 0;
    for (int i = 0; i < 32; i++) mask |= (uint32_t)(a.i16[i] >= b.i16[i]) << i;
    return mask;
}

#define _mm512_cmpge_epi16_mask shim_cmpge_epi16

/* ---- widths ---- */

SHIM shim512 shim_broadcast128(__m128i a)
{
    return (shim512){.quarter = {a, a, a, a}};
}

#define _mm512_broadcast_i32x4 shim_broadcast128

SHIM shim512 shim_widen8(__m256i a)
{
    return (shim512){
        .half = {_mm256_cvtepi8_epi16(_mm256_castsi256_si128(a)), _mm256_cvtepi8_epi16(_mm256_extracti128_si256(a, 1))}};
}

SHIM int32_t shim_clamp(int32_t x, int32_t lo, int32_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

SHIM __m256i shim_narrow16(shim512 a)
{
    shim512 y = {{{0}}};
    for (int i = 0; i < 32; i++) y.i8[i] = (int8_t)shim_clamp(a.i16[i], -128, 127);
    return y.half[0];
}

SHIM __m128i shim_narrow32to8(shim512 a)
{
    shim512 y = {{{0}}};
    for (int i = 0; i < 16; i++) y.i8[i] = (int8_t)shim_clamp(a.i32[i], -128, 127);
    return y.quarter[0];
}

SHIM __m256i shim_narrow32(shim512 a)
{
    shim512 y = {{{0}}};
    for (int i = 0; i < 16; i++) y.i16[i] = (int16_t)shim_clamp(a.i32[i], -32768, 32767);
    return y.half[0];
}

SHIM __m256i shim_low(shim512 a)
{
    return a.half[0];
}

SHIM shim512 shim_from_low(__m256i a)
{
    return (shim512){.half = {a, _mm256_set1_epi8(0x55)}}; /* the upper half is undefined */
}

#define _mm512_cvtepi8_epi16   shim_widen8
#define _mm512_cvtsepi16_epi8  shim_narrow16
#define _mm512_cvtsepi32_epi8  shim_narrow32to8
#define _mm512_cvtsepi32_epi16 shim_narrow32
#define _mm512_castsi512_si256 shim_low
#define _mm512_castsi256_si512 shim_from_low

/* ---- products, masks, permutations ---- */

SHIM shim512 shim_dpwssd(shim512 acc, shim512 a, shim512 b)
{
    for (int k = 0; k < 2; k++) acc.half[k] = _mm256_add_epi32(acc.half[k], _mm256_madd_epi16(a.half[k], b.half[k]));
    return acc;
}

SHIM shim512 shim_dpbusd(shim512 acc, shim512 u, shim512 s)
{
    for (int i = 0; i < 64; i++) acc.i32[i / 4] = (int32_t)((uint32_t)acc.i32[i / 4] + (uint32_t)(u.u8[i] * s.i8[i]));
    return acc;
}

SHIM uint16_t shim_cmpeq(shim512 a, shim512 b)
{
    unsigned m = 0;
    for (int i = 0; i < 16; i++) m |= (unsigned)(a.i32[i] == b.i32[i]) << i;
    return (uint16_t)m;
}

SHIM shim512 shim_mask_mov(shim512 from, uint16_t m, shim512 a)
{
    for (int i = 0; i < 16; i++) from.i32[i] = (m >> i & 1) != 0 ? a.i32[i] : from.i32[i];
    return from;
}

SHIM shim512 shim_mask_shuffle(shim512 from, uint16_t m, shim512 a, int order)
{
    for (int i = 0; i < 16; i++)
        if ((m >> i & 1) != 0) from.i32[i] = a.i32[i / 4 * 4 + (order >> 2 * (i % 4) & 3)];
    return from;
}

SHIM shim512 shim_permutex2var(shim512 a, shim512 order, shim512 b)
{
    shim512 y;
    for (int i = 0; i < 8; i++) y.i64[i] = (order.i64[i] & 8) != 0 ? b.i64[order.i64[i] & 7] : a.i64[order.i64[i] & 7];
    return y;
}

#define _mm512_dpwssd_epi32                          shim_dpwssd
#define _mm512_dpbusd_epi32                          shim_dpbusd
#define _mm512_cmpeq_epi32_mask                      shim_cmpeq
#define _mm512_mask_mov_epi32                        shim_mask_mov
#define _mm512_mask_shuffle_epi32(from, m, a, order) shim_mask_shuffle(from, m, a, (int)(order))
#define _mm512_permutex2var_epi64                    shim_permutex2var
#undef _mm512_setr_epi64
#define _mm512_setr_epi64(a, b, c, d, e, f, g, h) ((shim512){.i64 = {a, b, c, d, e, f, g, h}})

#endif
