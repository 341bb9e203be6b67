/* SPDX-License-Identifier: Apache-2.0
 * Sparse weights, one output channel x 8 pixels on a Cortex-M with the DSP extension: sparse_dsp.S. */
#ifndef MNQ_SPARSE_DSP_H
#define MNQ_SPARSE_DSP_H

#include "layout_dsp.h"

/**
 * What sparse_dsp.S works on.
 * w       the first record, 4-byte aligned; w_end: behind the last one
 * x       inputs of eight pixels: for every pair of neighbouring inputs eight words, one a pixel, of two int16
 * out     where the first record's output of the first pixel is written; of sums int32[8] a record, one behind the other
 * stride  bytes from pixel to pixel of the output
 * zp2     2 zp + 1
 * tail    how to end, loop: the loop; addresses of code
 */
struct mnq_dsp_sparse {
    const uint8_t *w;
    const uint32_t *x;
    void *out;
    size_t stride;
    int32_t zp2;
    const uint8_t *w_end;
    uintptr_t tail, loop;
};

void mnq_dsp_sparse(const struct mnq_dsp_sparse *b);

/**
 * int8 inputs of four pixels as pairs of neighbours.
 * to     as x above, the first pixel's word
 * from   the pixels' first inputs, any alignment
 * quads  of inputs, > 0
 */
void mnq_dsp_sparse_take(uint32_t *to, const uint8_t *const from[4], int32_t quads);

/** Labels in it. */
void mnq_dsp_sparse_loop(void), mnq_dsp_sparse_s8(void), mnq_dsp_sparse_u13(void), mnq_dsp_sparse_s14(void);
void mnq_dsp_sparse_s16(void), mnq_dsp_sparse_sums(void);

#endif
