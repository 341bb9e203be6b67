/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW for RISC-V vectors: lanes are output channels, activations are scalars. 3 pixels of groups of 8 registers, or
 * 6 of groups of 4 where these hold all channels, share each vector of weights.
 *
 * Included by one file per pair of types, which defines
 *     MNQ_RVV_X        type of the activations
 *     MNQ_RVV_W        type of the weights
 *     MNQ_RVV_W16M4    n weights from p on as vint16m4_t, MNQ_RVV_W16M2 as vint16m2_t
 *     MNQ_RVV_DENSE    the kernel's name */
#ifndef MNQ_DENSE_RVV_H
#define MNQ_DENSE_RVV_H

#include "emit_rvv.h"
#include "mnq_port.h"
#include "riscv/rvv.h"

#include <riscv_vector.h>

/* What the windows of a run of pixels are made of. */
struct source {
    const MNQ_RVV_X *row[MNQ_RVV_ROWS]; /* the first pixel's window */
    size_t step;                        /* activations from pixel to pixel */
    int32_t rows, run;                  /* activations of a row of the window */
};

/* A block's weights, of the first input, and what is between inputs; its biases. */
struct block {
    const MNQ_RVV_W *w;
    size_t oc;
    const int32_t *bias;
};

/* One pixel, number `at`. */
static MNQ_APART void tile1(const struct source *s, size_t at, const struct block *b, int32_t *acc, size_t vl)
{
    vint32m8_t a = __riscv_vle32_v_i32m8(b->bias, vl);
    const MNQ_RVV_W *w = b->w;
    int32_t ky, i;

    for (ky = 0; ky < s->rows; ky++) {
        const MNQ_RVV_X *x = s->row[ky] + at * s->step;
#pragma GCC unroll 4
        for (i = s->run; i > 0; i--, w += b->oc) a = __riscv_vwmacc_vx_i32m8(a, *x++, MNQ_RVV_W16M4(w, vl), vl);
    }
    __riscv_vse32_v_i32m8(acc, a, vl);
}

/* `count` pixels from number `at` on, three at a time; what is missing from the last three is its first once more. */
static MNQ_APART void tiles3(const struct source *s, size_t at, int32_t count, const struct block *b, int32_t *acc,
                             size_t vl)
{
    const size_t step = s->step;

    for (; count > 0; count -= 3, at += 3, acc += 3 * vl) {
        const size_t d1 = count > 1 ? step : 0, d2 = count > 2 ? 2 * step : 0;
        vint32m8_t a0 = __riscv_vle32_v_i32m8(b->bias, vl), a1 = a0, a2 = a0;
        const MNQ_RVV_W *w = b->w;
        int32_t ky, i;

        for (ky = 0; ky < s->rows; ky++) {
            const MNQ_RVV_X *x0 = s->row[ky] + at * step, *x1 = x0 + d1, *x2 = x0 + d2;
#pragma GCC unroll 4
            for (i = s->run; i > 0; i--, w += b->oc) {
                const vint16m4_t v = MNQ_RVV_W16M4(w, vl);
                a0 = __riscv_vwmacc_vx_i32m8(a0, *x0++, v, vl);
                a1 = __riscv_vwmacc_vx_i32m8(a1, *x1++, v, vl);
                a2 = __riscv_vwmacc_vx_i32m8(a2, *x2++, v, vl);
            }
        }
        __riscv_vse32_v_i32m8(acc, a0, vl);
        __riscv_vse32_v_i32m8(acc + vl, a1, vl);
        __riscv_vse32_v_i32m8(acc + 2 * vl, a2, vl);
    }
}

/* Six at a time. */
static MNQ_APART void tiles6(const struct source *s, size_t at, int32_t count, const struct block *b, int32_t *acc,
                             size_t vl)
{
    const size_t step = s->step;

    for (; count > 0; count -= 6, at += 6, acc += 6 * vl) {
        const size_t d1 = count > 1 ? step : 0, d2 = count > 2 ? 2 * step : 0, d3 = count > 3 ? 3 * step : 0,
                     d4 = count > 4 ? 4 * step : 0, d5 = count > 5 ? 5 * step : 0;
        vint32m4_t a0 = __riscv_vle32_v_i32m4(b->bias, vl), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0;
        const MNQ_RVV_W *w = b->w;
        int32_t ky, i;

        for (ky = 0; ky < s->rows; ky++) {
            const MNQ_RVV_X *x0 = s->row[ky] + at * step, *x1 = x0 + d1, *x2 = x0 + d2, *x3 = x0 + d3, *x4 = x0 + d4,
                            *x5 = x0 + d5;
#pragma GCC unroll 4
            for (i = s->run; i > 0; i--, w += b->oc) {
                const vint16m2_t v = MNQ_RVV_W16M2(w, vl);
                a0 = __riscv_vwmacc_vx_i32m4(a0, *x0++, v, vl);
                a1 = __riscv_vwmacc_vx_i32m4(a1, *x1++, v, vl);
                a2 = __riscv_vwmacc_vx_i32m4(a2, *x2++, v, vl);
                a3 = __riscv_vwmacc_vx_i32m4(a3, *x3++, v, vl);
                a4 = __riscv_vwmacc_vx_i32m4(a4, *x4++, v, vl);
                a5 = __riscv_vwmacc_vx_i32m4(a5, *x5++, v, vl);
            }
        }
        __riscv_vse32_v_i32m4(acc, a0, vl);
        __riscv_vse32_v_i32m4(acc + vl, a1, vl);
        __riscv_vse32_v_i32m4(acc + 2 * vl, a2, vl);
        __riscv_vse32_v_i32m4(acc + 3 * vl, a3, vl);
        __riscv_vse32_v_i32m4(acc + 4 * vl, a4, vl);
        __riscv_vse32_v_i32m4(acc + 5 * vl, a5, vl);
    }
}

/* All output channels of n consecutive pixels. */
static void dense(const struct mnq_layer *l, const struct source *s, int32_t n, int32_t *acc, uint8_t *out)
{
    const size_t oc = (size_t)l->oc, pixel = oc << l->q.out16;
    const int32_t least = oc > __riscv_vsetvlmax_e32m4() || oc > MNQ_RVV_LANES / 2 ? 3 : 6;
    struct block b;
    size_t o, vl;

    for (o = 0; o < oc; o += vl) {
        const size_t left = oc - o < MNQ_RVV_LANES ? oc - o : MNQ_RVV_LANES;
        int32_t p, run;
        vl = least == 3 ? __riscv_vsetvl_e32m8(left) : __riscv_vsetvl_e32m4(left);
        run = mnq_rvv_run(least, vl);
        b.w = (const MNQ_RVV_W *)l->packed + o;
        b.oc = oc;
        b.bias = l->q.bias + o;
        for (p = 0; p < n; p += run) {
            const int32_t count = n - p < run ? n - p : run;
            if (count == 1) tile1(s, (size_t)p, &b, acc, vl);
            else if (least == 3) tiles3(s, (size_t)p, count, &b, acc, vl);
            else tiles6(s, (size_t)p, count, &b, acc, vl);
            mnq_rvv_emit(l, acc, count, (int32_t)o, vl, out + (size_t)p * pixel);
        }
    }
}

/* n int8, whose bits `flip` are flipped, to MNQ_RVV_X. */
static inline MNQ_RVV_X *widen(MNQ_RVV_X *to, const int8_t *from, size_t n, uint8_t flip)
{
    size_t vl;

    for (; n > 0; n -= vl, from += vl, to += vl) {
        vl = __riscv_vsetvl_e8m4(n);
        const vint8m4_t v = __riscv_vxor_vx_i8m4(__riscv_vle8_v_i8m4(from, vl), (int8_t)flip, vl);
        if (sizeof(MNQ_RVV_X) == 1) __riscv_vse8_v_i8m4((int8_t *)to, v, vl);
        else __riscv_vse16_v_i16m8((int16_t *)to, __riscv_vsext_vf2_i16m8(v, vl), vl);
    }
    return to;
}

/* One row of the input, or a row of padding (from NULL), with padding before and behind it. */
static void conv_row(const struct mnq_layer *l, MNQ_RVV_X *to, const void *from)
{
    const size_t c = (size_t)l->c, inside = (size_t)l->w * c;
    const int32_t columns = mnq_rvv_columns(l);
    int32_t x;

    for (x = 0; x < columns; x++) {
        if (from != NULL && x == l->pl) {
            if (sizeof(MNQ_RVV_X) == 2) memcpy(to, from, 2 * inside);
            else widen(to, (const int8_t *)from, inside, l->in_flip);
            to += inside;
            x += l->w - 1;
        } else {
            to = widen(to, l->pad, c, 0);
        }
    }
}

static void conv(const struct mnq_layer *l, const struct mnq_band *b)
{
    const size_t out_row = ((size_t)l->ow * (size_t)l->oc) << l->q.out16, row = mnq_rvv_row_bytes(l);
    uint8_t *const rows = (uint8_t *)b->scratch + MNQ_RVV_ACC;
    int32_t y, next = INT32_MIN, ky, slot = 0; /* of the first row of the window */
    struct source s;

    s.rows = l->kh;
    s.run = l->kw * l->c;
    s.step = (size_t)l->sw * (size_t)l->c;
    for (y = b->y; y < b->y + b->n; y++) {
        const int32_t top = y * l->sh - l->pt;
        for (ky = 0; ky < l->kh; ky++) {
            const int32_t iy = top + ky, at = slot + ky < l->kh ? slot + ky : slot + ky - l->kh;
            MNQ_RVV_X *const to = (MNQ_RVV_X *)(void *)(rows + (size_t)at * row);
            s.row[ky] = to;
            if (iy < next) continue; /* still there */
            conv_row(l, to, iy >= 0 && iy < l->h ? mnq_view_row(&b->in0, iy) : NULL);
            next = iy + 1;
        }
        dense(l, &s, l->ow, (int32_t *)b->scratch, (uint8_t *)b->out + (size_t)(y - b->y) * out_row);
        for (slot += l->sh; slot >= l->kh;) slot -= l->kh;
    }
}

void MNQ_RVV_DENSE(const struct mnq_layer *l, const struct mnq_band *b)
{
    struct source s;

    if (l->op == MNQ_L_CONV) {
        conv(l, b);
        return;
    }
    s.rows = 1;
    s.run = l->c;
    s.step = (size_t)l->c;
    s.row[0] = (const MNQ_RVV_X *)b->in0.at;
    dense(l, &s, b->n * l->w, (int32_t *)b->scratch, (uint8_t *)b->out);
}

#endif
