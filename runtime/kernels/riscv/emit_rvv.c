/* SPDX-License-Identifier: Apache-2.0
 * The output stage for RISC-V vectors, NUMERICS.md sections 2 and 3, without 64-bit lanes: VMULH is the product's upper
 * half, VNCLIP rounds half up, shifts and saturates to 16 bits. That is all a clamp to fewer bits, or h-swish, can see of a
 * sum. */
#include "emit_rvv.h"

#include "mnq_port.h"

#include <riscv_vector.h>

/* Shifts below 1: acc * 2^(1 - shift), saturated; the shift is 1 then. */
static MNQ_APART void raise(int32_t *acc, int32_t n, size_t lanes, const int8_t *shift)
{
    size_t at, vl;
    int32_t p;

    for (at = 0; at < lanes; at += vl) {
        vl = __riscv_vsetvl_e32m4(lanes - at);
        const vint16m2_t s = __riscv_vsext_vf2_i16m2(__riscv_vle8_v_i8m1(shift + at, vl), vl);
        const vint32m4_t up = __riscv_vmax_vx_i32m4(__riscv_vrsub_vx_i32m4(__riscv_vsext_vf2_i32m4(s, vl), 1, vl), 0, vl);
        const vuint32m4_t by = __riscv_vreinterpret_v_i32m4_u32m4(up);
        for (p = 0; p < n; p++) {
            int32_t *const a = acc + (size_t)p * lanes + at;
            const vint32m4_t x = __riscv_vle32_v_i32m4(a, vl);
            const vint32m4_t y = __riscv_vsll_vv_i32m4(x, by, vl);
            const vbool8_t lost = __riscv_vmsne_vv_i32m4_b8(__riscv_vsra_vv_i32m4(y, by, vl), x, vl);
            const vint32m4_t most = __riscv_vxor_vx_i32m4(__riscv_vsra_vx_i32m4(x, 31, vl), INT32_MAX, vl);
            __riscv_vse32_v_i32m4(a, __riscv_vmerge_vvm_i32m4(y, most, lost, vl), vl);
        }
    }
}

/* The shifts of a block, at least 1; sums whose shift is below are raised. */
static inline vuint16m4_t shifts_of(int32_t *acc, int32_t n, size_t lanes, const int8_t *shift)
{
    const vint8m2_t s = __riscv_vle8_v_i8m2(shift, lanes);

    if (__riscv_vfirst_m_b4(__riscv_vmsle_vx_i8m2_b4(s, 0, lanes), lanes) >= 0) raise(acc, n, lanes, shift);
    return __riscv_vzext_vf2_u16m4(
        __riscv_vreinterpret_v_i8m2_u8m2(__riscv_vmax_vx_i8m2(__riscv_vle8_v_i8m2(shift, lanes), 1, lanes)), lanes);
}

static inline vint16m4_t requant(const int32_t *acc, vint32m8_t mult, vuint16m4_t shift, size_t lanes)
{
    const vint32m8_t h = __riscv_vmulh_vv_i32m8(__riscv_vle32_v_i32m8(acc, lanes), mult, lanes);
    return __riscv_vnclip_wv_i16m4(h, shift, __RISCV_VXRM_RNU, lanes);
}

/* h-swish and h-sigmoid: from the sums to the products that the second rounding takes. */
static MNQ_APART void gate(const struct mnq_requant_params *q, int32_t *acc, int32_t n, int32_t o, size_t lanes)
{
    const vuint16m4_t shift = shifts_of(acc, n, lanes, q->shift + o);
    const vint32m8_t mult = __riscv_vle32_v_i32m8(q->mult + o, lanes);
    const int16_t three = (int16_t)(3 << q->frac), six = (int16_t)(6 << q->frac);
    int32_t p;

    for (p = 0; p < n; p++, acc += lanes) {
        const vint16m4_t t = requant(acc, mult, shift, lanes);
        const vint16m4_t u =
            __riscv_vmin_vx_i16m4(__riscv_vmax_vx_i16m4(__riscv_vsadd_vx_i16m4(t, three, lanes), 0, lanes), six, lanes);
        if (q->act == MNQ_A_HSWISH) __riscv_vse32_v_i32m8(acc, __riscv_vwmul_vv_i32m8(t, u, lanes), lanes);
        else __riscv_vse32_v_i32m8(acc, __riscv_vsext_vf2_i32m8(u, lanes), lanes);
    }
}

static inline void put8(const struct mnq_requant_params *q, const int32_t *acc, int32_t n, size_t lanes, vint32m8_t mult,
                        vuint16m4_t shift, int8_t *out, size_t pixel)
{
    const int16_t zp = (int16_t)q->zp;
    const int8_t lo = (int8_t)q->lo, hi = (int8_t)q->hi;
    int32_t p;

    for (p = 0; p < n; p++, acc += lanes, out += pixel) {
        const vint16m4_t y = __riscv_vsadd_vx_i16m4(requant(acc, mult, shift, lanes), zp, lanes);
        const vint8m2_t z = __riscv_vnclip_wx_i8m2(y, 0, __RISCV_VXRM_RNU, lanes);
        __riscv_vse8_v_i8m2(out, __riscv_vmin_vx_i8m2(__riscv_vmax_vx_i8m2(z, lo, lanes), hi, lanes), lanes);
    }
}

/* The zero point is 0. */
static inline void put16(const struct mnq_requant_params *q, const int32_t *acc, int32_t n, size_t lanes, vint32m8_t mult,
                         vuint16m4_t shift, int16_t *out, size_t pixel)
{
    const int16_t lo = (int16_t)q->lo, hi = (int16_t)q->hi;
    int32_t p;

    for (p = 0; p < n; p++, acc += lanes, out += pixel) {
        const vint16m4_t y = requant(acc, mult, shift, lanes);
        __riscv_vse16_v_i16m4(out, __riscv_vmin_vx_i16m4(__riscv_vmax_vx_i16m4(y, lo, lanes), hi, lanes), lanes);
    }
}

void mnq_rvv_emit(const struct mnq_layer *l, int32_t *acc, int32_t n, int32_t o, size_t lanes, void *out)
{
    const struct mnq_requant_params *const q = &l->q;
    const int gated = q->act != MNQ_A_CLAMP;
    const size_t pixel = (size_t)l->oc;

    if (gated) gate(q, acc, n, o, lanes);
    const vuint16m4_t shift = shifts_of(acc, n, lanes, (gated ? q->shift2 : q->shift) + o);
    const vint32m8_t mult = __riscv_vle32_v_i32m8((gated ? q->mult2 : q->mult) + o, lanes);
    if (q->out16) put16(q, acc, n, lanes, mult, shift, (int16_t *)out + o, pixel);
    else put8(q, acc, n, lanes, mult, shift, (int8_t *)out + o, pixel);
}
