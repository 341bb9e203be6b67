/* SPDX-License-Identifier: Apache-2.0
 * How weights of CONV and PW are packed for a Cortex-M3, which multiplies one pair of numbers at a time. Plain C, shared by
 * the packer and the kernels.
 *
 * Records are those of layout_dsp.h, but inputs are in order, and of every width w0[k] w1[k] w0[l] w1[l] stand for a pair.
 *
 *     header:  u8 as there; u8 1 if sums are lanes, see below; 2 x 0
 *     bias:    of bytes that are to be flipped, less 128 times the sum of the weights: bytes are multiplied as they are
 *
 * SMLAL multiplies 32 bits and adds to 64. With x0 + 2^23 x1 for one factor it adds up two pixels, as long as the first one's
 * sum is less than 2^22: these are lanes. Other layers are added up one by one with MLA. */
#ifndef MNQ_LAYOUT_M3_H
#define MNQ_LAYOUT_M3_H

#include "cortexm/layout_dsp.h"

enum { MNQ_M3_LANE = 23 }; /* bits */

/** Whether a packed layer's sums are lanes. */
static inline int mnq_m3_lanes(const struct mnq_layer *l)
{
    return ((const uint8_t *)l->packed)[1];
}

/** Words of inputs for a pair of them, of four pixels. */
static inline size_t mnq_m3_words(const struct mnq_layer *l)
{
    return mnq_m3_lanes(l) ? 4 : 8;
}

/** The packer: see struct mnq_packing. */
size_t mnq_m3_packed_bytes(const struct mnq_layer *l);
void mnq_m3_pack(const struct mnq_layer *l, void *mem);

/** Scratch of a layer's kernel: see struct mnq_kernels. */
size_t mnq_m3_scratch(const struct mnq_layer *l);

#endif
