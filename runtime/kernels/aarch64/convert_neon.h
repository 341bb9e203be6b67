/* SPDX-License-Identifier: Apache-2.0
 * Inputs of the AArch64 kernels in the form that products want: int16, or bytes of values q. */
#ifndef MNQ_CONVERT_NEON_H
#define MNQ_CONVERT_NEON_H

#include "mnq_port.h"

#include <arm_neon.h>
#include <stdint.h>

/** n values as int16; in16: they are so already; in_flip as in struct mnq_layer. */
static inline void mnq_neon_wide(int16_t *to, const uint8_t *from, size_t n, int in16, uint8_t in_flip)
{
    const uint8x16_t flip = vdupq_n_u8(in_flip);
    size_t i = 0;

    if (in16) {
        memcpy(to, from, 2 * n);
        return;
    }
    for (; i + 16 <= n; i += 16) {
        const int8x16_t x = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(from + i), flip));
        vst1q_s16(to + i, vmovl_s8(vget_low_s8(x)));
        vst1q_s16(to + i + 8, vmovl_high_s8(x));
    }
    while (i < n && n >= 8) { /* the last eight, some of them for the second time */
        if (i + 8 > n) i = n - 8;
        vst1q_s16(to + i, vmovl_s8(vreinterpret_s8_u8(veor_u8(vld1_u8(from + i), vget_low_u8(flip)))));
        i += 8;
    }
    for (; i < n; i++) to[i] = (int8_t)(from[i] ^ in_flip);
}

/** n bytes as values q. */
static inline void mnq_neon_bytes(uint8_t *to, const uint8_t *from, size_t n, uint8_t in_flip)
{
    const uint8x16_t flip = vdupq_n_u8(in_flip);
    size_t i = 0;

    for (; i + 16 <= n; i += 16) vst1q_u8(to + i, veorq_u8(vld1q_u8(from + i), flip));
    while (i < n && n >= 8) {
        if (i + 8 > n) i = n - 8;
        vst1_u8(to + i, veor_u8(vld1_u8(from + i), vget_low_u8(flip)));
        i += 8;
    }
    for (; i < n; i++) to[i] = (uint8_t)(from[i] ^ in_flip);
}

#endif
