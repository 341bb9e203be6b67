/* SPDX-License-Identifier: Apache-2.0
 * All channels of a few pixels on Helium: records of layout_mve.h through block_mve.S. */
#ifndef MNQ_RECORDS_MVE_H
#define MNQ_RECORDS_MVE_H

#include "block_mve.h"
#include "layout_mve.h"

/**
 * Inner loops by number, bits of MNQ_VARIANTS_MVE: three of each kind but those named "one", which make no sums.
 * Kinds: weights of 8 bits by int16 and by int8, of 16, of 4 by both; windows of image_mve.c by both.
 */
enum mnq_mve_kind {
    MNQ_MVE_8,
    MNQ_MVE_88,
    MNQ_MVE_16,
    MNQ_MVE_4,
    MNQ_MVE_84,
    MNQ_MVE_IMAGE_8,
    MNQ_MVE_IMAGE_16,
    MNQ_MVE_ONE
};

/** The kind of a packed layer's inner loop, of those named "one" MNQ_MVE_ONE more. Plain C. */
static inline int mnq_mve_kind_of(const struct mnq_layer *l)
{
    const int bytes = mnq_mve_lanes(l) == 16;
    int kind = l->wtype == MNQ_W_S16 ? MNQ_MVE_16 : MNQ_MVE_8 + bytes;

    if (l->wtype == MNQ_W_S4) return MNQ_MVE_4 + bytes;
    if (mnq_mve_image(l)) return l->wtype == MNQ_W_S16 ? MNQ_MVE_IMAGE_16 : MNQ_MVE_IMAGE_8;
    if (mnq_mve_vectors(l) == 1 && ((const uint8_t *)l->packed)[0] == 0) kind += MNQ_MVE_ONE;
    return kind;
}

/** What is the same for all blocks of a call. */
struct mnq_mve_records {
    const struct mnq_layer *l;
    mnq_mve_run_blocks *run;
    int32_t pixels; /* to write of four */
    size_t record;
    const uint8_t *w, *even, *end; /* records, the end of those of whole pairs, of all */
    size_t odd;                    /* bytes from a pixel's output to the last pair's */
    struct mnq_mve_block b;
};

/** Outputs of a layer as block_mve.S counts them: 0 int8, 1 int16, 2 sums, which mnq_output_plain() finishes. */
static inline int mnq_mve_outputs(const struct mnq_layer *l)
{
    return ((const uint8_t *)l->packed)[0] != 0 ? 2 : l->q.out16;
}

/** Fills in r for a packed layer whose calls make `pixels` pixels, 1..4, of the inputs at x. */
void mnq_mve_records_begin(struct mnq_mve_records *r, const struct mnq_layer *l, int32_t pixels, const void *x);

/** Writes all channels of the pixels in x to out. */
void mnq_mve_records_run(struct mnq_mve_records *r, void *out);

#endif
