/* SPDX-License-Identifier: Apache-2.0
 * DWCONV for AVX2, depth multiplier 1: eight channels at a time; other multipliers go to the generic kernel. */
#include "generic/generic.h"
#include "generic/row.h"
#include "requant_avx2.h"
#include "x86.h"

static inline __m256i load_w(const void *w, size_t i, int wide)
{
    if (wide) return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)((const int16_t *)w + i)));
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)((const int8_t *)w + i)));
}

/* Eight activations from x + i on: int16, or bytes to be flipped. */
static inline __m256i load_x(const void *x, size_t i, uint8_t flip, int x16)
{
    if (x16) return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)((const int16_t *)x + i)));
    const __m128i b = _mm_loadl_epi64((const __m128i *)(const void *)((const uint8_t *)x + i));
    return _mm256_cvtepi8_epi32(_mm_xor_si128(b, _mm_set1_epi8((char)flip)));
}

/* The type of a tap: that of the input, or S8 at the padding. */
static inline enum mnq_row_input type_of(const void *x, const struct mnq_layer *l)
{
    return x == l->pad ? MNQ_ROW_S8 : mnq_row_input0(l);
}

/* One output pixel. x[t] is tap t's first channel, at the input or at the padding; f[t] its flip. */
static inline void pixel(const struct mnq_layer *l, void *out, size_t at, const void *const *x, const uint8_t *f, int taps,
                         int x16, int wide)
{
    const size_t c = (size_t)l->oc;
    size_t o = 0;
    int t;
    for (; o + 8 <= c; o += 8) {
        __m256i acc = _mm256_loadu_si256((const __m256i *)(const void *)(l->q.bias + o));
        for (t = 0; t < taps; t++) {
            const __m256i q = load_x(x[t], o, f[t], x16 && x[t] != l->pad);
            acc = _mm256_add_epi32(acc, _mm256_mullo_epi32(q, load_w(l->weights, (size_t)t * c + o, wide)));
        }
        mnq_output_store8_avx2(&l->q, out, at + o, (int32_t)o, acc);
    }
    for (; o < c; o++) {
        int32_t acc = l->q.bias[o];
        for (t = 0; t < taps; t++)
            acc += mnq_weight(l->weights, wide, (size_t)t * c + o) * mnq_row_value(x[t], type_of(x[t], l), o);
        mnq_output_store(&l->q, out, at + o, (int32_t)o, acc);
    }
}

static inline void dwconv(const struct mnq_layer *l, const struct mnq_band *b, int x16, int wide)
{
    const void *x[MNQ_X86_TAPS];
    uint8_t f[MNQ_X86_TAPS];
    const size_t c = (size_t)l->c;
    const int taps = l->kh * l->kw;
    int32_t oy, ox;
    int t;
    for (oy = b->y; oy < b->y + b->n; oy++)
        for (ox = 0; ox < l->ow; ox++) {
            for (t = 0; t < taps; t++) {
                const int32_t y = oy * l->sh + t / l->kw - l->pt, xx = ox * l->sw + t % l->kw - l->pl;
                const int inside = y >= 0 && y < l->h && xx >= 0 && xx < l->w;
                x[t] = l->pad;
                if (inside) x[t] = (const uint8_t *)mnq_view_row(&b->in0, y) + ((size_t)xx * c << x16);
                f[t] = inside ? l->in_flip : 0;
            }
            pixel(l, b->out, ((size_t)(oy - b->y) * (size_t)l->ow + (size_t)ox) * c, x, f, taps, x16, wide);
        }
}

void mnq_dwconv_s8_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    if (l->mult != 1 || l->kh * l->kw > MNQ_X86_TAPS) mnq_dwconv_s8_c(l, b);
    else if (l->in16) dwconv(l, b, 1, 0);
    else dwconv(l, b, 0, 0);
}

void mnq_dwconv_s16_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    if (l->mult != 1 || l->kh * l->kw > MNQ_X86_TAPS) mnq_dwconv_s16_c(l, b);
    else if (l->in16) dwconv(l, b, 1, 1);
    else dwconv(l, b, 0, 1);
}
