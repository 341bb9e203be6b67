/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 3x3 on a Cortex-M: what dwconv3x3_dsp.S and plane_dsp.S get from dwconv_dsp.c, or on a Cortex-M3 dwconv3x3_m3.S
 * and plane_m3.S. */
#ifndef MNQ_DWCONV_DSP_H
#define MNQ_DWCONV_DSP_H

#include "layout_dsp.h"
#include "variants.h"

#ifdef __ARM_ARCH_7M__ /* ARMv7-M without the DSP extension: a Cortex-M3 */

/** One channel: taps; bias, m, rounding and zero point, r. */
struct mnq_dsp_channel {
    int32_t taps[9];
    int32_t bias, m, round, r;
};

typedef int32_t mnq_dsp_cell; /* dwconv_m3.h */

#else

/** One channel: for each row of the window taps (0, 1) and (1, 2) as pairs of int16; bias, m, rounding and zero point, r. */
struct mnq_dsp_channel {
    uint32_t taps[3][2];
    int32_t bias, m, round, r;
};

typedef int16_t mnq_dsp_cell;

#endif

/**
 * Rows of outputs of one channel.
 * row     the window's three rows at the first output; read up to what four outputs at a time reach
 * out     the first output; stride: bytes to the next
 * end     row[0] behind the whole groups of four outputs, stop: behind the output row
 * back    bytes of a row, back_out: of the output, between the end of the whole groups and the last group of four
 * skip    bytes of a row, skip_out: of the output, from the end of one to the next
 * rows    output rows
 * full    end - row[0], line: stop - row[0]
 */
struct mnq_dsp_dw {
    const mnq_dsp_cell *row[3];
    const struct mnq_dsp_channel *channel;
    void *out;
    size_t stride;
    const mnq_dsp_cell *end, *stop;
    size_t back, back_out, skip, skip_out;
    int32_t rows;
    size_t full, line;
};

/** By stride and by the clamp of the output; sums: int32, as they are. At least four outputs a row. */
typedef void mnq_dsp_dw_rows(const struct mnq_dsp_dw *d);

/**
 * n pixels of 4 channels of int8 (2 of int16; on a Cortex-M3 always 2) into as many rows of cells.
 * to     [channels], `plane` bytes apart, an even number of int16
 * from   the first pixel's first channel, any alignment; `pixel` bytes to the next; n > 0
 * pad    of the channels: lanes begin with it, and end with it, so that they are n + 1 cells
 */
typedef void mnq_dsp_planes(mnq_dsp_cell *to, size_t plane, const void *from, size_t pixel, int32_t n, const int8_t *pad);

#ifndef __ARM_ARCH_7M__
mnq_dsp_planes mnq_dsp_planes_s8, mnq_dsp_planes_s16;

/** The one for a layer's input. */
static inline mnq_dsp_planes *mnq_dsp_planes_of(const struct mnq_layer *l)
{
    if ((MNQ_VARIANTS_PLANES & 4) && l->in16) return mnq_dsp_planes_s16;
    return MNQ_VARIANTS_PLANES & 1 ? mnq_dsp_planes_s8 : NULL;
}
#endif

/** n values; n > 0, a multiple of 8, of words of 4; to: 4-byte aligned. */
void mnq_dsp_fill(mnq_dsp_cell *to, int32_t value, size_t n);

/**
 * How a core keeps the rows of a layer.
 * pitch     cells from row to row of a channel
 * lead      cells before the first column of the window
 * pad       what an input of padding is multiplied by: its cell
 * channels  at a time
 * take      of inputs
 * run       by the clamp of the output; sums: as they are
 */
struct mnq_dsp_dw_way {
    size_t pitch;
    int32_t lead, pad, channels;
    mnq_dsp_planes *take;
    mnq_dsp_dw_rows *run, *sums;
};

/** Fills it for a layer and the clamp of its outputs: dwconv_channel_dsp.c, dwconv_channel_m3.c. */
void mnq_dsp_dw_way_of(struct mnq_dsp_dw_way *way, const struct mnq_layer *l, enum mnq_dsp_clamp clamp);

enum { MNQ_DSP_CHANNELS = 4 }; /* taken apart at a time, int8; of int16 half as many */

/** Values from row to row of a channel taken apart: padding, pixels, and what the last group of four outputs reads; whole
 * pieces of mnq_dsp_fill(). */
static inline size_t mnq_dsp_dw_pitch(const struct mnq_layer *l)
{
    const int32_t outputs = l->ow < 4 ? 4 : l->ow;
    const int32_t have = l->pl + l->w, read = l->sw == 1 ? outputs + 2 : 2 * outputs + 2;

    return (size_t)((have > read ? have : read) + 7) / 8 * 8;
}

/**
 * Fills k[0 .. n - 1] for channels c on; n 4, of int16 inputs 2.
 * return  bit j: the outputs of channel c + j need mnq_output_plain(), and k[j] has its sums
 */
int mnq_dsp_channels_make(const struct mnq_layer *l, int32_t c, int32_t n, struct mnq_dsp_channel *k);

/** Whether mnq_dwconv3x3_dsp() serves a layer, and the scratch that it wants. Plain C. */
int mnq_dsp_dw_serves(const struct mnq_layer *l);
size_t mnq_dsp_dw_scratch(const struct mnq_layer *l);

#endif
