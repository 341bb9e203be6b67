/* SPDX-License-Identifier: Apache-2.0
 * Where the parts of compressed weights lie, FORMAT.md, "Compressed weights". */
#ifndef MNQ_PACKED_H
#define MNQ_PACKED_H

#include "kernels.h"

#include <stddef.h>

/** 32-bit words of one plane of signs over c inputs. */
static inline size_t mnq_plane_words(int32_t c)
{
    return ((size_t)c + 31) / 32;
}

/** Number of 1 bits; adds and shifts only, as no library offers it everywhere. */
static inline uint32_t mnq_popcount(uint32_t x)
{
    x -= x >> 1 & 0x55555555u;
    x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0fu;
    x += x >> 8;
    return (x + (x >> 16)) & 63;
}

/** What follows `planes` planes of every output: coefficients of BINARY [oc][bases], thresholds of XNOR [c]. */
static inline const int16_t *mnq_behind_planes(const struct mnq_layer *l, size_t planes)
{
    const uint32_t *w = (const uint32_t *)l->weights;
    return (const int16_t *)(const void *)(w + (size_t)l->oc * planes * mnq_plane_words(l->c));
}

/** Weight i of a row of S4, -8..7 (a valid file has no -8). */
static inline int32_t mnq_s4_at(const uint8_t *row, size_t i)
{
    return (int32_t)((uint32_t)(row[i / 2] >> 4 * (i % 2) & 15) ^ 8) - 8;
}

/** Blocks of b of c inputs; b is a power of two that divides c. By shifts: no core needs a division for it. */
static inline int32_t mnq_blocks(int32_t c, int32_t b)
{
    for (; b > 1; b >>= 1) c >>= 1;
    return c;
}

/** Bytes of one row of the bitmap of SPARSE with blocks of b inputs. */
static inline size_t mnq_bitmap_bytes(int32_t c, int32_t b)
{
    return ((size_t)mnq_blocks(c, b) + 7) / 8;
}

#endif
