/* SPDX-License-Identifier: Apache-2.0
 * DWCONV for AVX2, depth multiplier 1: eight channels at a time; other multipliers
 * and S16 inputs go to the generic kernel. */
#include "generic/generic.h"
#include "requant_avx2.h"
#include "x86.h"

static inline __m256i load_w(const void *w, size_t i, int wide)
{
    if (wide) return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)((const int16_t *)w + i)));
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)((const int8_t *)w + i)));
}

static inline int32_t weight(const void *w, size_t i, int wide)
{
    return wide ? ((const int16_t *)w)[i] : ((const int8_t *)w)[i];
}

/* One output pixel. x[t] is tap t's first channel, at the input or at the padding; f[t] its flip. */
static inline void pixel(const struct mnq_layer *l, void *out, size_t at, const uint8_t *const *x, const uint8_t *f,
                         int taps, int wide)
{
    const size_t c = (size_t)l->oc;
    size_t o = 0;
    int t;
    for (; o + 8 <= c; o += 8) {
        __m256i acc = _mm256_loadu_si256((const __m256i *)(const void *)(l->q.bias + o));
        for (t = 0; t < taps; t++) {
            const __m128i b =
                _mm_xor_si128(_mm_loadl_epi64((const __m128i *)(const void *)(x[t] + o)), _mm_set1_epi8((char)f[t]));
            acc = _mm256_add_epi32(acc,
                                   _mm256_mullo_epi32(_mm256_cvtepi8_epi32(b), load_w(l->weights, (size_t)t * c + o, wide)));
        }
        mnq_output_store8_avx2(&l->q, out, at + o, (int32_t)o, acc);
    }
    for (; o < c; o++) {
        int32_t acc = l->q.bias[o];
        for (t = 0; t < taps; t++) acc += weight(l->weights, (size_t)t * c + o, wide) * (int8_t)(x[t][o] ^ f[t]);
        mnq_output_store(&l->q, out, at + o, (int32_t)o, acc);
    }
}

static inline void dwconv(const struct mnq_layer *l, void *out, const uint8_t *in, int wide)
{
    const uint8_t *x[MNQ_X86_TAPS];
    uint8_t f[MNQ_X86_TAPS];
    const size_t c = (size_t)l->c;
    const int taps = l->kh * l->kw;
    int32_t oy, ox;
    int t;
    for (oy = 0; oy < l->oh; oy++)
        for (ox = 0; ox < l->ow; ox++) {
            for (t = 0; t < taps; t++) {
                const int32_t y = oy * l->sh + t / l->kw - l->pt, xx = ox * l->sw + t % l->kw - l->pl;
                const int inside = y >= 0 && y < l->h && xx >= 0 && xx < l->w;
                x[t] = inside ? in + ((size_t)y * (size_t)l->w + (size_t)xx) * c : (const uint8_t *)l->pad;
                f[t] = inside ? l->in_flip : 0;
            }
            pixel(l, out, ((size_t)oy * (size_t)l->ow + (size_t)ox) * c, x, f, taps, wide);
        }
}

void mnq_dwconv_s8_avx2(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    if (l->in16 || l->mult != 1 || l->kh * l->kw > MNQ_X86_TAPS) mnq_kernels_generic.dwconv[0](l, out, in0, in1);
    else dwconv(l, out, (const uint8_t *)in0, 0);
}

void mnq_dwconv_s16_avx2(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    if (l->in16 || l->mult != 1 || l->kh * l->kw > MNQ_X86_TAPS) mnq_kernels_generic.dwconv[1](l, out, in0, in1);
    else dwconv(l, out, (const uint8_t *)in0, 1);
}
