/* SPDX-License-Identifier: Apache-2.0
 * Sums and outputs of blocks of 2 channels x 4 pixels, for a Cortex-M3: the inner loops of pw_dsp.c and conv_dsp.c there.
 * block_dsp.h says what is where, layout_m3.h what lanes are.
 *
 * Eight sums stay in registers: r2-r5 the first channel's four pixels, r6-r9 the second's; of lanes, each pair of registers
 * has two pixels. One input of four pixels is 8 products in 7 instructions (lanes) or 12 (words). A step takes a pair of
 * inputs; steps run in an unrolled loop that is entered in its middle. */
#include "variants.h"

    .syntax unified
    .thumb

    .equ X, 0
    .equ X_END, 4
    .equ ENTRY, 8
    .equ TAIL, 12
    .equ OUT, 16
    .equ STRIDE, 20
    .equ ZP2, 28
    .equ W_END, 32
    .equ FRAME, 36

/* Weights of one input: r12 the first channel's, lr the second's. */
    .macro WEIGHTS bits
    .if \bits == 8
    ldrsb r12, [r1], #1
    ldrsb lr, [r1], #1
    .else
    ldrsh r12, [r1], #2
    ldrsh lr, [r1], #2
    .endif
    .endm

    .macro INPUT_LANES bits
    ldm r0!, {r10, r11}
    WEIGHTS \bits
    smlal r2, r3, r12, r10
    smlal r4, r5, r12, r11
    smlal r6, r7, lr, r10
    smlal r8, r9, lr, r11
    .endm

    .macro INPUT_WORDS bits
    ldm r0!, {r10, r11}
    WEIGHTS \bits
    mla r2, r12, r10, r2
    mla r3, r12, r11, r3
    mla r6, lr, r10, r6
    mla r7, lr, r11, r7
    ldm r0!, {r10, r11}
    mla r4, r12, r10, r4
    mla r5, r12, r11, r5
    mla r8, lr, r10, r8
    mla r9, lr, r11, r9
    .endm

/* Sums that begin with the bias. */
    .macro BEGIN_LANES
    ldrd r10, r11, [r1], #8
    ldr r12, 4f
    smull r2, r3, r10, r12
    smull r4, r5, r10, r12
    smull r6, r7, r11, r12
    smull r8, r9, r11, r12
    .endm

    .macro BEGIN_WORDS
    ldrd r2, r6, [r1], #8
    mov r3, r2
    mov r4, r2
    mov r5, r2
    mov r7, r6
    mov r8, r6
    mov r9, r6
    .endm

/* Two lanes apart: a the first one's sum, b the second's, which a negative first one made one too small. */
    .macro APART a, b
    lsrs r10, \a, #23
    adc \b, r10, \b, lsl #9
    sbfx \a, \a, #0, #23
    .endm

    .macro END_LANES
    APART r2, r3
    APART r4, r5
    APART r6, r7
    APART r8, r9
    .endm

    .macro END_WORDS
    .endm

/* Rounding, zero point and shift of a channel's sums: r is one too small here, SSAT and USAT shift by one more. m: r10, r: r0. */
    .macro SCALE a, b, c, d
    ldr lr, [sp, #ZP2]
    lsl lr, lr, r0
    .irp x, \a, \b, \c, \d
    smull r12, \x, \x, r10
    add \x, \x, lr
    asr \x, \x, r0
    .endr
    .endm

/* From eight sums to eight outputs; st stores two neighbours. */
    .macro OUTPUT name, kind, bits, sat, to, st
    .type \name, %function
    .global \name
    .thumb_func
\name:
    END_\kind
    ldr r10, [r1], #4
    ldrb r0, [r1, #4]
    SCALE r2, r3, r4, r5
    ldrb r0, [r1, #5]
    ldr r10, [r1], #8
    SCALE r6, r7, r8, r9
    ldr r10, [sp, #OUT]
    ldrd r11, r12, [sp, #STRIDE]
    .irp x, r2, r3, r4, r5, r6, r7, r8, r9
    \sat \x, #\to, \x, asr #1
    .endr
    bfi r2, r6, #\bits, #\bits
    bfi r3, r7, #\bits, #\bits
    bfi r4, r8, #\bits, #\bits
    bfi r5, r9, #\bits, #\bits
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

/* kind: LANES or WORDS; bits: of weights; steps in the loop, bytes of a step; variants: bit enum mnq_dsp_clamp */
    .macro BLOCK name, kind, bits, steps, bytes, variants
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    push {r4-r11, lr}
    sub sp, sp, #FRAME
    ldm r0, {r1-r10}
    stm sp, {r2-r10}
1:
    BEGIN_\kind
    ldr r0, [sp, #X]
    ldr pc, [sp, #ENTRY]
    .balign 4
4:
    .word 0x00800001
    .global \name\()_loop
    .type \name\()_loop, %function
    .thumb_func
\name\()_loop:
2:
    .rept \steps
    INPUT_\kind \bits
    INPUT_\kind \bits
    .endr
3:
    .if 3b - 2b != \steps * \bytes
    .error "loop_m3.c wants steps of other sizes"
    .endif
    ldr r12, [sp, #X_END]
    cmp r0, r12
    bne 2b
    ldr pc, [sp, #TAIL]
    .if \variants & 1
    OUTPUT \name\()_s8, \kind, 8, ssat, 8, strh
    .endif
    .if \variants & 2
    OUTPUT \name\()_u13, \kind, 16, usat, 13, str
    .endif
    .if \variants & 4
    OUTPUT \name\()_s14, \kind, 16, ssat, 14, str
    .endif
    .if \variants & 16
    OUTPUT \name\()_s16, \kind, 16, ssat, 16, str
    .endif
    .if \variants & 8
    .global \name\()_sums
    .type \name\()_sums, %function
    .thumb_func
\name\()_sums:
    END_\kind
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
    .size \name, . - \name
    .endm

#if MNQ_VARIANTS_BLOCK & 0xff
    BLOCK mnq_m3_block8, WORDS, 8, 3, 96, MNQ_VARIANTS_BLOCK
#endif
#if MNQ_VARIANTS_BLOCK & 0xff00
    BLOCK mnq_m3_block16, WORDS, 16, 3, 96, (MNQ_VARIANTS_BLOCK >> 8)
#endif
#if MNQ_VARIANTS_BLOCK & 0xff0000
    BLOCK mnq_m3_blockl, LANES, 8, 4, 56, (MNQ_VARIANTS_BLOCK >> 16)
#endif
