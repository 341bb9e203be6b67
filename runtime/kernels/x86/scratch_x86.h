/* SPDX-License-Identifier: Apache-2.0
 * Scratch memory of the x86 kernels: accumulators on their way to the output stage, then copies of the input. */
#ifndef MNQ_SCRATCH_X86_H
#define MNQ_SCRATCH_X86_H

#include "x86_pack.h"

#include <stdint.h>

enum {
    MNQ_X86_RUN = 24,              /* pixels between two calls of the output stage, a multiple of a tile */
    MNQ_X86_ROWS = 16,             /* rows of a kernel, at most; others stay unpacked */
    MNQ_X86_ACC = 2 * 32 * 64 * 4, /* bytes of accumulators: 32 pixels of two rows, 64 channels */
    MNQ_X86_SLACK = 64             /* bytes that a vector may be read or written too far */
};

static inline uint8_t *mnq_x86_aligned(void *scratch)
{
    return (uint8_t *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
}

/** Pixels of PW that are copied at a time: as many as the cache of a level holds beside the weights. */
static inline int32_t mnq_x86_pw_run(const struct mnq_layer *l, int dot)
{
    const size_t pixel = ((size_t)l->c + 3) / 4 * (dot == MNQ_X86_PAIRS ? 8 : 4), weights = pixel * (size_t)l->oc;
    const size_t n = (weights <= 16384 ? 16384 : 98304) / pixel / MNQ_X86_RUN * MNQ_X86_RUN;

    return n < MNQ_X86_RUN ? MNQ_X86_RUN : (int32_t)n;
}

static inline size_t mnq_x86_pw_bytes(const struct mnq_layer *l, int dot)
{
    const size_t pixel = ((size_t)l->c + 3) / 4 * (dot == MNQ_X86_PAIRS ? 8 : 4), run = (size_t)mnq_x86_pw_run(l, dot);
    const size_t all = (size_t)l->h * (size_t)l->w, bytes = (size_t)mnq_x86_pw_run(l, MNQ_X86_QUADS);
    const size_t pairs = pixel * (all < run ? all : run), quads = ((size_t)l->c + 3) / 4 * 4 * (all < bytes ? all : bytes);
    const size_t dense = pairs > quads ? pairs : quads; /* AVX2 may find either better */
    const size_t sparse = ((size_t)l->c + 15) / 16 * 8 * (MNQ_X86_PAIR_ROW + MNQ_X86_PAIR_ROW); /* as pixels, as pairs */

    if (dot == MNQ_X86_SIGNS) return ((size_t)l->c + 31) / 32 * 4 * MNQ_X86_RUN;
    return dot == MNQ_X86_PAIRS && sparse > dense ? sparse : dense;
}

/** Columns of a row of CONV's input with its padding: all that windows reach. */
static inline int32_t mnq_x86_conv_columns(const struct mnq_layer *l)
{
    const int32_t reach = (l->ow - 1) * l->sw + l->kw, least = l->pl + l->w;
    return reach > least ? reach : least;
}

static inline size_t mnq_x86_conv_row_bytes(const struct mnq_layer *l, int dot)
{
    return ((size_t)mnq_x86_conv_columns(l) * (size_t)l->c * (dot == MNQ_X86_PAIRS ? 2 : 1) + MNQ_X86_SLACK + 63) / 64 * 64;
}

/** Channels of DWCONV on pairs that are done together: as many as leave the rows that are kept in the first-level cache. */
static inline int32_t mnq_x86_dw_width(const struct mnq_x86_shape *s, const struct mnq_layer *l)
{
    const size_t reach = (size_t)((l->ow - 1) * l->sw + l->kw);
    const size_t block = reach * (size_t)mnq_x86_sets(l, MNQ_X86_PAIRS) * (size_t)(2 * s->lanes * 4);
    const int32_t most = block > 10240 ? 1 : block > 5120 ? 2 : 4;

    return most * 2 * s->lanes;
}

/** Output rows of DWCONV on pairs that are done together: as many as keep their input in the second-level cache. */
static inline int32_t mnq_x86_dw_group(const struct mnq_layer *l)
{
    const size_t row = ((size_t)l->w * (size_t)l->c * (size_t)l->sh) << l->in16, n = 131072 / row / 2 * 2;

    return n < 4 ? 4 : n > 64 ? 64 : (int32_t)n;
}

/** Bytes of the input that DWCONV interleaves: [block of channels][set][column][vectors]. */
static inline size_t mnq_x86_strip_bytes(const struct mnq_x86_shape *s, const struct mnq_layer *l, int dot)
{
    const size_t reach = (size_t)((l->ow - 1) * l->sw + l->kw);
    const int32_t channels = dot == MNQ_X86_PAIRS ? mnq_x86_dw_width(s, l) : 4 * s->lanes;

    return reach * (size_t)mnq_x86_sets(l, dot) * (size_t)channels * 4;
}

#endif
