/* SPDX-License-Identifier: Apache-2.0
 * Sums and outputs of sparse weights, one output channel x 8 pixels, for a Cortex-M with the DSP extension: the inner loop of
 * pw_sparse_dsp.c; layout_dsp.h and sparse_dsp.h say what is where.
 *
 * Eight sums stay in r2-r9. A stored pair of weights is 16 products in 14 instructions: its third byte moves the address of
 * the inputs over the pairs that are not stored. The first pair starts from the bias without copying it; the others run in a
 * loop unrolled eight times that is entered in its middle. */
#include "variants.h"

    .syntax unified
    .thumb

    .equ X, 0
    .equ OUT, 4
    .equ STRIDE, 8
    .equ ZP2, 12
    .equ W_END, 16
    .equ TAIL, 20
    .equ LOOP, 24
    .equ END, 28
    .equ M, 32
    .equ ENTRY_AT, 40
    .equ FRAME, 44

    .macro ENTRY
    ldr r12, [r1], #3
    sxtb16 lr, r12
    uxtab r0, r0, r12, ror #8
    ldm r0!, {r10, r11, r12}
    .endm

    .macro STEP
    ENTRY
    smlad r2, lr, r10, r2
    smlad r3, lr, r11, r3
    smlad r4, lr, r12, r4
    ldm r0!, {r10, r11, r12}
    smlad r5, lr, r10, r5
    smlad r6, lr, r11, r6
    smlad r7, lr, r12, r7
    ldm r0!, {r10, r11}
    smlad r8, lr, r10, r8
    smlad r9, lr, r11, r9
    .endm

/* The next record, or the end. */
    .macro NEXT
    add r1, r1, #4
    bic r1, r1, #3
    ldr r12, [sp, #W_END]
    cmp r1, r12
    bne 1b
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .endm

    .macro OUTPUT name, bits, sat, to, st
    .type \name, %function
    .global \name
    .thumb_func
\name:
    ldrd r10, r11, [sp, #M]
    ldr r12, [sp, #ZP2]
    uxtb r11, r11
    lsl r12, r12, r11
    .irp sum, r2, r3, r4, r5, r6, r7, r8, r9
    smmla \sum, \sum, r10, r12
    asr \sum, \sum, r11
    \sat \sum, #\to, \sum, asr #1
    .endr
    ldrd r10, r11, [sp, #OUT]
    add r12, r11, r11, lsl #1
    add r0, r10, #\bits / 8
    str r0, [sp, #OUT]
    \st r2, [r10]
    \st r3, [r10, r11]
    \st r4, [r10, r11, lsl #1]
    \st r5, [r10, r12]
    add r10, r10, r11, lsl #2
    \st r6, [r10]
    \st r7, [r10, r11]
    \st r8, [r10, r11, lsl #1]
    \st r9, [r10, r12]
    NEXT
    .endm

    .section .text.mnq_dsp_sparse, "ax", %progbits
    .global mnq_dsp_sparse
    .type mnq_dsp_sparse, %function
    .thumb_func
    .balign 4
mnq_dsp_sparse:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldr r1, [r0], #4
    ldm r0, {r2-r8}
    stm sp, {r2-r8}
1:
    ldm r1!, {r2, r10, r11}
    strd r10, r11, [sp, #M]
    lsr r12, r11, #16
    add r12, r12, r12, lsl #1
    add r12, r12, r1
    str r12, [sp, #END]
    ldr r0, [sp, #LOOP]
    ubfx r10, r11, #8, #8
    add r0, r0, r10, lsl #2
    str r0, [sp, #ENTRY_AT]
    ldr r0, [sp, #X]
    ENTRY
    smlad r3, lr, r11, r2
    smlad r4, lr, r12, r2
    ldm r0!, {r11, r12}
    smlad r5, lr, r11, r2
    smlad r6, lr, r12, r2
    ldm r0!, {r11, r12}
    smlad r7, lr, r11, r2
    smlad r8, lr, r12, r2
    ldr r11, [r0], #4
    smlad r9, lr, r11, r2
    smlad r2, lr, r10, r2
    ldr pc, [sp, #ENTRY_AT]
    .global mnq_dsp_sparse_loop
    .type mnq_dsp_sparse_loop, %function
    .thumb_func
    .balign 4
mnq_dsp_sparse_loop:
2:
    STEP
3:
    .rept 7
    STEP
    .endr
    .if 3b - 2b != 56
    .error "layout_dsp.h wants a step of 56 bytes"
    .endif
    ldr r12, [sp, #END]
    cmp r1, r12
    bne 2b
    ldr pc, [sp, #TAIL]
#if MNQ_VARIANTS_SPARSE & 1
    OUTPUT mnq_dsp_sparse_s8, 8, ssat, 8, strb
#endif
#if MNQ_VARIANTS_SPARSE & 2
    OUTPUT mnq_dsp_sparse_u13, 16, usat, 13, strh
#endif
#if MNQ_VARIANTS_SPARSE & 4
    OUTPUT mnq_dsp_sparse_s14, 16, ssat, 14, strh
#endif
#if MNQ_VARIANTS_SPARSE & 16
    OUTPUT mnq_dsp_sparse_s16, 16, ssat, 16, strh
#endif
    .global mnq_dsp_sparse_sums
    .type mnq_dsp_sparse_sums, %function
    .thumb_func
mnq_dsp_sparse_sums:
    ldr r10, [sp, #OUT]
    stm r10!, {r2-r9}
    str r10, [sp, #OUT]
    NEXT
    .size mnq_dsp_sparse, . - mnq_dsp_sparse

/* Two pixels' four inputs, a and b, as pairs of neighbours, to \at and to the next pair. */
    .macro PAIRS a, b, at
    sxtb16 r11, \a
    sxtb16 \a, \a, ror #8
    pkhbt r12, r11, \a, lsl #16
    pkhtb \a, \a, r11, asr #16
    sxtb16 r11, \b
    sxtb16 \b, \b, ror #8
    pkhbt lr, r11, \b, lsl #16
    pkhtb \b, \b, r11, asr #16
    strd r12, lr, [r0, #\at]
    strd \a, \b, [r0, #\at + 32]
    .endm

/* void mnq_dsp_sparse_take(uint32_t *to, const uint8_t *const from[4], int32_t quads) */
    .section .text.mnq_dsp_sparse_take, "ax", %progbits
    .global mnq_dsp_sparse_take
    .type mnq_dsp_sparse_take, %function
    .thumb_func
    .balign 4
mnq_dsp_sparse_take:
    push {r4-r11, lr}
    ldm r1, {r3-r6}
1:
    ldr r7, [r3], #4
    ldr r8, [r4], #4
    ldr r9, [r5], #4
    ldr r10, [r6], #4
    PAIRS r7, r8, 0
    PAIRS r9, r10, 8
    add r0, r0, #64
    subs r2, r2, #1
    bne 1b
    pop {r4-r11, pc}
    .size mnq_dsp_sparse_take, . - mnq_dsp_sparse_take
