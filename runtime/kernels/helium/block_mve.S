/* SPDX-License-Identifier: Apache-2.0
 * Sums and outputs of blocks of 2 channels x 4 pixels, for a Cortex-M with Helium: the inner loops of dot_mve.c. block_mve.h
 * says what is where.
 *
 * Eight sums stay in the registers with even numbers, where VMLADAVA wants them: r0, r2, r4, r6 the first channel's four
 * pixels, r8, r10, r12, lr the second's. A step is 64 products in 16 instructions, 128 of int8 by int8; of 4-bit weights 18.
 * Outputs are made in two vectors, (channel, pixel): 00 10 01 11 and 02 12 03 13; q4 has the places of bias, m and -r for these lanes, q5 those of the eight outputs.
 * VMOV of two lanes takes the lower one first. */
    .syntax unified
    .thumb

    .equ W_END, 4
    .equ X, 8
    .equ OUT, 16
    .equ ZP, 20
    .equ HI, 28
    .equ AT, 32

    .macro WEIGHTS bits
    .if \bits == 8
    vldrb.s16 q0, [r1], #8
    vldrb.s16 q1, [r1], #8
    .elseif \bits == 88
    vldrb.u8 q0, [r1], #16
    vldrb.u8 q1, [r1], #16
    .elseif \bits == 84
    vldrb.u8 q1, [r1], #16
    vshl.i8 q0, q1, #4
    vshr.s8 q1, q1, #4
    vshl.i8 q1, q1, #4
    .elseif \bits == 4
    vldrb.s16 q1, [r1], #8
    vshl.i16 q0, q1, #12
    vshr.s16 q0, q0, #8
    vbic.i16 q1, #15
    .else
    vldrh.u16 q0, [r1], #16
    vldrh.u16 q1, [r1], #16
    .endif
    .endm

    .macro STEP bits, mla
    WEIGHTS \bits
    vldrh.u16 q2, [r3], #16
    \mla r0, q2, q0
    \mla r8, q2, q1
    vldrh.u16 q3, [r3], #16
    \mla r2, q3, q0
    \mla r10, q3, q1
    vldrh.u16 q2, [r3], #16
    \mla r4, q2, q0
    \mla r12, q2, q1
    vldrh.u16 q3, [r3], #16
    \mla r6, q3, q0
    \mla lr, q3, q1
    .endm

    .macro OUTPUT to
    vmov q0[2], q0[0], r0, r2
    vmov q0[3], q0[1], r8, r10
    vmov q1[2], q1[0], r4, r6
    vmov q1[3], q1[1], r12, lr
    vldrw.u32 q2, [r1, q4]
    add r1, r1, #8
    vadd.i32 q0, q0, q2
    vadd.i32 q1, q1, q2
    .if \to == 0
    add r1, r1, #16
    vstrw.32 q0, [r11], #16
    vstrw.32 q1, [r11], #16
    .else
    vldrw.u32 q2, [r1, q4]
    add r1, r1, #8
    vldrw.u32 q3, [r1, q4]
    add r1, r1, #8
    vmulh.s32 q0, q0, q2
    vmulh.s32 q1, q1, q2
    vrshl.s32 q0, q0, q3
    vrshl.s32 q1, q1, q3
    vadd.i32 q0, q0, r9
    vadd.i32 q1, q1, r9
    .if \to == 8
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    vqmovnb.s16 q0, q0
    vstrb.16 q0, [r11, q5]
    add r11, r11, #2
    .else
    vmax.s32 q0, q0, q6
    vmax.s32 q1, q1, q6
    vmin.s32 q0, q0, q7
    vmin.s32 q1, q1, q7
    vmovnt.i32 q0, q1
    vstrh.16 q0, [r11, q5]
    add r11, r11, #4
    .endif
    .endif
    .endm

    .macro BLOCK name, bits, to
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    push {r3-r11, lr}
    vpush {d8-d15}
    mov r7, r0
    ldr r1, [r7]
    ldr r11, [r7, #OUT]
    ldrd r9, r2, [r7, #ZP]
    ldr r3, [r7, #HI]
    vdup.32 q6, r2
    vdup.32 q7, r3
    vldrh.u16 q5, [r7, #AT]
    movs r2, #0
    movs r3, #4
    vmov q4[2], q4[0], r2, r2
    vmov q4[3], q4[1], r3, r3
1:
    ldrd r3, r5, [r7, #X]
    .if \bits == 88 || \bits == 84
    STEP \bits, vmladav.s8
    .else
    STEP \bits, vmladav.s16
    .endif
    subs r5, r5, #1
    beq 3f
2:
    .if \bits == 88 || \bits == 84
    STEP \bits, vmladava.s8
    .else
    STEP \bits, vmladava.s16
    .endif
    subs r5, r5, #1
    bne 2b
3:
    OUTPUT \to
    ldr r0, [r7, #W_END]
    cmp r1, r0
    bne 1b
    vpop {d8-d15}
    pop {r3-r11, pc}
    .size \name, . - \name
    .endm

    BLOCK mnq_mve_block8_s8, 8, 8
    BLOCK mnq_mve_block8_s16, 8, 16
    BLOCK mnq_mve_block8_sums, 8, 0
    BLOCK mnq_mve_block88_s8, 88, 8
    BLOCK mnq_mve_block88_s16, 88, 16
    BLOCK mnq_mve_block88_sums, 88, 0
    BLOCK mnq_mve_block4_s8, 4, 8
    BLOCK mnq_mve_block4_s16, 4, 16
    BLOCK mnq_mve_block4_sums, 4, 0
    BLOCK mnq_mve_block84_s8, 84, 8
    BLOCK mnq_mve_block84_s16, 84, 16
    BLOCK mnq_mve_block84_sums, 84, 0
    BLOCK mnq_mve_block16_s8, 16, 8
    BLOCK mnq_mve_block16_s16, 16, 16
    BLOCK mnq_mve_block16_sums, 16, 0
