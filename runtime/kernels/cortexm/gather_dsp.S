/* SPDX-License-Identifier: Apache-2.0
 * Inputs of four pixels side by side, as int16 pairs: what block_dsp.S multiplies. layout_dsp.h says in which order. Where a
 * run ends with half a pair, the other half is anything: its weight is 0. */
#include "variants.h"

    .syntax unified
    .thumb

/* One int8 of each pixel, `at` bytes ahead. */
    .macro BYTES flip, at, a, b, c, d
    .if \flip
    ldrb \a, [r1, #\at]
    ldrb \b, [r2, #\at]
    ldrb \c, [r3, #\at]
    ldrb \d, [r12, #\at]
    sub \a, \a, #128
    sub \b, \b, #128
    sub \c, \c, #128
    sub \d, \d, #128
    .else
    ldrsb \a, [r1, #\at]
    ldrsb \b, [r2, #\at]
    ldrsb \c, [r3, #\at]
    ldrsb \d, [r12, #\at]
    .endif
    .endm

/* uint32_t *name(uint32_t *to, const void *p0, const void *p1, const void *p2, const void *p3, size_t n) */
    .macro GATHER name, bits, flip
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    push {r4-r11, lr}
    ldrd r12, lr, [sp, #36]
    .if \bits == 8
    subs lr, lr, #4
    blo 2f
1:
    ldr r4, [r1], #4
    ldr r5, [r2], #4
    ldr r6, [r3], #4
    ldr r7, [r12], #4
    .if \flip
    eor r4, r4, #0x80808080
    eor r5, r5, #0x80808080
    eor r6, r6, #0x80808080
    eor r7, r7, #0x80808080
    .endif
    sxtb16 r8, r4, ror #8
    sxtb16 r9, r5, ror #8
    sxtb16 r10, r6, ror #8
    sxtb16 r11, r7, ror #8
    sxtb16 r4, r4
    sxtb16 r5, r5
    sxtb16 r6, r6
    sxtb16 r7, r7
    stm r0!, {r4-r11}
    subs lr, lr, #4
    bhs 1b
2:
    adds lr, lr, #4
    beq 4f
    BYTES \flip, 0, r4, r5, r6, r7
    subs lr, lr, #2
    blo 3f
    BYTES \flip, 1, r8, r9, r10, r11
    pkhbt r4, r4, r8, lsl #16
    pkhbt r5, r5, r9, lsl #16
    pkhbt r6, r6, r10, lsl #16
    pkhbt r7, r7, r11, lsl #16
    beq 3f
    stm r0!, {r4-r7}
    BYTES \flip, 2, r4, r5, r6, r7
3:
    stm r0!, {r4-r7}
    .else
    subs lr, lr, #4
    blo 2f
1:
    ldr r4, [r1], #4
    ldr r5, [r2], #4
    ldr r6, [r3], #4
    ldr r7, [r12], #4
    ldr r8, [r1], #4
    ldr r9, [r2], #4
    ldr r10, [r3], #4
    ldr r11, [r12], #4
    stm r0!, {r4-r11}
    subs lr, lr, #4
    bhs 1b
2:
    adds lr, lr, #4
    beq 4f
    subs lr, lr, #2
    blo 3f
    ldr r4, [r1], #4
    ldr r5, [r2], #4
    ldr r6, [r3], #4
    ldr r7, [r12], #4
    stm r0!, {r4-r7}
    beq 4f
3:
    ldrh r4, [r1]
    ldrh r5, [r2]
    ldrh r6, [r3]
    ldrh r7, [r12]
    stm r0!, {r4-r7}
    .endif
4:
    pop {r4-r11, pc}
    .size \name, . - \name
    .endm

#if MNQ_VARIANTS_IN & 1
    GATHER mnq_dsp_gather_s8, 8, 0
#endif
#if MNQ_VARIANTS_IN & 2
    GATHER mnq_dsp_gather_u8, 8, 1
#endif
#if MNQ_VARIANTS_IN & 4
    GATHER mnq_dsp_gather_s16, 16, 0
#endif
