/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 3x3, one channel, four outputs at a time, for a Cortex-M3: the inner loops of dwconv_dsp.c there. dwconv_dsp.h says
 * what is where, dwconv_m3.h what cells are.
 *
 * Sums are r4-r7; of lanes outputs 0 and 1 in r4, r5 and outputs 2 and 3 in r6, r7. */
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
    .equ BIAS, 36
    .equ SCALE, 40

/* One row of the window of lanes; the first one begins the sums. */
    .macro ROW_L row, off, first
    ldm \row!, {r8-r11}
    ldr r12, [r3, #\off]
    .if \first
    smull r4, r5, r12, r8
    smull r6, r7, r12, r10
    .else
    smlal r4, r5, r12, r8
    smlal r6, r7, r12, r10
    .endif
    ldr r12, [r3, #\off + 4]
    ldr r8, [\row]
    smlal r4, r5, r12, r9
    smlal r6, r7, r12, r11
    ldr r12, [r3, #\off + 8]
    smlal r4, r5, r12, r10
    smlal r6, r7, r12, r8
    .endm

/* One row of words, stride 1; the first one begins from the bias in r4. */
    .macro ROW_1 row, off, first
    ldm \row!, {r8-r11}
    ldr r12, [r3, #\off]
    .if \first
    mla r5, r12, r9, r4
    mla r6, r12, r10, r4
    mla r7, r12, r11, r4
    .else
    mla r5, r12, r9, r5
    mla r6, r12, r10, r6
    mla r7, r12, r11, r7
    .endif
    mla r4, r12, r8, r4
    ldr r12, [r3, #\off + 4]
    ldr r8, [\row]
    mla r4, r12, r9, r4
    mla r5, r12, r10, r5
    mla r6, r12, r11, r6
    mla r7, r12, r8, r7
    ldr r12, [r3, #\off + 8]
    ldr r9, [\row, #4]
    mla r4, r12, r10, r4
    mla r5, r12, r11, r5
    mla r6, r12, r8, r6
    mla r7, r12, r9, r7
    .endm

/* The same, stride 2. */
    .macro ROW_2 row, off, first
    ldm \row!, {r8-r11}
    ldr r12, [r3, #\off]
    .if \first
    mov r6, r4
    mov r7, r4
    mla r5, r12, r10, r4
    .else
    mla r5, r12, r10, r5
    .endif
    mla r4, r12, r8, r4
    ldr r12, [r3, #\off + 4]
    mla r4, r12, r9, r4
    mla r5, r12, r11, r5
    ldr r12, [r3, #\off + 8]
    mla r4, r12, r10, r4
    ldm \row!, {r8-r11}
    mla r5, r12, r8, r5
    mla r6, r12, r10, r6
    ldr r12, [r3, #\off + 4]
    mla r6, r12, r9, r6
    mla r7, r12, r11, r7
    ldr r12, [r3, #\off]
    mla r6, r12, r8, r6
    mla r7, r12, r10, r7
    ldr r12, [r3, #\off + 8]
    ldr r8, [\row]
    mla r7, r12, r8, r7
    .endm

    .macro BEGIN_L
    .endm
    .macro BEGIN_1
    ldr r4, [r3, #BIAS]
    .endm
    .macro BEGIN_2
    ldr r4, [r3, #BIAS]
    .endm

/* Lanes apart, and the bias: block_m3.S. */
    .macro FINISH_L
    ldr r9, [r3, #BIAS]
    lsrs r8, r4, #23
    adc r5, r8, r5, lsl #9
    lsrs r8, r6, #23
    adc r7, r8, r7, lsl #9
    sbfx r4, r4, #0, #23
    sbfx r6, r6, #0, #23
    add r4, r4, r9
    add r5, r5, r9
    add r6, r6, r9
    add r7, r7, r9
    .endm
    .macro FINISH_1
    .endm
    .macro FINISH_2
    .endm

    .macro OUTPUT sat, to, st
    .if \to != 0
    ldrd r8, r9, [r3, #SCALE]
    ldr r10, [r3, #SCALE + 8]
    .irp x, r4, r5, r6, r7
    smull r12, \x, \x, r8
    add \x, \x, r9
    asr \x, \x, r10
    \sat \x, #\to, \x
    .endr
    .endif
    ldrd r11, r12, [sp, #STRIDE]
    \st r4, [lr]
    \st r5, [lr, r11]
    add lr, lr, r11, lsl #1
    \st r6, [lr]
    \st r7, [lr, r11]
    add lr, lr, r11, lsl #1
    .endm

/* void name(const struct mnq_dsp_dw *) */
    .macro DWCONV name, way, sat, to, st
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
    BEGIN_\way
    ROW_\way r0, 0, 1
    ROW_\way r1, 12, 0
    ROW_\way r2, 24, 0
    FINISH_\way
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

/* variants: bit enum mnq_dsp_clamp */
    .macro EACH way, letter, variants
    .if (\variants) & 1
    DWCONV mnq_m3_dw\letter\()_s8, \way, ssat, 8, strb
    .endif
    .if (\variants) & 2
    DWCONV mnq_m3_dw\letter\()_u13, \way, usat, 13, strh
    .endif
    .if (\variants) & 4
    DWCONV mnq_m3_dw\letter\()_s14, \way, ssat, 14, strh
    .endif
    .if (\variants) & 8
    DWCONV mnq_m3_dw\letter\()_sums, \way, nop, 0, str
    .endif
    .endm

    EACH 1, 1, MNQ_VARIANTS_DW
    EACH 2, 2, (MNQ_VARIANTS_DW >> 4)
    EACH L, l, (MNQ_VARIANTS_DW >> 8)
