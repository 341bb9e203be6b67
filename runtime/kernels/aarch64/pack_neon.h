/* SPDX-License-Identifier: Apache-2.0
 * How the AArch64 tables pack a layer: output channels in blocks of eight, filled up with zeros. Plain C, shared by the
 * packer and the kernels.
 *
 *     packed:   struct mnq_neon_head, then a record per block of channels, then weights from `weights` on, padding from
 * `pad` on record:   i32 bias[8], multiplier[8], -(r + 1)[8], 1 - r where r < 1 or 0 [8]; h-swish and h-sigmoid: the last
 * three once more for the second rounding weights, block by block: WIDE    CONV, PW: for every row of the kernel and every
 * input in it, i16 w[8]; DWCONV: for every tap i16 w[8]; ADD: i16 w0[8], w1[8] QUADS   for every row of the kernel and four
 * inputs in it, the last filled up with zeros, i8 w[8][4] OCTETS  for every eight inputs, the last filled up with zeros, i8
 * w[8][8] */
#ifndef MNQ_PACK_NEON_H
#define MNQ_PACK_NEON_H

#include "kernels.h"

#include <stddef.h>
#include <stdint.h>

enum { MNQ_NEON_BLOCK = 8 }; /* output channels */

/** What distinguishes the tables. */
enum mnq_neon_level { MNQ_NEON_BASE, MNQ_NEON_DOTPROD, MNQ_NEON_I8MM };

enum mnq_neon_kind { MNQ_NEON_WIDE = 1, MNQ_NEON_QUADS = 4, MNQ_NEON_OCTETS = 8 }; /* inputs of one unit of weights */

/** int32[8] of a record. */
enum mnq_neon_field { MNQ_NEON_BIAS, MNQ_NEON_MULT, MNQ_NEON_SHIFT, MNQ_NEON_LEFT, MNQ_NEON_FIELDS1, MNQ_NEON_FIELDS2 = 7 };

/** The start of packed memory. Offsets count bytes from here, multiples of 16. */
struct mnq_neon_head {
    int32_t kind;    /* enum mnq_neon_kind */
    int32_t general; /* 1: a shift is below 1 */
    int32_t fields;  /* of a record */
    uint32_t weights, pad, bytes;
    int32_t unused[2];
};

static inline const int32_t *mnq_neon_records(const struct mnq_neon_head *h)
{
    return (const int32_t *)(const void *)(h + 1);
}

/** Units of one row of a kernel that takes n inputs in it. */
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

/** Channels of a pixel of DWCONV as its kernel keeps it. */
static inline int32_t mnq_neon_padded(int32_t c)
{
    return (c + MNQ_NEON_BLOCK - 1) / MNQ_NEON_BLOCK * MNQ_NEON_BLOCK;
}

enum {
    MNQ_NEON_ROWS = 16,       /* of a kernel, at most; others stay unpacked */
    MNQ_NEON_ACC = 8 * 8 * 4, /* bytes of accumulators: 8 pixels of a block */
    MNQ_NEON_SLACK = 16       /* bytes that may be read behind what is kept */
};

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

/** Bytes of a pixel that PW keeps. */
static inline size_t mnq_neon_pw_pixel(const struct mnq_layer *l, int kind)
{
    return (size_t)mnq_neon_units(l->c, kind) * (kind == MNQ_NEON_WIDE ? 2 : (size_t)kind);
}

/** Pixels of PW that are taken at a time, a multiple of 8: few enough for the first-level cache. */
static inline int32_t mnq_neon_pw_run(const struct mnq_layer *l, int kind)
{
    const size_t n = 16384 / mnq_neon_pw_pixel(l, kind) / 8 * 8;
    return n < 8 ? 8 : n > 64 ? 64 : (int32_t)n;
}

/** How the layer is packed, 0: not at all. */
int mnq_neon_kind_of(enum mnq_neon_level level, const struct mnq_layer *l);

/** Bytes of one packed layer, 0: it is used as it is. */
size_t mnq_neon_pack_bytes(enum mnq_neon_level level, const struct mnq_layer *l);

/** Packs a layer; all bytes are written. */
void mnq_neon_pack(enum mnq_neon_level level, const struct mnq_layer *l, void *mem);

/** Scratch bytes of its kernel. */
size_t mnq_neon_scratch(enum mnq_neon_level level, const struct mnq_layer *l);

#endif
