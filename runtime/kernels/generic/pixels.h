/* SPDX-License-Identifier: Apache-2.0
 * Blocks of pixels for kernels that decode their weights: decoded once, used for a whole block.
 *
 * If there is a place for it, the block is transposed: then the pixels of an input are neighbours, and the inner loop is as
 * simple as that of a dense kernel. The place is the scratch memory or the end of the output, whose pixels are written
 * later; pixels for which there is none stay as they are. */
#ifndef MNQ_PIXELS_H
#define MNQ_PIXELS_H

#include "kernels.h"

enum {
    MNQ_PIXELS = 32, /* of a block: accumulators on the stack */
    MNQ_LANES = 8    /* a transposed block is a multiple of these */
};

/** A block of n pixels. */
struct mnq_pixels {
    const void *x; /* lanes: [input][n], int8 or, if the layer reads S16, int16; else the first pixel of input 0 */
    int32_t n;     /* 1..MNQ_PIXELS */
    int lanes;     /* whether it is transposed */
};

/** The pixels of band t of a PW layer from number p of the band on; the output's pixels before p are written, those from p
 * on are not. */
struct mnq_pixels mnq_pixels_take(const struct mnq_layer *l, const struct mnq_band *t, size_t p);

/** Requantizes the accumulators of output o of n pixels from number p on. */
void mnq_pixels_store(const struct mnq_layer *l, void *out, size_t p, int32_t o, const int32_t *acc, int32_t n);

#endif
