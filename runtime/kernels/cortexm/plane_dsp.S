/* SPDX-License-Identifier: Apache-2.0
 * Rows of single channels as int16, from pixels of many channels: what dwconv3x3_dsp.S reads. dwconv_dsp.h has the contract. */
#include "variants.h"

    .syntax unified
    .thumb

    .macro BEGIN name
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    .endm

/* One pixel of four channels of int8, of two channels of int16. */
    .macro ONE bits
    .if \bits == 8
    ldrsb r7, [r2]
    ldrsb r8, [r2, #1]
    ldrsb r9, [r2, #2]
    ldrsb r10, [r2, #3]
    strh r7, [r0], #2
    strh r8, [r4], #2
    strh r9, [r5], #2
    strh r10, [r6], #2
    .else
    ldrh r7, [r2]
    ldrh r8, [r2, #2]
    strh r7, [r0], #2
    strh r8, [r4], #2
    .endif
    .endm

/* Two pixels: bytes 0, 2 and 1, 3 apart, then pixel beside pixel. */
    .macro TWO bits
    ldr r7, [r2]
    ldr r8, [r2, r12]
    add r2, r2, r12, lsl #1
    .if \bits == 8
    sxtb16 r9, r7
    sxtb16 r7, r7, ror #8
    sxtb16 r10, r8
    sxtb16 r8, r8, ror #8
    pkhbt r11, r9, r10, lsl #16
    pkhtb r10, r10, r9, asr #16
    pkhbt r9, r7, r8, lsl #16
    pkhtb r8, r8, r7, asr #16
    str r11, [r0], #4
    str r9, [r4], #4
    str r10, [r5], #4
    str r8, [r6], #4
    .else
    pkhbt r9, r7, r8, lsl #16
    pkhtb r10, r8, r7, asr #16
    str r9, [r0], #4
    str r10, [r4], #4
    .endif
    .endm

/* void name(int16_t *to, size_t plane, const void *from, size_t pixel, int32_t n) */
    .macro PLANES name, bits
    BEGIN \name
    push {r4-r11, lr}
    ldr lr, [sp, #36]
    mov r12, r3
    add r4, r0, r1
    .if \bits == 8
    add r5, r4, r1
    add r6, r5, r1
    .endif
    tst r0, #2
    beq 1f
    ONE \bits
    add r2, r2, r12
    sub lr, lr, #1
1:
    subs lr, lr, #2
    blo 3f
2:
    TWO \bits
    subs lr, lr, #2
    bhs 2b
3:
    adds lr, lr, #2
    beq 4f
    ONE \bits
4:
    pop {r4-r11, pc}
    .size \name, . - \name
    .endm

#if MNQ_VARIANTS_PLANES & 1
    PLANES mnq_dsp_planes_s8, 8
#endif
#if MNQ_VARIANTS_PLANES & 4
    PLANES mnq_dsp_planes_s16, 16
#endif

/* void mnq_dsp_fill(int16_t *to, int32_t value, size_t n): n > 0, a multiple of 8 */
    BEGIN mnq_dsp_fill
    pkhbt r1, r1, r1, lsl #16
    mov r3, r1
1:
    strd r1, r3, [r0], #8
    strd r1, r3, [r0], #8
    subs r2, r2, #8
    bne 1b
    bx lr
    .size mnq_dsp_fill, . - mnq_dsp_fill
