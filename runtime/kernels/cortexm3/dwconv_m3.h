/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 3x3 on a Cortex-M3: cells of the rows that dwconv_dsp.c keeps, and which layers have them.
 *
 * A cell is a word: an input, or with stride 1 and 8 bits a lane (layout_m3.h) of two neighbours, q[i] + 2^23 q[i + 1]. Of
 * nine products the sum always fits a lane. Rows of lanes have a cell more on the left: the last one of padding and the first
 * pixel. */
#ifndef MNQ_DWCONV_M3_H
#define MNQ_DWCONV_M3_H

#include "layout_m3.h"

enum {
    MNQ_M3_CHANNELS = 2,      /* taken apart at a time */
    MNQ_M3_CHANNEL_BYTES = 52 /* of struct mnq_dsp_channel there */
};

/** Whether a layer's cells are lanes. */
static inline int mnq_m3_dw_lanes(const struct mnq_layer *l)
{
    return l->sw == 1 && l->wtype == MNQ_W_S8 && !l->in16;
}

/** Cells from row to row: padding, pixels, and what the last group of four outputs reads. */
static inline size_t mnq_m3_dw_pitch(const struct mnq_layer *l)
{
    const int32_t outputs = l->ow < 4 ? 4 : l->ow;
    const int32_t have = l->pl + l->w, read = l->sw == 1 ? outputs + 2 : 2 * outputs + 1;

    return (size_t)(((have > read ? have : read) + mnq_m3_dw_lanes(l) + 3) / 4 * 4);
}

/** Whether mnq_dwconv3x3_dsp() serves a layer there, and the scratch that it wants. Plain C. */
int mnq_m3_dw_serves(const struct mnq_layer *l);
size_t mnq_m3_dw_scratch(const struct mnq_layer *l);

#endif
