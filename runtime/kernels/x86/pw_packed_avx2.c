/* SPDX-License-Identifier: Apache-2.0
 * PW with compressed weights for AVX2: eight rows at a time become 16-bit weights, and meet every pixel. */
#include "dot_avx2.h"
#include "generic/generic.h"
#include "generic/places.h"
#include "generic/row.h"
#include "packed.h"
#include "requant_avx2.h"
#include "x86.h"

/* Inputs of a row that is unpacked on the stack; longer ones take the generic kernel. */
enum { ROWS = 8, INPUTS = 2048 };

/* Unpacks row o to w[c]; `next` is the row's place in a stream of weights, moved on. */
typedef void unpack_row(const struct mnq_layer *l, int32_t o, const int8_t **next, int16_t *w);

static void unpack_s4(const struct mnq_layer *l, int32_t o, const int8_t **next, int16_t *w)
{
    const uint8_t *const row = (const uint8_t *)l->weights + (size_t)o * (((size_t)l->c + 1) / 2);
    const __m128i nibble = _mm_set1_epi8(15), eight = _mm_set1_epi8(8);
    int32_t i;
    (void)next;
    for (i = 0; i + 16 <= l->c; i += 16) {
        const __m128i b = _mm_loadl_epi64((const __m128i *)(const void *)(row + i / 2));
        const __m128i both = _mm_unpacklo_epi8(_mm_and_si128(b, nibble), _mm_and_si128(_mm_srli_epi16(b, 4), nibble));
        const __m128i v = _mm_sub_epi8(_mm_xor_si128(both, eight), eight);
        _mm256_storeu_si256((__m256i *)(void *)(w + i), _mm256_cvtepi8_epi16(v));
    }
    for (; i < l->c; i++) w[i] = (int16_t)mnq_s4_at(row, (size_t)i);
}

static void unpack_sparse(const struct mnq_layer *l, int32_t o, const int8_t **next, int16_t *w)
{
    const uint8_t *const map = (const uint8_t *)l->weights + (size_t)o * mnq_bitmap_bytes(l->c, l->mult);
    const int32_t bits = l->c / l->mult;
    uint16_t list[MNQ_PLACES];
    int32_t bit = 0, k;
    memset(w, 0, (size_t)l->c * sizeof *w);
    while (bit < bits) {
        const int32_t count = mnq_list_places(map, bits, l->mult, &bit, list);
        for (k = 0; k < count; k++) w[list[k]] = (*next)[k];
        *next += count;
    }
}

static void unpack_binary(const struct mnq_layer *l, int32_t o, const int8_t **next, int16_t *w)
{
    const size_t words = mnq_plane_words(l->c), first = (size_t)o * l->mult;
    const uint32_t *plane = (const uint32_t *)l->weights + first * words;
    const int16_t *const a = mnq_behind_planes(l, l->mult) + first;
    const __m256i places = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, -32768);
    int32_t i, m;
    (void)next;
    memset(w, 0, (size_t)l->c * sizeof *w);
    for (m = 0; m < l->mult; m++, plane += words) {
        const int32_t v = l->mult == 1 ? 1 : a[m];
        const __m256i plus = _mm256_set1_epi16((int16_t)v);
        for (i = 0; i + 16 <= l->c; i += 16) {
            const __m256i signs = _mm256_set1_epi16((int16_t)(plane[i / 32] >> i % 32 & 0xffff));
            const __m256i set = _mm256_cmpeq_epi16(_mm256_and_si256(signs, places), places); /* -1 where the sign is + */
            const __m256i term = _mm256_sub_epi16(_mm256_and_si256(set, _mm256_add_epi16(plus, plus)), plus);
            __m256i *const to = (__m256i *)(void *)(w + i);
            _mm256_storeu_si256(to, _mm256_add_epi16(_mm256_loadu_si256(to), term));
        }
        for (; i < l->c; i++) w[i] = (int16_t)(w[i] + ((plane[i / 32] >> i % 32 & 1) != 0 ? v : -v));
    }
}

static void pw(const struct mnq_layer *l, const struct mnq_band *b, const int8_t *stream, unpack_row *unpack)
{
    const struct mnq_requant_params *const q = &l->q;
    const size_t c = (size_t)l->c, oc = (size_t)l->oc, pixels = (size_t)b->n * (size_t)l->w, pixel = c << l->in16;
    const uint8_t *const in = (const uint8_t *)b->in0.at;
    void *const out = b->out;
    int16_t w[ROWS * INPUTS];
    size_t p;
    int32_t o, k;

    for (o = 0; o + ROWS <= l->oc; o += ROWS) {
        const __m256i bias = _mm256_loadu_si256((const __m256i *)(const void *)(q->bias + o));
        for (k = 0; k < ROWS; k++) unpack(l, o + k, &stream, w + (size_t)k * c);
        for (p = 0; p < pixels; p += 2) {
            const size_t second = p + 1 < pixels ? p + 1 : p;
            __m256i s0, s1;
            mnq_dot8_avx2(in + p * pixel, in + second * pixel, c, l->in_flip, l->in16, w, ROWS * c, 1, &s0, &s1);
            mnq_output_store8_avx2(q, out, p * oc + (size_t)o, o, _mm256_add_epi32(bias, s0));
            if (second != p) mnq_output_store8_avx2(q, out, second * oc + (size_t)o, o, _mm256_add_epi32(bias, s1));
        }
    }
    for (; o < l->oc; o++) {
        unpack(l, o, &stream, w);
        for (p = 0; p < pixels; p++)
            mnq_output_store(q, out, p * oc + (size_t)o, o,
                             mnq_row_dot(q->bias[o], w, 1, in + p * pixel, mnq_row_input0(l), l->c));
    }
}

/* Whether every sum of a row's coefficients fits a weight. */
static int sums_fit(const struct mnq_layer *l)
{
    const int16_t *a = mnq_behind_planes(l, l->mult);
    int32_t o, m;
    for (o = 0; l->mult > 1 && o < l->oc; o++, a += l->mult) {
        int32_t sum = 0;
        for (m = 0; m < l->mult; m++) sum += a[m] < 0 ? -a[m] : a[m];
        if (sum > 32767) return 0;
    }
    return 1;
}

void mnq_pw_s4_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    if (l->c <= INPUTS) pw(l, b, NULL, unpack_s4);
    else mnq_pw_s4_c(l, b);
}

void mnq_pw_sparse_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    const int8_t *const stream = (const int8_t *)l->weights + (size_t)l->oc * mnq_bitmap_bytes(l->c, l->mult);
    if (l->c <= INPUTS) pw(l, b, stream, unpack_sparse);
    else mnq_pw_sparse_c(l, b);
}

void mnq_pw_binary_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    if (l->c <= INPUTS && sums_fit(l)) pw(l, b, NULL, unpack_binary);
    else mnq_pw_binary_c(l, b);
}
