/* SPDX-License-Identifier: Apache-2.0
 * Sums and outputs of blocks of 2 channels x 4 pixels, for a Cortex-M with the DSP extension: the inner loops of pw_dsp.c and
 * conv_dsp.c. block_dsp.h says what is where.
 *
 * Eight sums stay in registers: r2-r5 the first channel's four pixels, r6-r9 the second's. Two inputs of four pixels are four
 * words, so one step is 16 products in 13 instructions (8-bit weights) or 11 (16-bit). The first step starts from the bias
 * without copying it; the others run in a loop unrolled eight times that is entered in its middle. */
#include "variants.h"

    .syntax unified
    .thumb

    .equ X, 0
    .equ X_END, 4
    .equ ENTRY, 8
    .equ TAIL, 12
    .equ OUT, 16
    .equ STRIDE, 20
    .equ STRIDE3, 24
    .equ ZP2, 28
    .equ W_END, 32
    .equ FRAME, 36

/* The next two weights of both channels: r12 the first channel's, lr the second's. */
    .macro WEIGHTS bits
    .if \bits == 8
    ldr r12, [r1], #4
    sxtb16 lr, r12, ror #8
    sxtb16 r12, r12
    .else
    ldm r1!, {r12, lr}
    .endif
    .endm

    .macro STEP bits
    WEIGHTS \bits
    ldm r0!, {r10, r11}
    smlad r2, r12, r10, r2
    smlad r3, r12, r11, r3
    smlad r6, lr, r10, r6
    smlad r7, lr, r11, r7
    ldm r0!, {r10, r11}
    smlad r4, r12, r10, r4
    smlad r5, r12, r11, r5
    smlad r8, lr, r10, r8
    smlad r9, lr, r11, r9
    .endm

/* Rounding, zero point and shift of four sums: r is one too small here, SSAT and USAT shift by one more. */
    .macro SCALE m, r, a, b, c, d
    ldr lr, [sp, #ZP2]
    lsl lr, lr, \r
    smmla \a, \a, \m, lr
    smmla \b, \b, \m, lr
    smmla \c, \c, \m, lr
    smmla \d, \d, \m, lr
    asr \a, \a, \r
    asr \b, \b, \r
    asr \c, \c, \r
    asr \d, \d, \r
    .endm

    .macro PACK bits, a, b
    .if \bits == 8
    bfi \a, \b, #8, #8
    .else
    pkhbt \a, \a, \b, lsl #16
    .endif
    .endm

/* From eight sums to eight outputs; st stores two neighbours. */
    .macro OUTPUT name, bits, sat, to, st
    .type \name, %function
    .global \name
    .thumb_func
\name:
    ldm r1!, {r10, r11, r12}
    uxtb r0, r12
    SCALE r10, r0, r2, r3, r4, r5
    lsr r12, r12, #8
    SCALE r11, r12, r6, r7, r8, r9
    ldrd r10, r11, [sp, #OUT]
    ldr r12, [sp, #STRIDE3]
    \sat r2, #\to, r2, asr #1
    \sat r3, #\to, r3, asr #1
    \sat r4, #\to, r4, asr #1
    \sat r5, #\to, r5, asr #1
    \sat r6, #\to, r6, asr #1
    \sat r7, #\to, r7, asr #1
    \sat r8, #\to, r8, asr #1
    \sat r9, #\to, r9, asr #1
    PACK \bits, r2, r6
    PACK \bits, r3, r7
    PACK \bits, r4, r8
    PACK \bits, r5, r9
    \st r2, [r10]
    \st r3, [r10, r11]
    \st r4, [r10, r11, lsl #1]
    \st r5, [r10, r12]
    add r10, r10, #\bits / 4
    str r10, [sp, #OUT]
    ldr r12, [sp, #W_END]
    cmp r1, r12
    bne 1b
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .endm

/* variants: bit enum mnq_dsp_clamp */
    .macro BLOCK bits, variants
    .section .text.mnq_dsp_block\bits, "ax", %progbits
    .global mnq_dsp_block\bits
    .type mnq_dsp_block\bits, %function
    .thumb_func
    .balign 4
mnq_dsp_block\bits:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldm r0, {r1-r10}
    stm sp, {r2-r10}
1:
    ldrd r2, r6, [r1], #8
    ldr r0, [sp, #X]
    WEIGHTS \bits
    ldm r0!, {r10, r11}
    smlad r3, r12, r11, r2
    smlad r7, lr, r11, r6
    ldr r11, [r0], #4
    smlad r4, r12, r11, r2
    smlad r8, lr, r11, r6
    ldr r11, [r0], #4
    smlad r5, r12, r11, r2
    smlad r9, lr, r11, r6
    smlad r2, r12, r10, r2
    smlad r6, lr, r10, r6
    ldr pc, [sp, #ENTRY]
    .global mnq_dsp_block\bits\()_loop
    .type mnq_dsp_block\bits\()_loop, %function
    .thumb_func
mnq_dsp_block\bits\()_loop:
2:
    STEP \bits
3:
    .rept 7
    STEP \bits
    .endr
    .if \bits == 8
    .if 3b - 2b != 52
    .error "block_dsp.h wants a step of 52 bytes"
    .endif
    .else
    .if 3b - 2b != 44
    .error "block_dsp.h wants a step of 44 bytes"
    .endif
    .endif
    ldr r12, [sp, #X_END]
    cmp r0, r12
    bne 2b
    ldr pc, [sp, #TAIL]
    .if \variants & 1
    OUTPUT mnq_dsp_block\bits\()_s8, 8, ssat, 8, strh
    .endif
    .if \variants & 2
    OUTPUT mnq_dsp_block\bits\()_u13, 16, usat, 13, str
    .endif
    .if \variants & 4
    OUTPUT mnq_dsp_block\bits\()_s14, 16, ssat, 14, str
    .endif
    .if \variants & 16
    OUTPUT mnq_dsp_block\bits\()_s16, 16, ssat, 16, str
    .endif
    .if \variants & 8
    .global mnq_dsp_block\bits\()_sums
    .type mnq_dsp_block\bits\()_sums, %function
    .thumb_func
mnq_dsp_block\bits\()_sums:
    ldr r10, [sp, #OUT]
    stm r10!, {r2-r9}
    str r10, [sp, #OUT]
    add r1, r1, #12
    ldr r12, [sp, #W_END]
    cmp r1, r12
    bne 1b
    add sp, sp, #FRAME
    pop {r4-r11, pc}
    .endif
    .size mnq_dsp_block\bits, . - mnq_dsp_block\bits
    .endm

#if MNQ_VARIANTS_BLOCK & 0xff
    BLOCK 8, MNQ_VARIANTS_BLOCK
#endif
#if MNQ_VARIANTS_BLOCK & 0xff00
    BLOCK 16, (MNQ_VARIANTS_BLOCK >> 8)
#endif
