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

/* One row of the output. */
static void row(const struct mnq_layer *l, const struct mnq_band *b, int32_t y, const uint8_t *pad, pixels_of *take,
                uint8_t *out)
{
    const size_t pixel = (size_t)l->oc << l->q.out16;
    int32_t *const acc = (int32_t *)b->scratch;
    const int32_t top = y * l->sh - l->pt;
    struct rows r;
    int32_t x, ky;
    size_t vl;

    for (r.o = 0; r.o < l->oc; r.o += (int32_t)vl) {
        const size_t at = (size_t)r.o << l->in16;
        int32_t run;
        vl = __riscv_vsetvl_e32m8((size_t)(l->oc - r.o < MNQ_RVV_LANES ? l->oc - r.o : MNQ_RVV_LANES));
        run = mnq_rvv_run(3, vl);
        r.pad = pad + at;
        for (ky = 0; ky < l->kh; ky++) {
            const int inside = top + ky >= 0 && top + ky < l->h;
            r.at[ky] = inside ? (const uint8_t *)mnq_view_row(&b->in0, top + ky) + at : r.pad;
        }
        for (x = 0; x < l->ow; x += run) {
            const int32_t n = l->ow - x < run ? l->ow - x : run;
            take(l, &r, x, n, acc, vl);
            mnq_rvv_emit(l, acc, n, r.o, vl, out + (size_t)x * pixel);
        }
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
    const uint8_t *const pad = padding(l, (uint8_t *)b->scratch + MNQ_RVV_ACC);
    const size_t out_row = ((size_t)l->ow * (size_t)l->oc) << l->q.out16;
    const int wide = l->wtype == MNQ_W_S16;
    pixels_of *const take = l->in16 ? wide ? pixels_x16w16 : pixels_x16w8 : wide ? pixels_x8w16 : pixels_x8w8;
    uint8_t *out = (uint8_t *)b->out;
    int32_t y;

    for (y = b->y; y < b->y + b->n; y++, out += out_row) row(l, b, y, pad, take, out);
}
