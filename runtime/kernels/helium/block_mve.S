/* SPDX-License-Identifier: Apache-2.0
 * Sums and outputs of blocks of 2 channels x 4 pixels, for a Cortex-M with Helium: the inner loops of dot_mve.c and
 * image_mve.c. block_mve.h says what is where.
 *
 * Eight sums stay in the registers with even numbers, where VMLADAVA wants them: r0, r2, r4, r6 the first channel's four
 * pixels, r8, r10, r12, lr the second's. A step is 64 products in 16 instructions, 128 of int8 by int8; of 4-bit weights 18.
 * Where all inputs of a pixel are one vector, q2, q3, q5 and q6 keep them for all records.
 * Outputs are made in two vectors, one a channel, for which one LDM brings bias, m and -(r + 1); VQDMULH, which is
 * floor(sum * m / 2^31), and VRSHL are one rounding. q4 has the zero point or the lower end of int16, q7 the upper one.
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

    /* Vectors of four pixels one behind the other. */
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

    /* Bytes of a picture: 32 of each pixel, r3 is at the last pixel's. */
    .macro STEP_IMAGE bits, mla
    WEIGHTS \bits
    .if \bits == 88
    vldrb.u8 q2, [r3, #-96]
    \mla r0, q2, q0
    \mla r8, q2, q1
    vldrb.u8 q3, [r3, #-64]
    \mla r2, q3, q0
    \mla r10, q3, q1
    vldrb.u8 q2, [r3, #-32]
    \mla r4, q2, q0
    \mla r12, q2, q1
    vldrb.u8 q3, [r3], #16
    .else
    vldrb.s16 q2, [r3, #-96]
    \mla r0, q2, q0
    \mla r8, q2, q1
    vldrb.s16 q3, [r3, #-64]
    \mla r2, q3, q0
    \mla r10, q3, q1
    vldrb.s16 q2, [r3, #-32]
    \mla r4, q2, q0
    \mla r12, q2, q1
    vldrb.s16 q3, [r3], #8
    .endif
    \mla r6, q3, q0
    \mla lr, q3, q1
    .endm

    .macro STEP_ONE bits, mla
    WEIGHTS \bits
    \mla r0, q2, q0
    \mla r8, q2, q1
    \mla r2, q3, q0
    \mla r10, q3, q1
    \mla r4, q5, q0
    \mla r12, q5, q1
    \mla r6, q6, q0
    \mla lr, q6, q1
    .endm

    /* q5: places of the eight outputs, if they are not sums; `places` loads them. */
    .macro OUTPUT to, places
    vmov q0[2], q0[0], r0, r4
    vmov q0[3], q0[1], r2, r6
    vmov q1[2], q1[0], r8, r12
    vmov q1[3], q1[1], r10, lr
    ldm r1!, {r0, r2, r4, r6, r8, r10}
    vadd.i32 q0, q0, r0
    vadd.i32 q1, q1, r2
    .if \to == 0
    vstrw.32 q0, [r11], #16
    vstrw.32 q1, [r11], #16
    .else
    vqdmulh.s32 q0, q0, r4
    vqdmulh.s32 q1, q1, r6
    vrshl.s32 q0, r8
    vrshl.s32 q1, r10
    vqmovnb.s32 q0, q0
    vqmovnt.s32 q0, q1
    .if \places
    vldrh.u16 q1, [r7, #AT]
    .endif
    .if \to == 8
    vqadd.s16 q0, q0, q4
    vqmovnb.s16 q0, q0
    .if \places
    vstrb.16 q0, [r11, q1]
    .else
    vstrb.16 q0, [r11, q5]
    .endif
    add r11, r11, #2
    .else
    vmax.s16 q0, q0, q4
    vmin.s16 q0, q0, q7
    .if \places
    vstrh.16 q0, [r11, q1]
    .else
    vstrh.16 q0, [r11, q5]
    .endif
    add r11, r11, #4
    .endif
    .endif
    .endm

    .macro ENTER name, to
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    push {r3-r11, lr}
    vpush {d8-d15}
    mov r7, r0
    ldrd r1, r9, [r7]
    ldr r11, [r7, #OUT]
    .if \to != 0
    ldrd r4, r2, [r7, #ZP]
    .if \to == 16
    ldr r3, [r7, #HI]
    vdup.16 q4, r2
    vdup.16 q7, r3
    .else
    vdup.16 q4, r4
    .endif
    .endif
    .endm

    .macro LEAVE name
    cmp r1, r9
    bne 1b
    vpop {d8-d15}
    pop {r3-r11, pc}
    .size \name, . - \name
    .endm

    /* The first step, then one if the number of the others is odd, then two at a time. */
    .macro STEPS step, bits, lane
1:
    ldrd r3, r5, [r7, #X]
    \step \bits, vmladav.\lane
    subs r5, r5, #1
    lsrs r5, r5, #1
    bcc 2f
    \step \bits, vmladava.\lane
2:
    beq 4f
3:
    \step \bits, vmladava.\lane
    \step \bits, vmladava.\lane
    subs r5, r5, #1
    bne 3b
4:
    .endm

    .macro BLOCK name, step, bits, to, lane
    ENTER \name, \to
    .if \to != 0
    vldrh.u16 q5, [r7, #AT]
    .endif
    STEPS \step, \bits, \lane
    OUTPUT \to, 0
    LEAVE \name
    .endm

    .macro ONE name, bits, to, lane
    ENTER \name, \to
    ldr r3, [r7, #X]
    vldrh.u16 q2, [r3], #16
    vldrh.u16 q3, [r3], #16
    vldrh.u16 q5, [r3], #16
    vldrh.u16 q6, [r3]
1:
    STEP_ONE \bits, vmladav.\lane
    OUTPUT \to, 1
    LEAVE \name
    .endm

    .macro ALL name, step, bits, lane
    BLOCK \name\()_s8, \step, \bits, 8, \lane
    BLOCK \name\()_s16, \step, \bits, 16, \lane
    BLOCK \name\()_sums, \step, \bits, 0, \lane
    .endm

    .macro ONES name, bits, lane
    ONE \name\()_s8, \bits, 8, \lane
    ONE \name\()_s16, \bits, 16, \lane
    .endm

    ALL mnq_mve_block8, STEP, 8, s16
    ALL mnq_mve_block88, STEP, 88, s8
    ALL mnq_mve_block4, STEP, 4, s16
    ALL mnq_mve_block84, STEP, 84, s8
    ALL mnq_mve_block16, STEP, 16, s16
    ALL mnq_mve_image8, STEP_IMAGE, 88, s8
    ALL mnq_mve_image16, STEP_IMAGE, 16, s16
    ONES mnq_mve_one8, 8, s16
    ONES mnq_mve_one88, 88, s8
    ONES mnq_mve_one16, 16, s16

/* void mnq_mve_take_image(int8_t *to, const uint8_t *const *rows, const struct mnq_mve_taking *) */
    .section .text.mnq_mve_take_image, "ax", %progbits
    .global mnq_mve_take_image
    .type mnq_mve_take_image, %function
    .thumb_func
    .balign 4
mnq_mve_take_image:
    push {r4-r8, lr}
    vpush {d8-d9}
    ldm r2, {r2-r6}
    vdup.8 q4, r6
    vctp.8 r4
    dls lr, r5
1:
    ldr r5, [r1], #4
    add r5, r5, r2
    add r6, r5, r3
    add r7, r6, r3
    add r8, r7, r3
    vpstttt
    vldrbt.u8 q0, [r5]
    vldrbt.u8 q1, [r6]
    vldrbt.u8 q2, [r7]
    vldrbt.u8 q3, [r8]
    veor q0, q0, q4
    veor q1, q1, q4
    veor q2, q2, q4
    veor q3, q3, q4
    vpstttt
    vstrbt.8 q0, [r0]
    vstrbt.8 q1, [r0, #32]
    vstrbt.8 q2, [r0, #64]
    vstrbt.8 q3, [r0, #96]
    add r0, r0, r4
    le lr, 1b
    vpop {d8-d9}
    pop {r4-r8, pc}
    .size mnq_mve_take_image, . - mnq_mve_take_image
