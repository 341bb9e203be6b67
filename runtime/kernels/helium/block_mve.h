/* SPDX-License-Identifier: Apache-2.0
 * Blocks of 2 output channels x 4 pixels on a Cortex-M with Helium: block_mve.S. */
#ifndef MNQ_BLOCK_MVE_H
#define MNQ_BLOCK_MVE_H

#include "layout_mve.h"

/**
 * What block_mve.S works on.
 * w, w_end  records of layout_mve.h
 * x         inputs of four pixels: for every vector of inputs four vectors, one a pixel, of 8 int16 or 16 int8; of image
 *           blocks int8[4][32], at the last of which x points
 * vectors   of inputs, > 0; of those named "one" 1
 * out       where the record's first output is written, of sums int32[2][4] a record, one behind the other
 * zp        of int8 outputs
 * at        bytes from there to the outputs, (channel, pixel): 00 10 01 11 02 12 03 13
 */
struct mnq_mve_block {
    const uint8_t *w, *w_end;
    const void *x;
    int32_t vectors;
    void *out;
    int32_t zp, lo, hi;
    uint16_t at[8];
};

/** By weights, int8 or int16, and outputs; 88: int8 by int8; 4 and 84: 4 bits by int16, by int8; sums: as they are. */
typedef void mnq_mve_run_blocks(const struct mnq_mve_block *b);
mnq_mve_run_blocks mnq_mve_block8_s8, mnq_mve_block8_s16, mnq_mve_block8_sums;
mnq_mve_run_blocks mnq_mve_block88_s8, mnq_mve_block88_s16, mnq_mve_block88_sums;
mnq_mve_run_blocks mnq_mve_block4_s8, mnq_mve_block4_s16, mnq_mve_block4_sums;
mnq_mve_run_blocks mnq_mve_block84_s8, mnq_mve_block84_s16, mnq_mve_block84_sums;
mnq_mve_run_blocks mnq_mve_block16_s8, mnq_mve_block16_s16, mnq_mve_block16_sums;
mnq_mve_run_blocks mnq_mve_image8_s8, mnq_mve_image8_s16, mnq_mve_image8_sums;
mnq_mve_run_blocks mnq_mve_image16_s8, mnq_mve_image16_s16, mnq_mve_image16_sums;
mnq_mve_run_blocks mnq_mve_one8_s8, mnq_mve_one8_s16, mnq_mve_one88_s8, mnq_mve_one88_s16, mnq_mve_one16_s8,
    mnq_mve_one16_s16;

/**
 * Windows of four neighbouring outputs, side by side, as int8.
 * to    int8[4][32]
 * rows  of the input, kh of them
 * t     first: bytes from there to the first window; step: from window to window; run: bytes of a row of one, 1..16;
 *       flip: 0x80 for bytes that are 128 larger, or 0
 */
struct mnq_mve_taking {
    int32_t first, step, run, kh;
    uint32_t flip;
};
void mnq_mve_take_image(int8_t *to, const uint8_t *const *rows, const struct mnq_mve_taking *t);

#endif
