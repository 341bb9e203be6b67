/* SPDX-License-Identifier: Apache-2.0
 * Inputs of four pixels side by side for a Cortex-M3: what block_m3.S multiplies. Of each input four words, one a pixel; as
 * lanes two words of two pixels each. Inputs are paired: where their number is odd, the last one's partner is anything, for its
 * weight is 0. */
#include "variants.h"

    .syntax unified
    .thumb

/* One input of each pixel. */
    .macro INPUT ld, bytes, lanes
    \ld r4, [r1], #\bytes
    \ld r5, [r2], #\bytes
    \ld r6, [r3], #\bytes
    \ld r7, [r12], #\bytes
    .if \lanes
    add r4, r4, r5, lsl #23
    add r5, r6, r7, lsl #23
    .endif
    .endm

    .macro STORE lanes
    .if \lanes
    strd r4, r5, [r0], #8
    .else
    stm r0!, {r4-r7}
    .endif
    .endm

/* void name(uint32_t *to, const void *p0, const void *p1, const void *p2, const void *p3, size_t n) */
    .macro GATHER name, ld, bytes, lanes
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    push {r4-r7, lr}
    ldrd r12, lr, [sp, #20]
    subs lr, lr, #2
    blo 2f
1:
    INPUT \ld, \bytes, \lanes
    STORE \lanes
    INPUT \ld, \bytes, \lanes
    STORE \lanes
    subs lr, lr, #2
    bhs 1b
2:
    adds lr, lr, #2
    beq 3f
    INPUT \ld, \bytes, \lanes
    STORE \lanes
3:
    pop {r4-r7, pc}
    .size \name, . - \name
    .endm

#if MNQ_VARIANTS_IN & 1
    GATHER mnq_m3_gather_s8, ldrsb, 1, 0
#endif
#if MNQ_VARIANTS_IN & 2
    GATHER mnq_m3_gather_u8, ldrb, 1, 0
#endif
#if MNQ_VARIANTS_IN & 4
    GATHER mnq_m3_gather_s16, ldrsh, 2, 0
#endif
#if MNQ_VARIANTS_IN & 8
    GATHER mnq_m3_lanes_s8, ldrsb, 1, 1
#endif
#if MNQ_VARIANTS_IN & 16
    GATHER mnq_m3_lanes_u8, ldrb, 1, 1
#endif
