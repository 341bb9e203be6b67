/* SPDX-License-Identifier: Apache-2.0
 * How the AArch64 tables pack a layer: output channels in blocks of eight, of which the last may repeat some of the one
 * before it; fewer than eight are filled up with zeros. Plain C, shared by the packer and the kernels.
 *
 *     packed:  struct mnq_neon_head; a record for every block; weights from `weights` on; padding from `pad` on
 *     record:  i32 bias[8]; multiplier[8]; -(r + 1)[8]; [8] of 1 - r where r < 1, else 0;
 *              h-swish and h-sigmoid: the last three once more, for the second rounding
 *     weights, block by block:
 *     WIDE     CONV, PW: for every input of every row of the kernel i16 w[8]; DWCONV: for every tap i16 w[8];
 *              ADD: i16 w0[8], w1[8]
 *     QUADS    for every four inputs of every row i8 w[8][4], the last of a row filled up with zeros; DWCONV: for each of
 *              the three columns i8 w[8][4], the taps of three rows and 0; then all once more, 0 and the taps
 *
 *     OCTETS   for every eight inputs i8 w[8][8], likewise
 *
 * QUADS and OCTETS of 16-bit values are two planes of bytes. Their sums are H and L, the layer's is 256 H + L:
 *
 *     SPLIT_W  weights: the upper bytes of a block, then the lower ones, unsigned. QUADS: L is of inputs plus 128, unsigned
 *              too, and the bias less by 128 times the sum of the lower bytes
 *
 *     SPLIT_X  inputs: the upper bytes of a pixel, then the lower ones less 128, and the bias more by 128 times the sum of
 *              the weights
 *
 * QUADS of a CONV whose rows are short are those of one row of all inputs, FLAT. */
#ifndef MNQ_PACK_NEON_H
#define MNQ_PACK_NEON_H

#include "kernels.h"

#include <stddef.h>
#include <stdint.h>

enum {
    MNQ_NEON_BLOCK = 8,       /* output channels */
    MNQ_NEON_ROWS = 16,       /* of a kernel, at most; others stay unpacked */
    MNQ_NEON_ACC = 8 * 8 * 4, /* bytes of accumulators: 8 pixels of a block */
    MNQ_NEON_DW_QUADS = 192,  /* bytes of a block's weights */
    MNQ_NEON_SLACK = 16       /* bytes that may be read or written behind what is kept */
};

/** What distinguishes the tables. */
enum mnq_neon_level { MNQ_NEON_BASE, MNQ_NEON_DOTPROD, MNQ_NEON_I8MM };

enum mnq_neon_kind { MNQ_NEON_WIDE = 1, MNQ_NEON_QUADS = 4, MNQ_NEON_OCTETS = 8 }; /* inputs of one unit of weights */

enum mnq_neon_split { MNQ_NEON_SPLIT_W = 1, MNQ_NEON_SPLIT_X = 2 };

/** int32[8] of a record. */
enum mnq_neon_field { MNQ_NEON_BIAS, MNQ_NEON_MULT, MNQ_NEON_SHIFT, MNQ_NEON_LEFT, MNQ_NEON_FIELDS1, MNQ_NEON_FIELDS2 = 7 };

/** The start of packed memory. Offsets count bytes from here, multiples of 16. */
struct mnq_neon_head {
    int32_t kind;    /* enum mnq_neon_kind */
    int32_t split;   /* enum mnq_neon_split, or 0 */
    int32_t general; /* 1: a shift is below 1 */
    int32_t fields;  /* of a record */
    uint32_t weights, pad, bytes;
    int32_t unused;
};

static inline const int32_t *mnq_neon_records(const struct mnq_neon_head *h)
{
    return (const int32_t *)(const void *)(h + 1);
}

/** Units of a row of n inputs. */
static inline int32_t mnq_neon_units(int32_t n, int kind)
{
    return (n + kind - 1) / kind;
}

/** Columns of a row of a window's input with its padding: all that windows reach. */
static inline int32_t mnq_neon_columns(const struct mnq_layer *l)
{
    const int32_t reach = (l->ow - 1) * l->sw + l->kw, least = l->pl + l->w;
    return reach > least ? reach : least;
}

/** Channels in whole blocks. */
static inline int32_t mnq_neon_padded(int32_t c)
{
    return (c + MNQ_NEON_BLOCK - 1) / MNQ_NEON_BLOCK * MNQ_NEON_BLOCK;
}

/** The first channel of the block that starts with `left` of c channels left: the last block starts earlier where there are
 * enough. */
static inline int32_t mnq_neon_first(int32_t c, int32_t left)
{
    return left >= MNQ_NEON_BLOCK || c < MNQ_NEON_BLOCK ? c - left : c - MNQ_NEON_BLOCK;
}

/** Channels of a block that are stored. */
static inline int mnq_neon_stored(int32_t c)
{
    return c < MNQ_NEON_BLOCK ? (int)c : MNQ_NEON_BLOCK;
}

/** Bytes of a row that CONV keeps. */
static inline size_t mnq_neon_conv_row(const struct mnq_layer *l, int kind)
{
    const size_t values = (size_t)mnq_neon_columns(l) * (size_t)l->c;
    return ((kind == MNQ_NEON_WIDE ? 2 * values : values) + MNQ_NEON_SLACK + 15) / 16 * 16;
}

/** Bytes of a row that DWCONV keeps. */
static inline size_t mnq_neon_dw_row(const struct mnq_layer *l)
{
    return (size_t)mnq_neon_columns(l) * (size_t)mnq_neon_padded(l->c) * 2;
}

/** Bytes that DWCONV of QUADS keeps of four rows side by side; a block of fewer than eight channels reads behind them. */
static inline size_t mnq_neon_dw_zipped(const struct mnq_layer *l)
{
    return (size_t)mnq_neon_columns(l) * (size_t)l->c * 4 + 2 * MNQ_NEON_SLACK;
}

/** Inputs of an output in one row, and rows. */
static inline int32_t mnq_neon_inputs(const struct mnq_layer *l, int kind)
{
    return (kind == MNQ_NEON_WIDE ? 1 : l->kh) * l->kw * l->c;
}

static inline int32_t mnq_neon_rows(const struct mnq_layer *l, int kind)
{
    return kind == MNQ_NEON_WIDE ? l->kh : 1;
}

/** Inputs of an output in panels of bytes, in whole vectors. */
static inline int32_t mnq_neon_kept(int32_t inputs)
{
    return (inputs + 15) / 16 * 16;
}

/** Planes of bytes in which inputs are kept: unsigned weights meet signed inputs in matrix products alone. */
static inline int mnq_neon_planes(int kind, int split)
{
    return split == MNQ_NEON_SPLIT_X || (split == MNQ_NEON_SPLIT_W && kind == MNQ_NEON_QUADS) ? 2 : 1;
}

/** Bytes of an output's inputs that PW and CONV keep, WIDE or in panels. */
static inline size_t mnq_neon_pixel(const struct mnq_layer *l, int kind, int split)
{
    const int32_t n = mnq_neon_inputs(l, kind);
    return kind == MNQ_NEON_WIDE ? (size_t)n * 2 : (size_t)mnq_neon_kept(n) * (size_t)mnq_neon_planes(kind, split);
}

/** Pixels that they take at a time, a multiple of 8: few enough for the first-level cache. */
static inline int32_t mnq_neon_run(const struct mnq_layer *l, int kind, int split)
{
    const size_t n = 16384 / mnq_neon_pixel(l, kind, split) / 8 * 8;
    return n < 8 ? 8 : n > 64 ? 64 : (int32_t)n;
}

/** Whether a layer of this operator was packed this way. */
static inline int mnq_neon_packed(const struct mnq_layer *l, int op, int kind)
{
    return l->packed != NULL && l->op == op && ((const struct mnq_neon_head *)l->packed)->kind == kind;
}

/** How a layer is packed, enum mnq_neon_kind, 0: it is not. */
int mnq_neon_kind(enum mnq_neon_level level, const struct mnq_layer *l);

/** Bytes of one packed layer, 0: it is used as it is. */
size_t mnq_neon_pack_bytes(enum mnq_neon_level level, const struct mnq_layer *l);

/** Packs a layer; all bytes are written. */
void mnq_neon_pack(enum mnq_neon_level level, const struct mnq_layer *l, void *mem);

/** Scratch bytes of its kernel. */
size_t mnq_neon_scratch(enum mnq_neon_level level, const struct mnq_layer *l);

#endif
