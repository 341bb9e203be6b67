/* SPDX-License-Identifier: Apache-2.0
 * How layers are packed for HVX, and what their kernels keep in scratch. Plain C, shared by the packer and the kernels.
 *
 * CONV and PW: the inputs of one output are a run of kh * kw * c values, filled up with zeros to whole words of 4 int8 or 2
 * int16. Weights of every kind become int8 or int16: sparse and 4-bit ones int8, binary ones the int16 that they stand for,
 * XNOR signs +-4, which meet activations +-64. VRMPY multiplies unsigned vectors with signed words: 128 is added to int8
 * weights, and 128 times the sum of a pixel's inputs is taken away from its sums.
 *
 *     packed:  header 16 bytes, then a record per 32 output channels, the last filled up with zeros
 *     header:  u8 1 if outputs take more than one multiplication and one shift, else 0; u8 channels of the whole pixels that
 * a vector holds, below, else 0; 14 x 0 record:  for every word of inputs a vector, the word's weights of 32 channels; then
 * the numbers of 32 channels, i32 each: bias, m, rounding, shift; with the header's 1 also shift to the left before, and m,
 * rounding, shift and shift to the left of the activation XNOR:    behind the last record the thresholds, i16[c] */
#ifndef MNQ_LAYOUT_HVX_H
#define MNQ_LAYOUT_HVX_H

#include "kernels.h"

enum { MNQ_HVX_HEADER = 16, MNQ_HVX_LANES = 32, MNQ_HVX_BYTES = 128, MNQ_HVX_PIXELS = 4 };

/** Numbers of a channel, in their order. */
enum mnq_hvx_number {
    MNQ_HVX_BIAS,
    MNQ_HVX_M,
    MNQ_HVX_ROUND,
    MNQ_HVX_SHIFT,
    MNQ_HVX_FEW, /* all, for plain outputs */
    MNQ_HVX_LEFT = MNQ_HVX_FEW,
    MNQ_HVX_M2,
    MNQ_HVX_ROUND2,
    MNQ_HVX_SHIFT2,
    MNQ_HVX_LEFT2,
    MNQ_HVX_MANY
};

/** Numbers of a channel that a record holds, by the header's byte. */
static inline size_t mnq_hvx_numbers(int many)
{
    return many ? MNQ_HVX_MANY : MNQ_HVX_FEW;
}

/** Inputs of one output. */
static inline int32_t mnq_hvx_run(const struct mnq_layer *l)
{
    return l->op == MNQ_L_CONV ? l->kh * l->kw * l->c : l->c;
}

/** Whether products are of int16: weights or inputs are. XNOR's activations become signs. */
static inline int mnq_hvx_wide(const struct mnq_layer *l)
{
    return l->wtype != MNQ_W_XNOR && (l->in16 || l->wtype == MNQ_W_S16 || l->wtype == MNQ_W_BINARY);
}

/** Words of inputs. */
static inline int32_t mnq_hvx_words(const struct mnq_layer *l)
{
    return mnq_hvx_wide(l) ? (mnq_hvx_run(l) + 1) / 2 : (mnq_hvx_run(l) + 3) / 4;
}

static inline size_t mnq_hvx_record(const struct mnq_layer *l, int many)
{
    return ((size_t)mnq_hvx_words(l) + mnq_hvx_numbers(many)) * MNQ_HVX_BYTES;
}

/* ---- lanes of channels ---- */

enum { MNQ_HVX_VALUES = 64 };

/** Whether a layer has such a kernel. */
static inline int mnq_hvx_lanes_serve(const struct mnq_layer *l)
{
    if (l->op == MNQ_L_DWCONV) return l->mult == 1;
    if (l->op == MNQ_L_AVGPOOL) return !l->in_flip;
    return l->op == MNQ_L_ADD || l->op == MNQ_L_MUL;
}

/** Weights of a channel: taps of a window, inputs that are added. */
static inline int32_t mnq_hvx_taps(const struct mnq_layer *l)
{
    return l->op == MNQ_L_DWCONV ? l->kh * l->kw : l->op == MNQ_L_ADD ? 2 : 0;
}

static inline int32_t mnq_hvx_lanes_records(const struct mnq_layer *l)
{
    return (l->c + MNQ_HVX_VALUES - 1) / MNQ_HVX_VALUES;
}

static inline size_t mnq_hvx_lanes_record(const struct mnq_layer *l, int many)
{
    return ((size_t)mnq_hvx_taps(l) + 2 * mnq_hvx_numbers(many)) * MNQ_HVX_BYTES;
}

/** The channel that record g begins with. */
static inline int32_t mnq_hvx_channel(const struct mnq_layer *l, int32_t g)
{
    const int32_t c = g * MNQ_HVX_VALUES;

    return g > 0 && c + MNQ_HVX_VALUES > l->c ? l->c - MNQ_HVX_VALUES : c;
}

/** Channels from the first vector of a record to the next: whole pixels of few, a pixel of many. */
static inline int32_t mnq_hvx_step(const struct mnq_layer *l)
{
    const int32_t step = ((const uint8_t *)l->packed)[1];

    return step > 0 ? step : l->c;
}

/* ---- windows ---- */

/** Whether inputs are kept as int16, and every how many columns follow one another. */
static inline int mnq_hvx_rows_wide(const struct mnq_layer *l)
{
    return l->op == MNQ_L_DWCONV || mnq_hvx_wide(l);
}

static inline int32_t mnq_hvx_phases(const struct mnq_layer *l)
{
    return l->op == MNQ_L_DWCONV ? l->sw : 1;
}

/** Bytes of a row's columns of one phase in scratch; vectors may reach behind the last. */
static inline size_t mnq_hvx_columns(const struct mnq_layer *l)
{
    const size_t columns = l->op == MNQ_L_DWCONV ? (size_t)(l->ow + l->kw) : (size_t)((l->ow - 1) * l->sw + l->kw);

    return ((columns * (size_t)l->c << mnq_hvx_rows_wide(l)) + MNQ_HVX_BYTES - 1) / MNQ_HVX_BYTES * MNQ_HVX_BYTES +
           4 * MNQ_HVX_BYTES;
}

/** Pointers that a call keeps: of the rows and, of a depthwise layer, of the taps. */
static inline size_t mnq_hvx_pointers(const struct mnq_layer *l)
{
    return ((size_t)l->kh * l->kw + l->kh) * 8 / MNQ_HVX_BYTES * MNQ_HVX_BYTES + MNQ_HVX_BYTES;
}

/** All of it: pointers and rows. */
static inline size_t mnq_hvx_rows_bytes(const struct mnq_layer *l)
{
    return mnq_hvx_pointers(l) + (size_t)(l->kh * mnq_hvx_phases(l)) * mnq_hvx_columns(l);
}

/* ---- outputs ---- */

/** Whether outputs take more than one multiplication and one shift. */
int mnq_hvx_many(const struct mnq_layer *l);

/** Writes the numbers of channel o, or of none, at `at`, `pitch` bytes from one to the next. */
void mnq_hvx_put_numbers(const struct mnq_layer *l, int many, uint8_t *at, size_t pitch, int32_t o);

/** Records of a layer. */
static inline int32_t mnq_hvx_groups(const struct mnq_layer *l)
{
    return (l->oc + MNQ_HVX_LANES - 1) / MNQ_HVX_LANES;
}

/** Bytes from one of a block's pixels to the next in scratch: inputs, and outputs; vectors may be written behind their ends.
 */
static inline size_t mnq_hvx_pixel(const struct mnq_layer *l)
{
    return ((size_t)mnq_hvx_words(l) * 4 + 2 * MNQ_HVX_BYTES) / MNQ_HVX_BYTES * MNQ_HVX_BYTES + MNQ_HVX_BYTES;
}

static inline size_t mnq_hvx_output(const struct mnq_layer *l)
{
    return (((size_t)mnq_hvx_groups(l) * MNQ_HVX_LANES << l->q.out16) + 2 * MNQ_HVX_BYTES - 1) / MNQ_HVX_BYTES *
           MNQ_HVX_BYTES;
}

#endif
