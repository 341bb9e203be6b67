/* SPDX-License-Identifier: Apache-2.0
 * Rows of a windowed layer's input in scratch. */
#include "rows_hvx.h"

#include "mnq_port.h"

/* 128 bytes as int16, or as they are. return behind them */
static inline uint8_t *emit(uint8_t *to, mnq_v x, int in16)
{
    mnq_vv y;

    if (in16) {
        v_store(to, x);
        return to + 128;
    }
    y = v_unpack_b(x);
    v_store(to, v_low(y));
    v_store(to + 128, v_high(y));
    return to + 256;
}

/* Pixels of `pixel` bytes, a power of two up to 64, in turn to a and to b. */
static MNQ_APART void deal(uint8_t *a, uint8_t *b, const uint8_t *from, int32_t bytes, int32_t pixel, int in16, int32_t flip)
{
    mnq_v low, high;
    mnq_vv x;

    for (; bytes >= 256; bytes -= 256, from += 256) {
        x = v_deal(v_load(from + 128), v_load(from), pixel);
        a = emit(a, v_xor(v_low(x), v_splat_b(flip)), in16);
        b = emit(b, v_xor(v_high(x), v_splat_b(flip)), in16);
    }
    if (bytes <= 0) return;
    low = v_load_some(from, bytes < 128 ? bytes : 128);
    high = bytes > 128 ? v_load_some(from + 128, bytes - 128) : low;
    x = v_deal(high, low, pixel);
    emit(a, v_xor(v_low(x), v_splat_b(flip)), in16);
    emit(b, v_xor(v_high(x), v_splat_b(flip)), in16);
}

/* Where column x of a row is. */
struct place {
    uint8_t *to;
    int32_t phase, x;
};

static inline void next(const struct mnq_hvx_rows *r, struct place *p)
{
    p->x++;
    if (++p->phase == r->phases) {
        p->phase = 0;
        p->to += (size_t)r->l->c << r->wide;
    }
}

/* Padding up to column x. */
static MNQ_APART void pad(const struct mnq_hvx_rows *r, struct place *p, int32_t x)
{
    const struct mnq_layer *const l = r->l;

    for (; p->x < x; next(r, p))
        (r->wide ? mnq_hvx_widen_8 : mnq_hvx_copy_8)(p->to + (size_t)p->phase * r->columns, (const uint8_t *)l->pad, l->c);
}

/* The n pixels from `from` on. */
static MNQ_APART void take_pixels(const struct mnq_hvx_rows *r, struct place *p, const uint8_t *from, int32_t n)
{
    const struct mnq_layer *const l = r->l;
    const int32_t pixel = l->c << l->in16;

    if (r->phases == 1) {
        r->copy(p->to, from, n * l->c);
        p->to += (size_t)(n * l->c) << r->wide;
        p->x += n;
    } else if (r->phases == 2 && pixel <= 64 && (pixel & (pixel - 1)) == 0) {
        uint8_t *const second = p->phase == 0 ? p->to + r->columns : p->to + ((size_t)l->c << 1);
        deal(p->to + (size_t)p->phase * r->columns, second, from, n * pixel, pixel, l->in16, l->in_flip);
        p->to += (size_t)((p->phase + n) >> 1) * ((size_t)l->c << 1);
        p->phase = (p->phase + n) & 1;
        p->x += n;
    } else {
        for (; n > 0; n--, from += pixel, next(r, p)) r->copy(p->to + (size_t)p->phase * r->columns, from, l->c);
    }
}

static void take_row(const struct mnq_hvx_rows *r, uint8_t *to, int32_t iy)
{
    const struct mnq_layer *const l = r->l;
    const int32_t all = (l->ow - 1) * l->sw + l->kw, end = l->pl + l->w < all ? l->pl + l->w : all;
    struct place p;

    p.to = to;
    p.phase = p.x = 0;
    if (iy >= 0 && iy < l->h && end > l->pl) {
        pad(r, &p, l->pl);
        take_pixels(r, &p, (const uint8_t *)mnq_view_row(r->in, iy), end - l->pl);
    }
    pad(r, &p, all);
}

void mnq_hvx_rows_take(const struct mnq_hvx_rows *r, int32_t y, int first)
{
    const struct mnq_layer *const l = r->l;
    const int32_t kept = first || l->sh > l->kh ? 0 : l->kh - l->sh;
    int32_t i, j;

    for (i = 0; i < l->kh - kept && !first; i++) { /* the oldest rows make way */
        uint8_t *const oldest = r->rows[0];
        for (j = 1; j < l->kh; j++) r->rows[j - 1] = r->rows[j];
        r->rows[l->kh - 1] = oldest;
    }
    for (i = kept; i < l->kh; i++) take_row(r, r->rows[i], y * l->sh - l->pt + i);
}
