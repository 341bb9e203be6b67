/* SPDX-License-Identifier: Apache-2.0
 * The output stage of NUMERICS.md section 3 for four values in vectors of Helium: VMULH is the truncating high product,
 * VRSHL the rounding shift. */
#ifndef MNQ_REQUANT_MVE_H
#define MNQ_REQUANT_MVE_H

#include "kernels.h"

#include <arm_mve.h>

/** acc by m and r; rising: shifts below 1 may occur. */
static inline int32x4_t mnq_mve_requant(int32x4_t acc, int32x4_t m, int32x4_t r, int rising)
{
    if (rising) {
        const int32x4_t one = vdupq_n_s32(1);
        acc = vqshlq_s32(acc, vmaxq_s32(vsubq_s32(one, r), vdupq_n_s32(0)));
        r = vmaxq_s32(r, one);
    }
    return vrshlq_s32(vmulhq_s32(acc, m), vnegq_s32(r));
}

/** h-swish or h-sigmoid's second factor: u, or t * u, of a first requantization. */
static inline int32x4_t mnq_mve_gate(const struct mnq_requant_params *q, int32x4_t y)
{
    const int32_t one = (int32_t)((uint32_t)1 << q->frac);
    const int32x4_t t = vmaxq_s32(vminq_s32(y, vdupq_n_s32(32767)), vdupq_n_s32(-32768));
    const int32x4_t u = vmaxq_s32(vminq_s32(vaddq_n_s32(t, 3 * one), vdupq_n_s32(6 * one)), vdupq_n_s32(0));

    return q->act == MNQ_A_HSWISH ? vmulq_s32(t, u) : u;
}

/** Zero point and clamp. */
static inline int32x4_t mnq_mve_clamp(const struct mnq_requant_params *q, int32x4_t y)
{
    return vmaxq_s32(vminq_s32(vaddq_n_s32(y, q->zp), vdupq_n_s32(q->hi)), vdupq_n_s32(q->lo));
}

#endif
