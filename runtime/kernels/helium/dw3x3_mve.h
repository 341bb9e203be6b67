/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 3x3 on Helium: what dw3x3_mve.S gets from dwconv3x3_mve.c. */
#ifndef MNQ_DW3X3_MVE_H
#define MNQ_DW3X3_MVE_H

#include "kernels.h"

/** One channel: taps row by row; bias, m, rounding and zero point, -r. */
struct mnq_mve_channel {
    int32_t w[9], bias, m, round, down;
};

/**
 * Rows of outputs of one channel, four at a time.
 * row       the window's three rows at the first output, int16
 * channel   its numbers
 * out       the first output; offset: bytes to each of the four, four: from four to the next four
 * groups    whole groups of four of a row; rest: 1 if a last group overlaps them, `back` bytes of a row, back_out of the
 *           output
 * skip      bytes from the end of a row to the window one row below
 * rows      of outputs
 * lo, hi    clamp of int16 outputs
 */
struct mnq_mve_dw {
    const int16_t *row[3];
    const struct mnq_mve_channel *channel;
    void *out;
    uint32_t offset[4], four[4];
    int32_t groups, rest, back, back_out, skip, rows;
    int32_t lo, hi;
};

/** By stride, 1 and 2, and outputs; sums: int32, as they are. */
typedef void mnq_mve_dw_rows(const struct mnq_mve_dw *d);
mnq_mve_dw_rows mnq_mve_dw1_s8, mnq_mve_dw1_s16, mnq_mve_dw1_sums;
mnq_mve_dw_rows mnq_mve_dw2_s8, mnq_mve_dw2_s16, mnq_mve_dw2_sums;

/**
 * n pixels of 8 channels as rows of int16, one a channel.
 * to     the first channel's row, `plane` bytes to the next
 * from   the first pixel's first channel, int8 or int16; pixel: bytes to the next; n > 0
 */
typedef void mnq_mve_planes(int16_t *to, size_t plane, const void *from, size_t pixel, int32_t n);
mnq_mve_planes mnq_mve_planes_s8, mnq_mve_planes_s16;

/** The same of a tensor of fewer channels, 1..7. */
typedef void mnq_mve_few(int16_t *to, size_t plane, const void *from, size_t pixel, int32_t n, int32_t channels);
mnq_mve_few mnq_mve_few_s8, mnq_mve_few_s16;

enum { MNQ_MVE_CHANNELS = 8 }; /* taken apart at a time */

/** Channels that calls compute: some of them again if they are no multiple of 8. */
static inline int32_t mnq_mve_dw_channels(const struct mnq_layer *l)
{
    return l->c < MNQ_MVE_CHANNELS ? l->c : (l->c + MNQ_MVE_CHANNELS - 1) / MNQ_MVE_CHANNELS * MNQ_MVE_CHANNELS;
}

/** Values from row to row of a channel taken apart: padding, pixels, and what the last group of four outputs reads. */
static inline size_t mnq_mve_dw_pitch(const struct mnq_layer *l)
{
    const int32_t outputs = l->ow < 4 ? 4 : l->ow;
    const int32_t have = l->pl + l->w, read = (outputs - 1) * l->sw + 3;

    return (size_t)((have > read ? have : read) + 3) / 4 * 4;
}

/** The scratch that mnq_dwconv3x3_mve() wants. Plain C. */
size_t mnq_mve_dw3x3_scratch(const struct mnq_layer *l);

#endif
