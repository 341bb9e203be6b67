/* SPDX-License-Identifier: Apache-2.0
 * ADD, MUL and AVGPOOL for RISC-V vectors: lanes are channels, NUMERICS.md sections 5 to 7. */
#include "emit_rvv.h"
#include "mnq_port.h"
#include "riscv/rvv.h"

#include <riscv_vector.h>

/* n activations, number i and on. */
static inline vint16m4_t load(const void *x, int wide, size_t i, size_t n)
{
    if (wide) return __riscv_vle16_v_i16m4((const int16_t *)x + i, n);
    return __riscv_vsext_vf2_i16m4(__riscv_vle8_v_i8m2((const int8_t *)x + i, n), n);
}

/* Lanes of the next block of channels. */
static inline size_t block(int32_t left)
{
    return __riscv_vsetvl_e32m8((size_t)(left < MNQ_RVV_LANES ? left : MNQ_RVV_LANES));
}

void mnq_add_rvv(const struct mnq_layer *l, const struct mnq_band *b)
{
    const size_t c = (size_t)l->c, pixel = c << l->q.out16;
    const int32_t pixels = b->n * l->w;
    const int16_t *const u = (const int16_t *)l->weights, *const v = u + c;
    int32_t *const acc = (int32_t *)b->scratch;
    int32_t o, p, k;
    size_t vl;

    for (o = 0; o < l->c; o += (int32_t)vl) {
        int32_t run;
        vl = block(l->c - o);
        run = mnq_rvv_run(3, vl);
        for (p = 0; p < pixels; p += run) {
            const int32_t n = pixels - p < run ? pixels - p : run;
            size_t i = (size_t)p * c + (size_t)o;
            for (k = 0; k < n; k++, i += c) {
                vint32m8_t a = __riscv_vle32_v_i32m8(l->q.bias + o, vl);
                a = __riscv_vwmacc_vv_i32m8(a, __riscv_vle16_v_i16m4(u + o, vl), load(b->in0.at, l->in16, i, vl), vl);
                a = __riscv_vwmacc_vv_i32m8(a, __riscv_vle16_v_i16m4(v + o, vl), load(b->in1.at, l->in16b, i, vl), vl);
                __riscv_vse32_v_i32m8(acc + (size_t)k * vl, a, vl);
            }
            mnq_rvv_emit(l, acc, n, o, vl, (uint8_t *)b->out + (size_t)p * pixel);
        }
    }
}

void mnq_mul_rvv(const struct mnq_layer *l, const struct mnq_band *b)
{
    const size_t c = (size_t)l->c, pixel = c << l->q.out16, apart = l->point1 ? 0 : c;
    const int16_t z0 = (int16_t)l->zp0, z1 = (int16_t)l->zp1; /* 0 where activations are int16 */
    const int32_t pixels = b->n * l->w;
    int32_t *const acc = (int32_t *)b->scratch;
    int32_t o, p, k;
    size_t vl;

    for (o = 0; o < l->c; o += (int32_t)vl) {
        int32_t run;
        vl = block(l->c - o);
        run = mnq_rvv_run(3, vl);
        for (p = 0; p < pixels; p += run) {
            const int32_t n = pixels - p < run ? pixels - p : run;
            size_t i = (size_t)p * c + (size_t)o, j = (size_t)p * apart + (size_t)o;
            for (k = 0; k < n; k++, i += c, j += apart) {
                const vint16m4_t x = __riscv_vsub_vx_i16m4(load(b->in0.at, l->in16, i, vl), z0, vl),
                                 y = __riscv_vsub_vx_i16m4(load(b->in1.at, l->in16b, j, vl), z1, vl);
                __riscv_vse32_v_i32m8(acc + (size_t)k * vl, __riscv_vwmul_vv_i32m8(x, y, vl), vl);
            }
            mnq_rvv_emit(l, acc, n, o, vl, (uint8_t *)b->out + (size_t)p * pixel);
        }
    }
}

/* The window of output pixel (y, x), channels o and on. */
static void window(const struct mnq_layer *l, const struct mnq_band *b, int32_t y, int32_t x, int32_t o, int32_t *acc,
                   size_t vl)
{
    vint32m8_t a = __riscv_vle32_v_i32m8(l->q.bias + o, vl);
    int32_t ky, kx;

    for (ky = 0; ky < l->kh; ky++) {
        const void *const row = mnq_view_row(&b->in0, y * l->sh + ky);
        size_t i = (size_t)(x * l->sw) * (size_t)l->c + (size_t)o;
        for (kx = 0; kx < l->kw; kx++, i += (size_t)l->c) a = __riscv_vwadd_wv_i32m8(a, load(row, l->in16, i, vl), vl);
    }
    __riscv_vse32_v_i32m8(acc, a, vl);
}

/* Global pooling as rows arrive: the sums are in scratch. */
static void sums(const struct mnq_layer *l, const struct mnq_band *b)
{
    const size_t c = (size_t)l->c, pixels = (size_t)b->n * (size_t)l->w;
    int32_t *const sum = (int32_t *)b->scratch;
    int32_t o;
    size_t vl, p;

    for (o = 0; o < l->c; o += (int32_t)vl) {
        vl = block(l->c - o);
        vint32m8_t a = __riscv_vle32_v_i32m8((b->y == 0 ? l->q.bias : sum) + o, vl);
        for (p = 0; p < pixels; p++) a = __riscv_vwadd_wv_i32m8(a, load(b->in0.at, l->in16, p * c + (size_t)o, vl), vl);
        __riscv_vse32_v_i32m8(sum + o, a, vl);
        if (b->y + b->n == l->h) mnq_rvv_emit(l, sum + o, 1, o, vl, b->out);
    }
}

void mnq_avgpool_rvv(const struct mnq_layer *l, const struct mnq_band *b)
{
    const size_t pixel = (size_t)l->c << l->q.out16;
    int32_t *const acc = (int32_t *)b->scratch;
    uint8_t *out = (uint8_t *)b->out;
    int32_t y, x, o;
    size_t vl;

    if (l->op == MNQ_L_AVGPOOL_SUM) {
        sums(l, b);
        return;
    }
    for (y = b->y; y < b->y + b->n; y++)
        for (x = 0; x < l->ow; x++, out += pixel)
            for (o = 0; o < l->c; o += (int32_t)vl) {
                vl = block(l->c - o);
                window(l, b, y, x, o, acc, vl);
                mnq_rvv_emit(l, acc, 1, o, vl, out);
            }
}
