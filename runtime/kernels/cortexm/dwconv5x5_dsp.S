/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 5x5, one channel, four sums at a time, for a Cortex-M with the DSP extension: the inner loops of dwconv5x5_dsp.c.
 * dwconv5x5_dsp.h says what is where.
 *
 * Rows are int16, so a word holds two neighbours. With stride 1, outputs whose first neighbour is the upper half of a word take
 * the taps as (0), (1, 2), (3, 4) instead of (0, 1), (2, 3), (4). */
    .syntax unified
    .thumb

    .equ STEP, 0
    .equ SUMS, 4
    .equ GROUPS, 8
    .equ W, 12
    .equ X, 16
    .equ BIAS, 20
    .equ FRAME, 24

/* One row: sums r2-r5 of outputs 0-3. r6 taps 0, 1; r7 taps 2, 3; r8 taps 1, 2; r9 taps 3, 4. */
    .macro ROW1
    ldm r1!, {r6-r9}
    ldm r0, {r10-r12}
    smlad r2, r10, r6, r2
    smlatb r3, r10, r6, r3
    ldr r10, [r0, #12]
    smlad r2, r11, r7, r2
    smlad r3, r11, r8, r3
    smlad r4, r11, r6, r4
    smlatb r5, r11, r6, r5
    smlabt r2, r12, r9, r2
    smlad r3, r12, r9, r3
    smlad r4, r12, r7, r4
    smlad r5, r12, r8, r5
    smlabt r4, r10, r9, r4
    smlad r5, r10, r9, r5
    .endm

    .macro ROW2
    ldm r1!, {r6-r9}
    ldm r0, {r10-r12}
    smlad r2, r10, r6, r2
    ldr r10, [r0, #12]
    smlad r2, r11, r7, r2
    smlad r3, r11, r6, r3
    ldr r11, [r0, #16]
    smlabt r2, r12, r9, r2
    smlad r3, r12, r7, r3
    smlad r4, r12, r6, r4
    ldr r12, [r0, #20]
    smlabt r3, r10, r9, r3
    smlad r4, r10, r7, r4
    smlad r5, r10, r6, r5
    smlabt r4, r11, r9, r4
    smlad r5, r11, r7, r5
    smlabt r5, r12, r9, r5
    .endm

/* void name(const struct mnq_dsp_dw5 *) */
    .macro DW5 name, row, advance
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldm r0, {r1-r6}
    stm sp, {r1-r6}
1:
    ldrd r1, r0, [sp, #W]
    ldr r2, [sp, #BIAS]
    mov r3, r2
    mov r4, r2
    mov r5, r2
    ldr lr, [sp, #STEP]
    \row
    add r0, r0, lr
    \row
    add r0, r0, lr
    \row
    add r0, r0, lr
    \row
    add r0, r0, lr
    \row
    ldrd r6, r7, [sp, #SUMS]
    stm r6!, {r2-r5}
    ldr r0, [sp, #X]
    add r0, r0, #\advance
    str r0, [sp, #X]
    subs r7, r7, #1
    strd r6, r7, [sp, #SUMS]
    bne 1b
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .size \name, . - \name
    .endm

    DW5 mnq_dsp_dw5_1, ROW1, 8
    DW5 mnq_dsp_dw5_2, ROW2, 16
