/* SPDX-License-Identifier: Apache-2.0
 * DWCONV for RISC-V vectors: lanes are channels. Two neighbours in a row share each tap's weights and, where windows
 * overlap, what they read. */
#include "emit_rvv.h"
#include "mnq_port.h"
#include "riscv/rvv.h"

#include <riscv_vector.h>

/* Column 0 of the rows of a window, of one block of channels; a row of padding is one pixel of it. */
struct rows {
    const uint8_t *at[MNQ_RVV_ROWS], *pad;
    int32_t o; /* the block's first channel */
};

/* Loads stay behind it: what is loaded early must be kept in memory, for there are but 4 groups of 8 registers. */
#define MNQ_IN_ORDER __asm__ volatile("" ::: "memory")

/* A copy per pair of types and window. */
#define MNQ_INTO static inline __attribute__((always_inline))

/* How a layer's types are read. */
struct types {
    int in16, wide;
};

/* n values from p on. */
MNQ_INTO vint16m4_t load(const uint8_t *p, int wide, size_t n)
{
    if (wide) return __riscv_vle16_v_i16m4((const int16_t *)(const void *)p, n);
    return __riscv_vsext_vf2_i16m4(__riscv_vle8_v_i8m2((const int8_t *)p, n), n);
}

/* Bytes from column to column of row ky. */
MNQ_INTO size_t step_of(const struct mnq_layer *l, const struct rows *r, int32_t ky, struct types t)
{
    return r->at[ky] != r->pad ? (size_t)l->c << t.in16 : 0;
}

/* One pixel whose window starts at column `left` and may reach over the border. */
MNQ_INTO void edge(const struct mnq_layer *l, const struct rows *r, int32_t left, int32_t o, struct types t, int32_t *acc,
                   size_t vl)
{
    const size_t tap = (size_t)l->oc << t.wide;
    const uint8_t *w = (const uint8_t *)l->weights + ((size_t)o << t.wide);
    vint32m8_t a = __riscv_vle32_v_i32m8(l->q.bias + o, vl);
    int32_t ky, kx;

    for (ky = 0; ky < l->kh; ky++) {
        const size_t step = step_of(l, r, ky, t);
        for (kx = 0; kx < l->kw; kx++, w += tap) {
            const int32_t x = left + kx;
            const uint8_t *const p = x >= 0 && x < l->w ? r->at[ky] + (size_t)x * step : r->pad;
            a = __riscv_vwmacc_vv_i32m8(a, load(p, t.in16, vl), load(w, t.wide, vl), vl);
        }
    }
    __riscv_vse32_v_i32m8(acc, a, vl);
}

/* Two pixels whose windows lie inside, the second one stride to the right. */
MNQ_INTO void pair(const struct mnq_layer *l, const struct rows *r, int32_t left, int32_t o, struct types t, int32_t *acc,
                   size_t vl)
{
    const size_t tap = (size_t)l->oc << t.wide;
    const uint8_t *w = (const uint8_t *)l->weights + ((size_t)o << t.wide);
    vint32m8_t a = __riscv_vle32_v_i32m8(l->q.bias + o, vl), b = a;
    int32_t ky, kx;

    for (ky = 0; ky < l->kh; ky++) {
        const size_t step = step_of(l, r, ky, t), apart = (size_t)l->sw * step;
        const uint8_t *x = r->at[ky] + (size_t)left * step;
        for (kx = l->kw; kx > 0; kx--, w += tap, x += step) {
            const vint16m4_t v = load(w, t.wide, vl);
            a = __riscv_vwmacc_vv_i32m8(a, load(x, t.in16, vl), v, vl);
            b = __riscv_vwmacc_vv_i32m8(b, load(x + apart, t.in16, vl), v, vl);
        }
    }
    __riscv_vse32_v_i32m8(acc, a, vl);
    __riscv_vse32_v_i32m8(acc + vl, b, vl);
}

/* The same, stride 1 and three columns: the windows share two. */
MNQ_INTO void pair3(const struct mnq_layer *l, const struct rows *r, int32_t left, int32_t o, struct types t, int32_t *acc,
                    size_t vl)
{
    const size_t tap = (size_t)l->oc << t.wide;
    const uint8_t *w = (const uint8_t *)l->weights + ((size_t)o << t.wide);
    vint32m8_t a = __riscv_vle32_v_i32m8(l->q.bias + o, vl), b = a;
    int32_t ky;

    for (ky = 0; ky < l->kh; ky++, w += tap) {
        const size_t step = step_of(l, r, ky, t);
        const uint8_t *x = r->at[ky] + (size_t)left * step;
        vint16m4_t v = load(w, t.wide, vl), y = load(x += step, t.in16, vl);
        a = __riscv_vwmacc_vv_i32m8(a, load(x - step, t.in16, vl), v, vl);
        b = __riscv_vwmacc_vv_i32m8(b, y, v, vl);
        MNQ_IN_ORDER;
        v = load(w += tap, t.wide, vl);
        a = __riscv_vwmacc_vv_i32m8(a, y, v, vl);
        y = load(x += step, t.in16, vl);
        b = __riscv_vwmacc_vv_i32m8(b, y, v, vl);
        MNQ_IN_ORDER;
        v = load(w += tap, t.wide, vl);
        a = __riscv_vwmacc_vv_i32m8(a, y, v, vl);
        b = __riscv_vwmacc_vv_i32m8(b, load(x + step, t.in16, vl), v, vl);
        MNQ_IN_ORDER;
    }
    __riscv_vse32_v_i32m8(acc, a, vl);
    __riscv_vse32_v_i32m8(acc + vl, b, vl);
}

/* n pixels of a row from x on. */
MNQ_INTO void pixels(const struct mnq_layer *l, const struct rows *r, int32_t x, int32_t n, struct types t, int32_t *acc,
                     size_t vl)
{
    const int32_t end = x + n, o = r->o;

    while (x < end) {
        const int32_t left = x * l->sw - l->pl;
        if (end - x < 2 || left < 0 || left + l->sw + l->kw > l->w) {
            edge(l, r, left, o, t, acc, vl);
            x++;
            acc += vl;
        } else {
            if (l->kw == 3 && l->sw == 1) pair3(l, r, left, o, t, acc, vl);
            else pair(l, r, left, o, t, acc, vl);
            x += 2;
            acc += 2 * vl;
        }
    }
}

typedef void pixels_of(const struct mnq_layer *l, const struct rows *r, int32_t x, int32_t n, int32_t *acc, size_t vl);

#define PIXELS(name, in16, wide)                                                                                            \
    static MNQ_APART void name(const struct mnq_layer *l, const struct rows *r, int32_t x, int32_t n, int32_t *acc,         \
                               size_t vl)                                                                                   \
    {                                                                                                                       \
        const struct types t = {in16, wide};                                                                                \
        pixels(l, r, x, n, t, acc, vl);                                                                                     \
    }
PIXELS(pixels_x8w8, 0, 0)
PIXELS(pixels_x8w16, 0, 1)
PIXELS(pixels_x16w8, 1, 0)
PIXELS(pixels_x16w16, 1, 1)

/* Pixels x .. end - 1 of a row, one block of channels. */
static MNQ_APART void span(const struct mnq_layer *l, const struct rows *r, int32_t x, int32_t end, pixels_of *take,
                           int32_t *acc, size_t vl, uint8_t *out)
{
    const size_t pixel = (size_t)l->oc << l->q.out16;
    const int32_t run = mnq_rvv_run(3, vl);

    for (; x < end; x += run) {
        const int32_t n = end - x < run ? end - x : run;
        take(l, r, x, n, acc, vl);
        mnq_rvv_emit(l, acc, n, r->o, vl, out + (size_t)x * pixel);
    }
}

/* ---- few channels: several neighbours, stride 1, in the lanes of one vector ---- */

/* n values for each of `times` neighbours. */
static inline void repeat32(int32_t *to, const int32_t *from, size_t n, int32_t times)
{
    const vint32m8_t v = __riscv_vle32_v_i32m8(from, n);
    for (; times > 0; times--, to += n) __riscv_vse32_v_i32m8(to, v, n);
}

static inline void repeat8(int8_t *to, const int8_t *from, size_t n, int32_t times)
{
    const vint8m2_t v = __riscv_vle8_v_i8m2(from, n);
    for (; times > 0; times--, to += n) __riscv_vse8_v_i8m2(to, v, n);
}

/* What strips of `times` pixels need. */
static MNQ_APART void make_strip(const struct mnq_layer *l, const uint8_t *pad, int32_t times, struct mnq_rvv_strip *s)
{
    const struct mnq_requant_params *const q = &l->q;
    const size_t c = (size_t)l->c;
    const int wide = l->wtype == MNQ_W_S16;
    int16_t *to = s->weights;
    int32_t tap, k;

    memcpy(&s->l, l, sizeof *l);
    s->l.c = s->l.oc = l->c * times;
    s->l.q.bias = s->bias;
    s->l.q.mult = s->mult;
    s->l.q.mult2 = s->mult2;
    s->l.q.shift = s->shift;
    s->l.q.shift2 = s->shift2;
    repeat32(s->bias, q->bias, c, times);
    repeat32(s->mult, q->mult, c, times);
    repeat8(s->shift, q->shift, c, times);
    repeat8((int8_t *)s->pad, (const int8_t *)pad, c << l->in16, times);
    if (q->act != MNQ_A_CLAMP) {
        repeat32(s->mult2, q->mult2, c, times);
        repeat8(s->shift2, q->shift2, c, times);
    }
    for (tap = 0; tap < l->kh * l->kw; tap++) {
        const vint16m4_t w = load((const uint8_t *)l->weights + ((size_t)tap * c << wide), wide, c);
        for (k = times; k > 0; k--, to += c) __riscv_vse16_v_i16m4(to, w, c);
    }
}

/* n strips of vl lanes whose windows start at r->at: two at a time share the weights. step: bytes from column to column. */
MNQ_INTO void strips(const struct mnq_rvv_strip *s, const struct rows *r, size_t step, int32_t n, int in16, int32_t *acc,
                     size_t vl)
{
    size_t at = 0; /* bytes from the first window */
    const size_t strip = vl << in16;
    int32_t ky, kx;

    for (; n > 0; n -= 2, acc += 2 * vl, at += 2 * strip) {
        const int16_t *w = s->weights;
        vint32m8_t a = __riscv_vle32_v_i32m8(s->bias, vl), b = a;
        for (ky = 0; ky < s->l.kh; ky++) {
            const int inside = r->at[ky] != (const uint8_t *)s->pad;
            const size_t column = inside ? step : 0, apart = inside && n > 1 ? strip : 0;
            const uint8_t *x = r->at[ky] + (inside ? at : 0);
            for (kx = s->l.kw; kx > 0; kx--, w += vl, x += column) {
                const vint16m4_t v = __riscv_vle16_v_i16m4(w, vl);
                a = __riscv_vwmacc_vv_i32m8(a, load(x, in16, vl), v, vl);
                b = __riscv_vwmacc_vv_i32m8(b, load(x + apart, in16, vl), v, vl);
            }
        }
        __riscv_vse32_v_i32m8(acc, a, vl);
        if (n > 1) __riscv_vse32_v_i32m8(acc + vl, b, vl);
    }
}

static MNQ_APART void strips_x8(const struct mnq_rvv_strip *s, const struct rows *r, size_t step, int32_t n, int32_t *acc,
                                size_t vl)
{
    strips(s, r, step, n, 0, acc, vl);
}

static MNQ_APART void strips_x16(const struct mnq_rvv_strip *s, const struct rows *r, size_t step, int32_t n, int32_t *acc,
                                 size_t vl)
{
    strips(s, r, step, n, 1, acc, vl);
}

/* Pixels from x on of a row whose windows lie inside, as many strips as there are. return the first pixel that is left */
static MNQ_APART int32_t strip_row(const struct mnq_layer *l, const struct mnq_rvv_strip *s, const struct rows *r, int32_t x,
                                   int32_t *acc, uint8_t *out)
{
    const size_t step = (size_t)l->c << l->in16, vl = (size_t)s->l.c;
    const int32_t run = mnq_rvv_run(2, vl);
    int32_t left = (l->ow < l->w - l->kw + 1 + l->pl ? l->ow : l->w - l->kw + 1 + l->pl) - x, n, k, ky, times = 0;
    struct rows at;

    for (k = s->l.c; k > 0; k -= l->c) times++;
    at.o = 0;
    at.pad = (const uint8_t *)s->pad;
    while (left >= times) {
        for (n = 0; n < run && left >= times; n++) left -= times;
        for (ky = 0; ky < l->kh; ky++) at.at[ky] = r->at[ky] != r->pad ? r->at[ky] + (size_t)(x - l->pl) * step : at.pad;
        if (l->in16) strips_x16(s, &at, step, n, acc, vl);
        else strips_x8(s, &at, step, n, acc, vl);
        mnq_rvv_emit(&s->l, acc, n, 0, vl, out + ((size_t)x * (size_t)l->c << l->q.out16));
        x += n * times;
    }
    return x;
}

/* ---- rows ---- */

/* One row of the output; strip NULL: a pixel at a time. */
static MNQ_APART void row(const struct mnq_layer *l, const struct mnq_band *b, int32_t y, const uint8_t *pad,
                          pixels_of *take, const struct mnq_rvv_strip *strip, uint8_t *out)
{
    int32_t *const acc = (int32_t *)b->scratch;
    const int32_t top = y * l->sh - l->pt;
    struct rows r;
    int32_t ky, x;
    size_t vl;

    for (r.o = 0; r.o < l->oc; r.o += (int32_t)vl) {
        const size_t at = (size_t)r.o << l->in16;
        vl = __riscv_vsetvl_e32m8((size_t)(l->oc - r.o < MNQ_RVV_LANES ? l->oc - r.o : MNQ_RVV_LANES));
        r.pad = pad + at;
        for (ky = 0; ky < l->kh; ky++) {
            const int inside = top + ky >= 0 && top + ky < l->h;
            r.at[ky] = inside ? (const uint8_t *)mnq_view_row(&b->in0, top + ky) + at : r.pad;
        }
        x = 0;
        if (strip != NULL && l->pl < l->ow) {
            span(l, &r, 0, l->pl, take, acc, vl, out);
            x = strip_row(l, strip, &r, l->pl, acc, out);
        }
        span(l, &r, x, l->ow, take, acc, vl, out);
    }
}

/* The padding of a layer, as wide as its input. */
static MNQ_APART const uint8_t *padding(const struct mnq_layer *l, uint8_t *to)
{
    size_t c = 0, vl;

    if (!l->in16) return (const uint8_t *)l->pad;
    for (; c < (size_t)l->c; c += vl) {
        vl = __riscv_vsetvl_e16m4((size_t)l->c - c);
        __riscv_vse16_v_i16m4((int16_t *)(void *)to + c, load((const uint8_t *)l->pad + c, 0, vl), vl);
    }
    return to;
}

void mnq_dwconv_rvv(const struct mnq_layer *l, const struct mnq_band *b)
{
    uint8_t *const behind = (uint8_t *)b->scratch + MNQ_RVV_ACC;
    const uint8_t *const pad = padding(l, behind);
    const size_t out_row = ((size_t)l->ow * (size_t)l->oc) << l->q.out16;
    const int wide = l->wtype == MNQ_W_S16;
    pixels_of *const take = l->in16 ? wide ? pixels_x16w16 : pixels_x16w8 : wide ? pixels_x8w16 : pixels_x8w8;
    struct mnq_rvv_strip *strip = NULL;
    uint8_t *out = (uint8_t *)b->out;
    int32_t y;

    if (mnq_rvv_strips(l)) {
        const size_t most = __riscv_vsetvl_e32m8(MNQ_RVV_STRIP);
        int32_t times = 0;
        while ((size_t)((times + 1) * l->c) <= most) times++;
        if (times > 1) {
            strip = (struct mnq_rvv_strip *)(void *)(behind + mnq_rvv_pad_bytes(l));
            make_strip(l, pad, times, strip);
        }
    }
    for (y = b->y; y < b->y + b->n; y++, out += out_row) row(l, b, y, pad, take, strip, out);
}
