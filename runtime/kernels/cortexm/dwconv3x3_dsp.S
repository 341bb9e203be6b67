/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 3x3, one channel, four outputs at a time, for a Cortex-M with the DSP extension: the inner loops of dwconv_dsp.c.
 * dwconv_dsp.h says what is where.
 *
 * Rows are int16, so a word holds two neighbours and SMLAD takes two of a row's three taps; outputs whose first neighbour is
 * the upper half of a word take the taps as (0), (1, 2) instead of (0, 1), (2). */
#include "variants.h"

    .syntax unified
    .thumb

    .equ STRIDE, 0
    .equ END, 4
    .equ STOP, 8
    .equ BACK, 12
    .equ BACK_OUT, 16
    .equ SKIP, 20
    .equ ROWS, 28
    .equ FULL, 32
    .equ FRAME, 40
    .equ BIAS, 24
    .equ SCALE, 28

/* One row of the window of four outputs, stride 1: sums r5, r6, r7, r4 of outputs 0, 1, 2, 3. The first row starts from r4. */
    .macro ROW1 row, off, a5, a6, a7
    ldr r8, [\row], #4
    ldr r9, [\row], #4
    ldr r10, [\row]
    ldrd r11, r12, [r3, #\off]
    smlad r5, r8, r11, \a5
    smlatb r6, r8, r11, \a6
    smlad r7, r9, r11, \a7
    smlatb r4, r9, r11, r4
    smlabt r5, r9, r12, r5
    smlad r6, r9, r12, r6
    smlabt r7, r10, r12, r7
    smlad r4, r10, r12, r4
    .endm

/* The same, stride 2. */
    .macro ROW2 row, off, a5, a6, a7
    ldrd r11, r12, [r3, #\off]
    ldr r8, [\row], #4
    ldr r9, [\row], #4
    ldr r10, [\row], #4
    smlad r5, r8, r11, \a5
    smlad r6, r9, r11, \a6
    smlad r7, r10, r11, \a7
    ldr r8, [\row], #4
    smlabt r5, r9, r12, r5
    smlabt r6, r10, r12, r6
    ldr r9, [\row]
    smlad r4, r8, r11, r4
    smlabt r7, r8, r12, r7
    smlabt r4, r9, r12, r4
    .endm

    .macro OUTPUT sat, to, st
    .if \to != 0
    ldrd r8, r9, [r3, #SCALE]
    ldr r10, [r3, #SCALE + 8]
    smmla r5, r5, r8, r9
    smmla r6, r6, r8, r9
    smmla r7, r7, r8, r9
    smmla r4, r4, r8, r9
    asr r5, r5, r10
    asr r6, r6, r10
    asr r7, r7, r10
    asr r4, r4, r10
    ldrd r11, r12, [sp, #STRIDE]
    \sat r5, #\to, r5
    \sat r6, #\to, r6
    \sat r7, #\to, r7
    \sat r4, #\to, r4
    .else
    ldrd r11, r12, [sp, #STRIDE]
    .endif
    \st r5, [lr]
    \st r6, [lr, r11]
    add lr, lr, r11, lsl #1
    \st r7, [lr]
    \st r4, [lr, r11]
    add lr, lr, r11, lsl #1
    .endm

/* void name(const struct mnq_dsp_dw *) */
    .macro DWCONV name, row, sat, to, st
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    add r12, r0, #20
    ldm r12, {r1-r10}
    stm sp, {r1-r10}
    ldr lr, [r0, #16]
    ldm r0, {r0-r3}
1:
    ldr r4, [r3, #BIAS]
    \row r0, 0, r4, r4, r4
    \row r1, 8, r5, r6, r7
    \row r2, 16, r5, r6, r7
    OUTPUT \sat, \to, \st
    cmp r0, r12
    bne 1b
    /* the end of whole groups, or of the row: a rest is a group that overlaps the last one */
    ldr r8, [sp, #STOP]
    cmp r8, r12
    beq 2f
    str r8, [sp, #END]
    ldrd r9, r10, [sp, #BACK]
    sub r0, r0, r9
    sub r1, r1, r9
    sub r2, r2, r9
    sub lr, lr, r10
    b 1b
2:
    ldr r8, [sp, #ROWS]
    subs r8, r8, #1
    beq 3f
    str r8, [sp, #ROWS]
    ldrd r8, r9, [sp, #SKIP]
    add r0, r0, r8
    add r1, r1, r8
    add r2, r2, r8
    add lr, lr, r9
    ldrd r8, r9, [sp, #FULL]
    add r8, r8, r0
    add r9, r9, r0
    strd r8, r9, [sp, #END]
    b 1b
3:
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .size \name, . - \name
    .endm

#if MNQ_VARIANTS_DW & 0x1
    DWCONV mnq_dsp_dw1_s8, ROW1, ssat, 8, strb
#endif
#if MNQ_VARIANTS_DW & 0x2
    DWCONV mnq_dsp_dw1_u13, ROW1, usat, 13, strh
#endif
#if MNQ_VARIANTS_DW & 0x4
    DWCONV mnq_dsp_dw1_s14, ROW1, ssat, 14, strh
#endif
#if MNQ_VARIANTS_DW & 0x8
    DWCONV mnq_dsp_dw1_sums, ROW1, nop, 0, str
#endif
#if MNQ_VARIANTS_DW & 0x10
    DWCONV mnq_dsp_dw2_s8, ROW2, ssat, 8, strb
#endif
#if MNQ_VARIANTS_DW & 0x20
    DWCONV mnq_dsp_dw2_u13, ROW2, usat, 13, strh
#endif
#if MNQ_VARIANTS_DW & 0x40
    DWCONV mnq_dsp_dw2_s14, ROW2, ssat, 14, strh
#endif
#if MNQ_VARIANTS_DW & 0x80
    DWCONV mnq_dsp_dw2_sums, ROW2, nop, 0, str
#endif
