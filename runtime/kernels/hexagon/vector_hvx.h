/* SPDX-License-Identifier: Apache-2.0
 * HVX vectors under names of our own: types, memory, the few instructions that the kernels use. */
#ifndef MNQ_VECTOR_HVX_H
#define MNQ_VECTOR_HVX_H

#include <stddef.h>
#include <stdint.h>

typedef int mnq_v __attribute__((__vector_size__(128), __aligned__(128), __may_alias__));
typedef int mnq_vv __attribute__((__vector_size__(256), __aligned__(128))); /* two vectors */
typedef int mnq_vu __attribute__((__vector_size__(128), __aligned__(1), __may_alias__));

#define V_(name, ...)  __builtin_HEXAGON_V6_##name##_128B(__VA_ARGS__)
#define MNQ_HVX_INLINE static inline __attribute__((always_inline))
#define V_OP1(name, op)                                                                                                     \
    MNQ_HVX_INLINE mnq_v name(mnq_v a)                                                                                      \
    {                                                                                                                       \
        return V_(op, a);                                                                                                   \
    }
#define V_OP2(name, op)                                                                                                     \
    MNQ_HVX_INLINE mnq_v name(mnq_v a, mnq_v b)                                                                             \
    {                                                                                                                       \
        return V_(op, a, b);                                                                                                \
    }
#define V_OP3(name, op)                                                                                                     \
    MNQ_HVX_INLINE mnq_v name(mnq_v a, mnq_v b, mnq_v c)                                                                    \
    {                                                                                                                       \
        return V_(op, a, b, c);                                                                                             \
    }
#define V_WIDE1(name, op)                                                                                                   \
    MNQ_HVX_INLINE mnq_vv name(mnq_v a)                                                                                     \
    {                                                                                                                       \
        return V_(op, a);                                                                                                   \
    }
#define V_WIDE2(name, op)                                                                                                   \
    MNQ_HVX_INLINE mnq_vv name(mnq_v a, mnq_v b)                                                                            \
    {                                                                                                                       \
        return V_(op, a, b);                                                                                                \
    }
#define V_WIDE3(name, op)                                                                                                   \
    MNQ_HVX_INLINE mnq_vv name(mnq_vv a, mnq_v b, mnq_v c)                                                                  \
    {                                                                                                                       \
        return V_(op, a, b, c);                                                                                             \
    }

/* ---- lanes ---- */

V_OP2(v_add_w, vaddw)
V_OP2(v_sub_w, vsubw)
V_OP2(v_sub_h, vsubh)
V_OP2(v_add_h_sat, vaddhsat)
V_OP2(v_min_w, vminw)
V_OP2(v_max_w, vmaxw)
V_OP2(v_min_h, vminh)
V_OP2(v_max_h, vmaxh)
V_OP2(v_min_b, vminb)
V_OP2(v_max_b, vmaxb)
V_OP2(v_xor, vxor)
V_OP2(v_asr_w, vasrwv) /* by the signed amounts of b, -32..31 */
V_OP2(v_asl_w, vaslwv)
V_OP2(v_mul_w_uh, vmpyiewuh)     /* low 32 bits of a.w times the lower, unsigned half of b */
V_OP2(v_pack_w_sat, vpackwh_sat) /* int16 of b, then those of a */
V_OP2(v_pack_h_sat, vpackhb_sat) /* int8 of b, then those of a */
V_OP2(v_sat_w, vsatwh)           /* int16 of b as even, of a as odd lanes */
V_WIDE1(v_unpack_b, vunpackb)    /* int16 of the lower and of the upper bytes */
V_WIDE3(v_mac_h, vmpyhv_acc)     /* a.w += products of int16: even lanes, odd lanes */
V_WIDE2(v_mul_h, vmpyhv)

MNQ_HVX_INLINE mnq_v v_low(mnq_vv a)
{
    return V_(lo, a);
}

MNQ_HVX_INLINE mnq_v v_high(mnq_vv a)
{
    return V_(hi, a);
}

MNQ_HVX_INLINE mnq_vv v_pair(mnq_v high, mnq_v low)
{
    return V_(vcombine, high, low);
}

MNQ_HVX_INLINE mnq_v v_splat_w(int32_t x)
{
    return V_(lvsplatw, x);
}

MNQ_HVX_INLINE mnq_vv v_zero(void)
{
    return v_pair(v_splat_w(0), v_splat_w(0));
}

MNQ_HVX_INLINE mnq_v v_splat_h(int32_t x)
{
    return V_(lvsplath, x);
}

MNQ_HVX_INLINE mnq_v v_splat_b(int32_t x)
{
    return V_(lvsplatb, x);
}

/** a.w += products of four uint8 with the int8 of word x. */
MNQ_HVX_INLINE mnq_v v_dot4(mnq_v a, mnq_v w, int32_t x)
{
    return V_(vrmpybus_acc, a, w, x);
}

/** a.w += products of two int16 with those of word x; the sums fit. */
MNQ_HVX_INLINE mnq_v v_dot2(mnq_v a, mnq_v w, int32_t x)
{
    return V_(vdmpyhsat_acc, a, w, x);
}

/** Byte i becomes byte i + n mod 128. */
MNQ_HVX_INLINE mnq_v v_rotate(mnq_v a, int32_t n)
{
    return V_(vror, a, n);
}

/** floor(a * m / 2^32). */
MNQ_HVX_INLINE mnq_v v_mulhi_w(mnq_v a, mnq_v m)
{
    return V_(hi, V_(vmpyowh_64_acc, V_(vmpyewuh_64, a, m), a, m));
}

/** Lanes of c where a.w equals b.w, else of d. */
MNQ_HVX_INLINE mnq_v v_where_equal_w(mnq_v a, mnq_v b, mnq_v c, mnq_v d)
{
    return V_(vmux, V_(veqw, a, b), c, d);
}

/** Lanes of c where a.h is greater than b.h, else of d. */
MNQ_HVX_INLINE mnq_v v_where_greater_h(mnq_v a, mnq_v b, mnq_v c, mnq_v d)
{
    return V_(vmux, V_(vgth, a, b), c, d);
}

/** Elements of n bytes, a power of two, of b and then a: those with even numbers, those with odd ones. */
MNQ_HVX_INLINE mnq_vv v_deal(mnq_v a, mnq_v b, int32_t n)
{
    return V_(vdealvdd, a, b, -n);
}

/* ---- memory ---- */

MNQ_HVX_INLINE mnq_v v_load(const void *p)
{
    return *(const mnq_vu *)p;
}

MNQ_HVX_INLINE void v_store(void *p, mnq_v a)
{
    *(mnq_vu *)p = a;
}

/** 128-byte aligned. */
MNQ_HVX_INLINE mnq_v v_load_aligned(const void *p)
{
    return *(const mnq_v *)p;
}

MNQ_HVX_INLINE void v_store_aligned(void *p, mnq_v a)
{
    *(mnq_v *)p = a;
}

/** The n bytes from p on, n 1..128, with anything behind them; reads the one or two aligned vectors in which they lie. */
MNQ_HVX_INLINE mnq_v v_load_some(const void *p, int32_t n)
{
    const uintptr_t at = (uintptr_t)p, first = at & -(uintptr_t)128, last = (at + (uintptr_t)n - 1) & -(uintptr_t)128;

    return V_(valignb, v_load_aligned((const void *)last), v_load_aligned((const void *)first), (int32_t)at);
}

/** Stores the first n bytes, n 1..128, and no other. */
MNQ_HVX_INLINE void v_store_some(void *p, mnq_v a, int32_t n)
{
    const int32_t first = (int32_t)((uintptr_t)p & 127), end = first + n;
    mnq_v *const to = (mnq_v *)((uintptr_t)p & -(uintptr_t)128);
    const mnq_v turned = v_rotate(a, -first);

    if (end <= 128) {
        V_(vS32b_qpred_ai, V_(pred_and_n, V_(pred_scalar2v2, end), V_(pred_scalar2, first)), to, turned);
    } else {
        V_(vS32b_nqpred_ai, V_(pred_scalar2, first), to, turned);
        V_(vS32b_qpred_ai, V_(pred_scalar2, end - 128), to + 1, turned);
    }
}

/** Stores what there is room for in front of `end`, at least one byte. */
MNQ_HVX_INLINE void v_store_before(void *p, mnq_v a, const uint8_t *end)
{
    const ptrdiff_t room = end - (uint8_t *)p;

    if (room >= 128) v_store(p, a);
    else v_store_some(p, a, (int32_t)room);
}

/** The first aligned vector in scratch. */
MNQ_HVX_INLINE void *mnq_hvx_aligned(void *scratch)
{
    return (void *)(((uintptr_t)scratch + 127) & -(uintptr_t)128);
}

#endif
