/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 3x3, one channel, four outputs at a time, for a Cortex-M with Helium: the inner loops of dwconv3x3_mve.c.
 * dw3x3_mve.h says what is where.
 *
 * The nine taps stay in r4-r12, rows in r0-r2, the output in r3; lr counts. q0 has the sums, q5 the places of the outputs.
 * With stride 2 a row's values are gathered from every second place. */
    .syntax unified
    .thumb

    .equ CHANNEL, 12
    .equ OFFSET, 20
    .equ FOUR, 36
    .equ GROUPS, 52
    .equ LO, 76

/* Of the frame. */
    .equ F_BIAS, 0
    .equ F_DOWN, 16
    .equ F_FOUR, 32
    .equ F_LO, 48
    .equ F_HI, 64
    .equ F_GROUPS, 80
    .equ F_REST, 84
    .equ F_BACK, 88
    .equ F_BACK_OUT, 92
    .equ F_SKIP, 96
    .equ F_ROWS, 100
    .equ F_TURN, 104
    .equ FRAME, 112

    .macro ROW stride, row, a, b, c
    .if \stride == 1
    vldrh.s32 q1, [\row, #2]
    vldrh.s32 q7, [\row, #4]
    vmla.s32 q0, q1, \b
    vldrh.s32 q1, [\row], #8
    vmla.s32 q0, q7, \c
    vmla.s32 q0, q1, \a
    .else
    vldrh.s32 q1, [\row, q2]
    vmla.s32 q0, q1, \a
    vldrh.s32 q1, [\row, q3]
    vmla.s32 q0, q1, \b
    vldrh.s32 q1, [\row, q4]
    vmla.s32 q0, q1, \c
    add \row, \row, #16
    .endif
    .endm

/* void name(const struct mnq_mve_dw *): q6 m, and q2 rounding, q3 -r, q4 the step of outputs (stride 1), or q7 rounding. */
    .macro DW name, stride, to
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    push {r3-r11, lr}
    vpush {d8-d15}
    sub sp, sp, #FRAME
    add r1, r0, #GROUPS
    ldm r1, {r2-r7}
    add r1, sp, #F_GROUPS
    stm r1, {r2-r7}
    .if \to == 16
    ldrd r2, r3, [r0, #LO]
    vdup.32 q0, r2
    vdup.32 q1, r3
    vstrw.32 q0, [sp, #F_LO]
    vstrw.32 q1, [sp, #F_HI]
    .endif
    vldrw.u32 q5, [r0, #OFFSET]
    ldr r1, [r0, #CHANNEL]
    add r1, r1, #36
    ldm r1, {r4-r7}
    vdup.32 q0, r4
    vdup.32 q6, r5
    vstrw.32 q0, [sp, #F_BIAS]
    .if \stride == 1
    vdup.32 q2, r6
    vdup.32 q3, r7
    vldrw.u32 q4, [r0, #FOUR]
    .else
    vdup.32 q0, r7
    vstrw.32 q0, [sp, #F_DOWN]
    vldrw.u32 q0, [r0, #FOUR]
    vstrw.32 q0, [sp, #F_FOUR]
    vdup.32 q7, r6
    movs r2, #0
    vidup.u32 q2, r2, #4
    movs r2, #2
    vidup.u32 q3, r2, #4
    movs r2, #4
    vidup.u32 q4, r2, #4
    .endif
    sub r1, r1, #36
    ldr r3, [r0, #16]
    mov lr, r0
    ldm r1, {r4-r12}
    ldm lr, {r0-r2}
1:
    ldr lr, [sp, #F_REST]
    str lr, [sp, #F_TURN]
    ldr lr, [sp, #F_GROUPS]
2:
    vldrw.u32 q0, [sp, #F_BIAS]
    ROW \stride, r0, r4, r5, r6
    ROW \stride, r1, r7, r8, r9
    ROW \stride, r2, r10, r11, r12
    .if \to != 0
    vmulh.s32 q0, q0, q6
    .if \stride == 1
    vadd.i32 q0, q0, q2
    vshl.s32 q0, q0, q3
    .else
    vldrw.u32 q1, [sp, #F_DOWN]
    vadd.i32 q0, q0, q7
    vshl.s32 q0, q0, q1
    .endif
    .endif
    .if \to == 8
    vqmovnb.s32 q0, q0
    vqmovnb.s16 q0, q0
    vstrb.32 q0, [r3, q5]
    .endif
    .if \to == 16
    vldrw.u32 q1, [sp, #F_LO]
    vmax.s32 q0, q0, q1
    vldrw.u32 q1, [sp, #F_HI]
    vmin.s32 q0, q0, q1
    vstrh.32 q0, [r3, q5]
    .endif
    .if \to == 0
    vstrw.32 q0, [r3, q5]
    .endif
    .if \stride == 1
    vadd.i32 q5, q5, q4
    .else
    vldrw.u32 q1, [sp, #F_FOUR]
    vadd.i32 q5, q5, q1
    .endif
    le lr, 2b
    /* a rest of the row is a group that overlaps the last one */
    ldr lr, [sp, #F_TURN]
    cbz_lr 3f
    movs lr, #0
    str lr, [sp, #F_TURN]
    ldr lr, [sp, #F_BACK]
    sub r0, r0, lr
    sub r1, r1, lr
    sub r2, r2, lr
    ldr lr, [sp, #F_BACK_OUT]
    vsub.i32 q5, q5, lr
    mov lr, #1 /* what LE counts */
    b 2b
3:
    ldr lr, [sp, #F_SKIP]
    add r0, r0, lr
    add r1, r1, lr
    add r2, r2, lr
    ldr lr, [sp, #F_ROWS]
    subs lr, lr, #1
    str lr, [sp, #F_ROWS]
    bne 1b
    add sp, sp, #FRAME
    vpop {d8-d15}
    pop {r3-r11, pc}
    .size \name, . - \name
    .endm

    .macro cbz_lr to
    cmp lr, #0
    beq \to
    .endm

    DW mnq_mve_dw1_s8, 1, 8
    DW mnq_mve_dw1_s16, 1, 16
    DW mnq_mve_dw1_sums, 1, 0
    DW mnq_mve_dw2_s8, 2, 8
    DW mnq_mve_dw2_s16, 2, 16
    DW mnq_mve_dw2_sums, 2, 0

/* void name(int16_t *to, size_t plane, const void *from, size_t pixel, int32_t n); "few": , int32_t channels) */
    .macro PLANES name, load
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    push {r4, lr}
    vpush {d8-d11}
    ldr r4, [sp, #40]
    mov r12, #0
    vidup.u16 q1, r12, #1
    vmul.i16 q1, q1, r1
    movs r1, #2
    vadd.i16 q2, q1, r1
    vadd.i16 q3, q2, r1
    vadd.i16 q4, q3, r1
    lsrs r1, r4, #2
    wls lr, r1, 2f
1:
    \load q0, [r2]
    add r2, r2, r3
    \load q5, [r2]
    add r2, r2, r3
    vstrh.16 q0, [r0, q1]
    vstrh.16 q5, [r0, q2]
    \load q0, [r2]
    add r2, r2, r3
    \load q5, [r2]
    add r2, r2, r3
    vstrh.16 q0, [r0, q3]
    vstrh.16 q5, [r0, q4]
    adds r0, r0, #8
    le lr, 1b
2:
    ands r1, r4, #3
    wls lr, r1, 4f
3:
    \load q0, [r2]
    add r2, r2, r3
    vstrh.16 q0, [r0, q1]
    adds r0, r0, #2
    le lr, 3b
4:
    vpop {d8-d11}
    pop {r4, pc}
    .size \name, . - \name
    .endm

    .macro FEW name, load
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .thumb_func
    .balign 4
\name:
    push {r4, lr}
    ldrd lr, r4, [sp, #8]
    vctp.16 r4
    mov r12, #0
    vidup.u16 q1, r12, #1
    vmul.i16 q1, q1, r1
    wls lr, lr, 2f
1:
    vpst
    \load q0, [r2]
    add r2, r2, r3
    vstrh.16 q0, [r0, q1]
    adds r0, r0, #2
    le lr, 1b
2:
    pop {r4, pc}
    .size \name, . - \name
    .endm

    PLANES mnq_mve_planes_s8, vldrb.s16
    PLANES mnq_mve_planes_s16, vldrh.u16
    FEW mnq_mve_few_s8, vldrbt.s16
    FEW mnq_mve_few_s16, vldrht.u16
