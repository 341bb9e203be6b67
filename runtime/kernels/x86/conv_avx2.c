/* SPDX-License-Identifier: Apache-2.0
 * CONV for AVX2: the windows of two pixels, gathered into rows of 16 bits, against eight output channels. */
#include "dot_avx2.h"
#include "generic/generic.h"
#include "generic/row.h"
#include "requant_avx2.h"
#include "x86.h"

/* Values of a window that are gathered on the stack; larger ones take the generic kernel. */
enum { WINDOW = 1024 };

/* `columns` columns of one row of a window. */
static void gather(const struct mnq_layer *l, const void *in, enum mnq_row_input type, size_t at, int32_t columns,
                   int16_t *to)
{
    const size_t n = (size_t)columns * (size_t)l->c;
    size_t i;
    for (i = 0; i < n; i++) to[i] = (int16_t)mnq_row_value(in, type, at + i);
}

static void gather_padding(const struct mnq_layer *l, int32_t columns, int16_t *to)
{
    int32_t x, c;
    for (x = 0; x < columns; x++)
        for (c = 0; c < l->c; c++) *to++ = l->pad[c];
}

/* The window of output pixel (y, x): [kh][kw][c]. */
static void window(const struct mnq_layer *l, const struct mnq_view *in, enum mnq_row_input type, int32_t y, int32_t x,
                   int16_t *to)
{
    const int32_t left = x * l->sw - l->pl, top = y * l->sh - l->pt;
    const int32_t x0 = left >= 0 ? 0 : left < -l->kw ? l->kw : -left;
    const int32_t x1 = l->w - left >= l->kw ? l->kw : l->w - left <= x0 ? x0 : l->w - left;
    const size_t c = (size_t)l->c;
    int32_t ky;
    for (ky = 0; ky < l->kh; ky++, to += (size_t)l->kw * c) {
        const int32_t iy = top + ky;
        if (iy < 0 || iy >= l->h || x0 == x1) {
            gather_padding(l, l->kw, to);
            continue;
        }
        gather_padding(l, x0, to);
        gather(l, mnq_view_row(in, iy), type, (size_t)(left + x0) * c, x1 - x0, to + (size_t)x0 * c);
        gather_padding(l, l->kw - x1, to + (size_t)x1 * c);
    }
}

static inline void conv(const struct mnq_layer *l, const struct mnq_band *b, int wide)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const struct mnq_requant_params *const q = &l->q;
    const size_t n = (size_t)l->kh * (size_t)l->kw * (size_t)l->c, oc = (size_t)l->oc;
    const size_t pixels = (size_t)b->n * (size_t)l->ow;
    void *const out = b->out;
    int16_t row[2][WINDOW];
    size_t p;
    int k;

    for (p = 0; p < pixels; p += 2) {
        const int pair = p + 1 < pixels ? 2 : 1;
        const uint8_t *const x0 = (const uint8_t *)row[0], *const x1 = (const uint8_t *)row[pair - 1];
        int32_t o;
        for (k = 0; k < pair; k++)
            window(l, &b->in0, type, b->y + (int32_t)((p + (size_t)k) / (size_t)l->ow),
                   (int32_t)((p + (size_t)k) % (size_t)l->ow), row[k]);
        for (o = 0; o + 8 <= l->oc; o += 8) {
            const __m256i bias = _mm256_loadu_si256((const __m256i *)(const void *)(q->bias + o));
            __m256i s0, s1;
            mnq_dot8_avx2(x0, x1, n, 0, 1, mnq_weights_at(l->weights, wide, (size_t)o * n), (oc - (size_t)o) * n, wide, &s0,
                          &s1);
            mnq_output_store8_avx2(q, out, p * oc + (size_t)o, o, _mm256_add_epi32(bias, s0));
            if (pair == 2) mnq_output_store8_avx2(q, out, (p + 1) * oc + (size_t)o, o, _mm256_add_epi32(bias, s1));
        }
        for (; o < l->oc; o++)
            for (k = 0; k < pair; k++)
                mnq_output_store(q, out, (p + (size_t)k) * oc + (size_t)o, o,
                                 mnq_row_dot(q->bias[o], mnq_weights_at(l->weights, wide, (size_t)o * n), wide, row[k],
                                             MNQ_ROW_S16, (int32_t)n));
    }
}

static int fits(const struct mnq_layer *l)
{
    return (int64_t)l->kh * l->kw * l->c <= WINDOW;
}

void mnq_conv_s8_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    if (fits(l)) conv(l, b, 0);
    else mnq_conv_s8_c(l, b);
}

void mnq_conv_s16_avx2(const struct mnq_layer *l, const struct mnq_band *b)
{
    if (fits(l)) conv(l, b, 1);
    else mnq_conv_s16_c(l, b);
}
