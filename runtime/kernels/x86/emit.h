/* SPDX-License-Identifier: Apache-2.0
 * The output stage of the x86 kernels, NUMERICS.md sections 2 and 3: pixels of a block of output channels, from accumulators
 * in memory to the output. The parameters of a block stay in registers from pixel to pixel. */
#ifndef MNQ_X86_EMIT_H
#define MNQ_X86_EMIT_H

#include "emit_x86.h"

/* Included behind one of lanes_*.h. */

/* The parameters of one rounding, K vectors of each. */
struct round {
    vec m[4], odd[4], add[4], shift[4];
    const int32_t *left;
};

MNQ_INLINE void round_load(struct round *r, const int32_t *par, int K)
{
    MNQ_UNROLL
    for (int k = 0; k < K; k++) {
        const int32_t *const p = par + k * LANES;
        r->m[k] = v_load(p + MNQ_X86_MULT * K * LANES);
        r->odd[k] = v_odd(r->m[k]);
        r->add[k] = v_load(p + MNQ_X86_ADD * K * LANES);
        r->shift[k] = v_load(p + MNQ_X86_SHIFT * K * LANES);
    }
    r->left = par + MNQ_X86_LEFT * K * LANES;
}

MNQ_INLINE vec round_do(const struct round *r, int k, vec a, int general)
{
    if (general) a = v_sat_shl(a, v_load(r->left + k * LANES));
    return v_sra(v_add32(v_mulhi(a, r->m[k], r->odd[k]), r->add[k]), r->shift[k]);
}

/* HSWISH or HSIGMOID of two vectors: t * u or u, as int32. */
MNQ_INLINE void gate(vec *a, vec *b, int act, vec three, vec six)
{
    const vec zero = v_set32(0), t = v_narrow32(*a, *b);
    vec u = v_clamp16(v_adds16(t, three), zero, six), high = zero;
    if (act == MNQ_A_HSWISH) {
        high = v_mulhi16(t, u);
        u = v_mullo16(t, u);
    }
    *a = v_lo16(u, high);
    *b = v_hi16(u, high);
}

MNQ_INLINE void emit_rows(const struct mnq_emit *e, const int32_t *par, const int32_t *acc, int rows, uint8_t *out, int n,
                          int K, int act, int general, int out16)
{
    const vec lo = out16 ? v_set16(e->lo) : v_set8(e->lo), hi = out16 ? v_set16(e->hi) : v_set8(e->hi);
    const size_t step = (size_t)e->oc << out16;
    const vec three = v_set16(3 << e->frac), six = v_set16(6 << e->frac), zp = v_set32(e->zp);
    struct round r1, r2;

    round_load(&r1, par, K);
    if (act != MNQ_A_CLAMP) round_load(&r2, par + MNQ_X86_FIELDS1 * K * LANES, K);
    for (; rows > 0; rows--, acc += K * LANES, out += step) {
        vec y[4];
        MNQ_UNROLL
        for (int k = 0; k < K; k++) y[k] = round_do(&r1, k, v_load(acc + k * LANES), general);
        if (act != MNQ_A_CLAMP) {
            if (K == 1) y[1] = y[0];
            gate(&y[0], &y[1], act, three, six);
            if (K == 4) gate(&y[2], &y[3], act, three, six);
            MNQ_UNROLL
            for (int k = 0; k < K; k++) y[k] = round_do(&r2, k, y[k], general);
        }
        if (general) {
            MNQ_UNROLL
            for (int k = 0; k < K; k++) y[k] = v_add32(y[k], zp);
        }
        if (out16) v_put16(out, y, K, lo, hi, n);
        else v_put8(out, y, K, lo, hi, n);
    }
}

MNQ_INLINE void emit_act(const struct mnq_emit *e, const int32_t *par, const int32_t *acc, int rows, uint8_t *out, int n,
                         int K, int act)
{
    if (e->general) {
        if (e->out16) emit_rows(e, par, acc, rows, out, n, K, act, 1, 1);
        else emit_rows(e, par, acc, rows, out, n, K, act, 1, 0);
    } else {
        if (e->out16) emit_rows(e, par, acc, rows, out, n, K, act, 0, 1);
        else emit_rows(e, par, acc, rows, out, n, K, act, 0, 0);
    }
}

MNQ_INLINE void emit_block(const struct mnq_emit *e, const int32_t *acc, int rows, int32_t o, int K, uint8_t *out)
{
    const int32_t *const par = e->par + (size_t)o * (size_t)e->fields;
    const int n = e->oc - o < K * LANES ? (int)(e->oc - o) : K * LANES;

    if (e->act == MNQ_A_CLAMP) emit_act(e, par, acc, rows, out, n, K, MNQ_A_CLAMP);
    else if (e->act == MNQ_A_HSWISH) emit_act(e, par, acc, rows, out, n, K, MNQ_A_HSWISH);
    else emit_act(e, par, acc, rows, out, n, K, MNQ_A_HSIGMOID);
}

void MNQ_X86_NAME(mnq_emit)(const struct mnq_emit *e, const int32_t *acc, int pixels, int32_t o, int K, void *out)
{
    uint8_t *const to = (uint8_t *)out + ((size_t)o << e->out16);

    if (K == 1) emit_block(e, acc, pixels, o, 1, to);
    else if (K == 2) emit_block(e, acc, pixels, o, 2, to);
#if MNQ_X86_LANES == 16
    else emit_block(e, acc, pixels, o, 4, to);
#endif
}

#endif
