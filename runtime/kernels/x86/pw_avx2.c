/* SPDX-License-Identifier: Apache-2.0
 * PW for AVX2: one pixel pair against eight output channels. */
#include "dot_avx2.h"
#include "generic/row.h"
#include "requant_avx2.h"
#include "x86.h"

/* Accumulators of pixels x0 and x1 for the eight rows from w on; x1 may equal x0. */
static inline void dot8(const struct mnq_layer *l, const uint8_t *x0, const uint8_t *x1, int x16, const void *w, int wide,
                        __m256i *s0, __m256i *s1)
{
    const __m128i flip = _mm_set1_epi8((char)l->in_flip);
    const size_t c = (size_t)l->c, body = c / 16 * 16;
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
        memset(t, l->in_flip, sizeof t); /* flips to zero */
        memcpy(t[0], x0 + (body << x16), (size_t)tail << x16);
        memcpy(t[1], x1 + (body << x16), (size_t)tail << x16);
        const __m256i p = mnq_load_x16_avx2(t[0], 0, flip, x16), q = mnq_load_x16_avx2(t[1], 0, flip, x16);
        for (o = 0; o < 8; o++) {
            const __m256i v = mnq_load_w_tail_avx2(w, (size_t)o * c + body, tail, wide);
            a[o] = _mm256_add_epi32(a[o], _mm256_madd_epi16(p, v));
            b[o] = _mm256_add_epi32(b[o], _mm256_madd_epi16(q, v));
        }
    }
    *s0 = mnq_sum8_avx2(a);
    *s1 = mnq_sum8_avx2(b);
}

static inline void pw(const struct mnq_layer *l, void *out, const uint8_t *in, int x16, int wide)
{
    const struct mnq_requant_params *const q = &l->q;
    const size_t c = (size_t)l->c, oc = (size_t)l->oc, pixels = (size_t)l->h * (size_t)l->w;
    const uint8_t *const weights = (const uint8_t *)l->weights;
    const size_t row = c << wide, pixel = c << x16; /* bytes */
    size_t p;
    int32_t o;

    for (o = 0; o + 8 <= l->oc; o += 8) {
        const uint8_t *const w = weights + (size_t)o * row;
        const __m256i bias = _mm256_loadu_si256((const __m256i *)(const void *)(q->bias + o));
        for (p = 0; p < pixels; p += 2) {
            const size_t second = p + 1 < pixels ? p + 1 : p;
            __m256i s0, s1;
            dot8(l, in + p * pixel, in + second * pixel, x16, w, wide, &s0, &s1);
            mnq_output_store8_avx2(q, out, p * oc + (size_t)o, o, _mm256_add_epi32(bias, s0));
            if (second != p) mnq_output_store8_avx2(q, out, second * oc + (size_t)o, o, _mm256_add_epi32(bias, s1));
        }
    }
    for (; o < l->oc; o++)
        for (p = 0; p < pixels; p++)
            mnq_output_store(
                q, out, p * oc + (size_t)o, o,
                mnq_row_dot(q->bias[o], weights + (size_t)o * row, wide, in + p * pixel, mnq_row_input0(l), l->c));
}

void mnq_pw_s8_avx2(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    (void)in1;
    if (l->in16) pw(l, out, (const uint8_t *)in0, 1, 0);
    else pw(l, out, (const uint8_t *)in0, 0, 0);
}

void mnq_pw_s16_avx2(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    (void)in1;
    if (l->in16) pw(l, out, (const uint8_t *)in0, 1, 1);
    else pw(l, out, (const uint8_t *)in0, 0, 1);
}
