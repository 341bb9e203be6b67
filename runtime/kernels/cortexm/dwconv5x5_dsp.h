/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 5x5 on a Cortex-M with the DSP extension: what dwconv5x5_dsp.S gets from dwconv5x5_dsp.c. */
#ifndef MNQ_DWCONV5X5_DSP_H
#define MNQ_DWCONV5X5_DSP_H

#include "kernels.h"

#include <stddef.h>

/**
 * Sums of a row of outputs of one channel, four at a time.
 * step    bytes from one row of the window to the next
 * sums    int32[4 * groups]; groups > 0
 * w       for each row of the window taps (0, 1), (2, 3), (1, 2), (3, 4) as pairs of int16
 * x       the window's first row at the first output, int16, 4-byte aligned; read up to what 4 * groups outputs reach
 */
struct mnq_dsp_dw5 {
    size_t step;
    int32_t *sums;
    int32_t groups;
    const uint32_t *w;
    const int16_t *x;
    int32_t bias;
};

/** Strides 1 and 2. */
void mnq_dsp_dw5_1(const struct mnq_dsp_dw5 *d);
void mnq_dsp_dw5_2(const struct mnq_dsp_dw5 *d);

/** Groups of four outputs of a row. */
static inline int32_t mnq_dsp_dw5_groups(const struct mnq_layer *l)
{
    return (l->ow + 3) / 4;
}

/** Values from row to row of a channel taken apart: padding, pixels, and what the last group of four outputs reads. */
static inline size_t mnq_dsp_dw5_pitch(const struct mnq_layer *l)
{
    const int32_t have = l->pl + l->w, read = (mnq_dsp_dw5_groups(l) * 4 - 1) * l->sw + 6;

    return (size_t)((have > read ? have : read) + 7) / 8 * 8;
}

/** Whether mnq_dwconv5x5_dsp() serves a layer, and the scratch that it wants. Plain C. */
int mnq_dsp_dw5_serves(const struct mnq_layer *l);
size_t mnq_dsp_dw5_scratch(const struct mnq_layer *l);

#endif
