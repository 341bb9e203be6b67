/* SPDX-License-Identifier: Apache-2.0
 * How weights of CONV and PW are packed for RISC-V vectors, and what the kernels want of scratch memory. Plain C, shared by
 * the packer and the kernels.
 *
 *     packed:  w[kh * kw * c][oc], int8 or int16: of each input all output channels, which are the lanes. A vector of any
 *              length takes as many as it holds; nothing is padded.
 *
 * Weights of 4 bits, with gaps and of one base of signs become int8, those of several bases int16. */
#ifndef MNQ_LAYOUT_RVV_H
#define MNQ_LAYOUT_RVV_H

#include "kernels.h"

enum {
    MNQ_RVV_ACC = 3072,  /* bytes of accumulators on their way to the output stage, at the start of scratch */
    MNQ_RVV_LANES = 256, /* output channels that are computed together, at most: three pixels of them fit */
    MNQ_RVV_STRIP = 64,  /* lanes of several pixels of a depthwise layer of few channels, at most */
    MNQ_RVV_ROWS = 8     /* rows of a window; others are left to the generic kernels */
};

/** Whether packed weights are int16. */
static inline int mnq_rvv_wide(const struct mnq_layer *l)
{
    return l->wtype == MNQ_W_S16 || (l->wtype == MNQ_W_BINARY && l->mult > 1);
}

/** Columns of a row of CONV's input with its padding: all that windows reach. */
static inline int32_t mnq_rvv_columns(const struct mnq_layer *l)
{
    const int32_t reach = (l->ow - 1) * l->sw + l->kw, least = l->pl + l->w;
    return reach > least ? reach : least;
}

/** Bytes of such a row; even. */
static inline size_t mnq_rvv_row_bytes(const struct mnq_layer *l)
{
    return (((size_t)mnq_rvv_columns(l) * (size_t)l->c << l->in16) + 1) / 2 * 2;
}

/** Whether a depthwise layer has so few channels that several neighbours in a row, stride 1, may be lanes of one vector. */
static inline int mnq_rvv_strips(const struct mnq_layer *l)
{
    return l->sw == 1 && 2 * l->c <= MNQ_RVV_STRIP && l->ow >= 8;
}

/** What is kept for that: bias and multipliers, padding, weights, shifts of all lanes, the layer as it looks with them. */
struct mnq_rvv_strip {
    struct mnq_layer l;
    int32_t bias[MNQ_RVV_STRIP], mult[MNQ_RVV_STRIP], mult2[MNQ_RVV_STRIP];
    int16_t pad[MNQ_RVV_STRIP];
    int8_t shift[MNQ_RVV_STRIP], shift2[MNQ_RVV_STRIP];
    int16_t weights[MNQ_RVV_STRIP]; /* of the first tap; those of the others follow */
};

/** Bytes of padding of a depthwise layer that reads int16, a multiple of 16. */
static inline size_t mnq_rvv_pad_bytes(const struct mnq_layer *l)
{
    return l->in16 ? ((size_t)l->c * 2 + 15) / 16 * 16 : 0;
}

#endif
