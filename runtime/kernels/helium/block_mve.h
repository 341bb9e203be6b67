/* SPDX-License-Identifier: Apache-2.0
 * Blocks of 2 output channels x 4 pixels on a Cortex-M with Helium: block_mve.S. */
#ifndef MNQ_BLOCK_MVE_H
#define MNQ_BLOCK_MVE_H

#include "layout_mve.h"

/**
 * What block_mve.S works on.
 * w, w_end  records of layout_mve.h
 * x         inputs of four pixels: for every vector of inputs four vectors, one a pixel, of 8 int16 or 16 int8
 * vectors   of inputs, > 0
 * out       where the record's first output is written, of sums int32[4][2] a record, one behind the other
 * at        bytes from there to the outputs, (channel, pixel): 00 02 10 12 01 03 11 13
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

#endif
