/* SPDX-License-Identifier: Apache-2.0
 * PW for AVX2: one pixel pair against eight output channels. */
#include "dot_avx2.h"
#include "generic/row.h"
#include "requant_avx2.h"
#include "x86.h"

static inline void pw(const struct mnq_layer *l, const struct mnq_band *b, int x16, int wide)
{
    const struct mnq_requant_params *const q = &l->q;
    const size_t c = (size_t)l->c, oc = (size_t)l->oc, pixels = (size_t)b->n * (size_t)l->w;
    const uint8_t *const in = (const uint8_t *)b->in0.at;
    void *const out = b->out;
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
            mnq_dot8_avx2(in + p * pixel, in + second * pixel, c, l->in_flip, x16, w, (oc - (size_t)o) * c, wide, &s0, &s1);
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

void mnq_pw_s8_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    if (l->in16) pw(l, b, 1, 0);
    else pw(l, b, 0, 0);
}

void mnq_pw_s16_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    if (l->in16) pw(l, b, 1, 1);
    else pw(l, b, 0, 1);
}
