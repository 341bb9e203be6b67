/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW of the AArch64 kernels: tiles of up to 8 pixels by 8 output channels, whose sums stay in registers. Inputs are
 * broadcast from vectors of each pixel's own.
 *
 * Whoever includes it defines NAME(f), KIND (of weights, pack_neon.h), LANES, the units of inputs in a vector, and
 * MAC(a, w, x, lane, half): a[0], a[1] + the products of a unit of weights by one of x, `half` of a vector or of a whole. */
#include "convert_neon.h"
#include "emit_neon.h"
#include "neon.h"

enum { VALUE = KIND == MNQ_NEON_WIDE ? 2 : 1, UNIT = KIND * VALUE };

/* What a run of pixels is made of. */
struct source {
    const uint8_t **row; /* of the kernel: the first pixel's window */
    size_t step;         /* bytes from pixel to pixel */
    int32_t rows, units; /* of inputs in a row */
};

/* N pixels from pixel `at` on. */
MNQ_NEON_INLINE void tile(const struct mnq_neon_emit *e, const struct source *s, size_t at, const uint8_t *w,
                          const int32_t *record, int channels, uint8_t *out, const int N)
{
    int32x4_t a[8][2];
    int32_t ky, i;
    int r;

    MNQ_NEON_UNROLL
    for (r = 0; r < N; r++) {
        a[r][0] = vld1q_s32(record);
        a[r][1] = vld1q_s32(record + 4);
    }
    for (ky = 0; ky < s->rows; ky++) {
        const uint8_t *x = s->row[ky] + at * s->step;
        for (i = s->units; i >= LANES; i -= LANES, x += 16, w += (size_t)LANES * KIND * 8 * VALUE) {
            XVECTOR v[8];
            MNQ_NEON_UNROLL
            for (r = 0; r < N; r++) v[r] = XLOAD(x + (size_t)r * s->step);
            EACH_LANE(MAC_ALL)
        }
        if (i >= LANES / 2) {
            XHALF v[8];
            MNQ_NEON_UNROLL
            for (r = 0; r < N; r++) v[r] = XLOAD_HALF(x + (size_t)r * s->step);
            EACH_HALF_LANE(MAC_HALF)
            i -= LANES / 2;
            x += 8;
            w += (size_t)LANES / 2 * KIND * 8 * VALUE;
        }
        for (; i > 0; i--, x += UNIT, w += (size_t)UNIT * 8) {
            MNQ_NEON_UNROLL
            for (r = 0; r < N; r++) MAC_ONE(a[r], w, x + (size_t)r * s->step);
        }
    }
    mnq_neon_put(e, record, a, channels, out, N);
}

/* All output channels of n consecutive pixels. */
static void dense(const struct mnq_layer *l, const struct mnq_neon_emit *e, const struct source *s, int32_t n, uint8_t *out)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;
    const size_t block = (size_t)s->rows * (size_t)s->units * UNIT * 8;
    const uint8_t *w = (const uint8_t *)h + h->weights;
    const int32_t *record = mnq_neon_records(h);
    int32_t left;

    for (left = l->oc; left > 0; left -= 8, w += block, record += e->record, out += (size_t)8 << e->out16) {
        const int channels = left < 8 ? (int)left : 8;
        uint8_t *to = out;
        int32_t p = 0;
        for (; p + 8 <= n; p += 8, to += 8 * e->step) tile(e, s, (size_t)p, w, record, channels, to, 8);
        if (p + 4 <= n) {
            tile(e, s, (size_t)p, w, record, channels, to, 4);
            p += 4;
            to += 4 * e->step;
        }
        if (p + 2 <= n) {
            tile(e, s, (size_t)p, w, record, channels, to, 2);
            p += 2;
            to += 2 * e->step;
        }
        if (p < n) tile(e, s, (size_t)p, w, record, channels, to, 1);
    }
}

static void convert(uint8_t *to, const uint8_t *from, size_t n, const struct mnq_layer *l)
{
    if (KIND == MNQ_NEON_WIDE) mnq_neon_wide((int16_t *)(void *)to, from, n, l->in16, l->in_flip);
    else mnq_neon_bytes(to, from, n, l->in_flip);
}

void NAME(mnq_pw)(const struct mnq_layer *l, const struct mnq_band *b)
{
    uint8_t *const memory = (uint8_t *)b->scratch, *const kept = memory + MNQ_NEON_ACC;
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, memory);
    const int32_t pixels = b->n * l->w, run = mnq_neon_pw_run(l, KIND);
    const size_t c = (size_t)l->c, pixel = c << l->in16;
    const uint8_t *from = (const uint8_t *)b->in0.at;
    uint8_t *out = (uint8_t *)b->out;
    const uint8_t *first;
    struct source s;
    int32_t p, i;

    s.row = &first;
    s.rows = 1;
    s.units = mnq_neon_units(l->c, KIND);
    s.step = (size_t)s.units * UNIT;
    for (p = 0; p < pixels; p += run, from += (size_t)run * pixel, out += (size_t)run * e.step) {
        const int32_t n = pixels - p < run ? pixels - p : run;
        first = kept;
        if (s.step == pixel && l->in_flip == 0) first = from; /* as they are */
        else if (s.step == c * VALUE) convert(kept, from, (size_t)n * c, l);
        else
            for (i = 0; i < n; i++) convert(kept + (size_t)i * s.step, from + (size_t)i * pixel, c, l);
        dense(l, &e, &s, n, out);
    }
}

/* One row of the input, or a row of padding (from NULL), with padding before and behind it. */
static void conv_row(const struct mnq_layer *l, uint8_t *to, const uint8_t *from)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;
    const uint8_t *const pad = (const uint8_t *)h + h->pad;
    const size_t pixel = (size_t)l->c * VALUE;
    const int32_t columns = mnq_neon_columns(l);
    int32_t x;

    if (from != NULL) convert(to + (size_t)l->pl * pixel, from, (size_t)l->w * (size_t)l->c, l);
    for (x = 0; x < columns; x++) {
        if (from != NULL && x == l->pl) x += l->w;
        if (x < columns) memcpy(to + (size_t)x * pixel, pad, pixel);
    }
}

void NAME(mnq_conv)(const struct mnq_layer *l, const struct mnq_band *b)
{
    uint8_t *const memory = (uint8_t *)b->scratch, *const rows = memory + MNQ_NEON_ACC + MNQ_NEON_ROWS * sizeof(void *);
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, memory);
    const size_t row = mnq_neon_conv_row(l, KIND);
    uint8_t *out = (uint8_t *)b->out;
    int32_t y, next = INT32_MIN, ky;
    struct source s;

    s.row = (const uint8_t **)(void *)(memory + MNQ_NEON_ACC);
    s.rows = l->kh;
    s.units = mnq_neon_units(l->kw * l->c, KIND);
    s.step = (size_t)l->sw * (size_t)l->c * VALUE;
    for (y = b->y; y < b->y + b->n; y++, out += (size_t)l->ow * e.step) {
        const int32_t top = y * l->sh - l->pt;
        for (ky = 0; ky < l->kh; ky++) {
            const int32_t iy = top + ky;
            uint8_t *const to = rows + (size_t)((iy + l->kh) % l->kh) * row; /* iy > -kh */
            s.row[ky] = to;
            if (iy < next) continue; /* still there */
            conv_row(l, to, iy >= 0 && iy < l->h ? (const uint8_t *)mnq_view_row(&b->in0, iy) : NULL);
            next = iy + 1;
        }
        dense(l, &e, &s, l->ow, out);
    }
}
