/* SPDX-License-Identifier: Apache-2.0
 * Rows of cells of single channels, two at a time, from pixels of many channels: what dwconv3x3_m3.S reads. dwconv_dsp.h has
 * the contract, dwconv_m3.h says what cells are. */
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

/* A pixel of two channels, words. */
    .macro ONE ld, second
    \ld r4, [r2]
    \ld r5, [r2, #\second]
    add r2, r2, r3
    str r4, [r0], #4
    str r5, [r1], #4
    .endm

    .macro PLANES name, ld, second
    BEGIN \name
    push {r4-r7, lr}
    ldr lr, [sp, #20]
    add r1, r0, r1
    subs lr, lr, #2
    blo 2f
1:
    \ld r4, [r2]
    \ld r5, [r2, #\second]
    add r2, r2, r3
    \ld r6, [r2]
    \ld r7, [r2, #\second]
    add r2, r2, r3
    strd r4, r6, [r0], #8
    strd r5, r7, [r1], #8
    subs lr, lr, #2
    bhs 1b
2:
    adds lr, lr, #2
    beq 3f
    ONE \ld, \second
3:
    pop {r4-r7, pc}
    .size \name, . - \name
    .endm

#if MNQ_VARIANTS_PLANES & 1
    PLANES mnq_m3_planes_s8, ldrsb, 1
#endif
#if MNQ_VARIANTS_PLANES & 4
    PLANES mnq_m3_planes_s16, ldrsh, 2
#endif

#if MNQ_VARIANTS_PLANES & 8
/* Lanes: a, b are the last pixel's inputs, which become cells with the next one's, c and d. */
    .macro LANE a, b, c, d
    ldrsb \c, [r2]
    ldrsb \d, [r2, #1]
    add r2, r2, r3
    add \a, \a, \c, lsl #23
    add \b, \b, \d, lsl #23
    .endm

    BEGIN mnq_m3_planes_lanes
    push {r4-r9, lr}
    ldrd lr, r12, [sp, #28]
    add r1, r0, r1
    ldrsb r4, [r12]
    ldrsb r5, [r12, #1]
    subs lr, lr, #2
    blo 2f
1:
    LANE r4, r5, r6, r7
    LANE r6, r7, r8, r9
    strd r4, r6, [r0], #8
    strd r5, r7, [r1], #8
    mov r4, r8
    mov r5, r9
    subs lr, lr, #2
    bhs 1b
2:
    adds lr, lr, #2
    beq 3f
    LANE r4, r5, r6, r7
    str r4, [r0], #4
    str r5, [r1], #4
    mov r4, r6
    mov r5, r7
3:
    ldrsb r6, [r12]
    ldrsb r7, [r12, #1]
    add r4, r4, r6, lsl #23
    add r5, r5, r7, lsl #23
    str r4, [r0]
    str r5, [r1]
    pop {r4-r9, pc}
    .size mnq_m3_planes_lanes, . - mnq_m3_planes_lanes
#endif

/* void mnq_dsp_fill(mnq_dsp_cell *to, int32_t value, size_t n): n > 0, a multiple of 4 */
    BEGIN mnq_dsp_fill
    mov r3, r1
1:
    strd r1, r3, [r0], #8
    strd r1, r3, [r0], #8
    subs r2, r2, #4
    bne 1b
    bx lr
    .size mnq_dsp_fill, . - mnq_dsp_fill
