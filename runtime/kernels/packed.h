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

/** Whether no sum of S4 leaves 32 bits if weights and bias are 16 times as large, and so are shifts to the left of 4 or
 * less. */
static inline int mnq_s4_has_room(const struct mnq_layer *l)
{
    int32_t o, i;

    for (o = 0; o < l->oc; o++) {
        const uint8_t *const row = (const uint8_t *)l->weights + (size_t)o * (((size_t)l->c + 1) / 2);
        const int32_t b = l->q.bias[o];
        int64_t reach = 0;
        for (i = 0; i < l->c; i++) {
            const int32_t w = mnq_s4_at(row, (size_t)i);
            reach += w < 0 ? -w : w;
        }
        reach = (reach << (l->in16 ? 15 : 7)) + (b < 0 ? -(int64_t)b : b);
        if (reach >= (int64_t)1 << 27) return 0;
    }
    return 1;
}

enum { MNQ_TRITS = 5 }; /* weights in a byte of TERNARY */

/** Bytes of a row of TERNARY, c at most 65535. By a product: no core needs a division for it. */
static inline size_t mnq_ternary_bytes(int32_t c)
{
    return ((uint32_t)c + MNQ_TRITS - 1) * 52429u >> 18;
}

/** The weights of a byte of TERNARY: what multiplications by 3 carry out of its 8 bits, less 1. Returns what is left of the
 * byte, below 243 in a valid file. */
static inline uint32_t mnq_ternary_byte(uint32_t byte, int8_t *w)
{
    int32_t k;

    for (k = 0; k < MNQ_TRITS; k++) {
        byte *= 3;
        w[k] = (int8_t)((int32_t)(byte >> 8) - 1);
        byte &= 255;
    }
    return byte;
}

/** Weight i of a row of TERNARY; for code that packs. */
static inline int32_t mnq_ternary_at(const uint8_t *row, size_t i)
{
    int8_t w[MNQ_TRITS];

    (void)mnq_ternary_byte(row[i / MNQ_TRITS], w);
    return w[i % MNQ_TRITS];
}

/** Blocks of b of c inputs; b is a power of two that divides c. By shifts: no core needs a division for it. */
static inline int32_t mnq_blocks(int32_t c, int32_t b)
{
    for (; b > 1; b >>= 1) c >>= 1;
    return c;
}

/** Bytes of one row of the bitmap of SPARSE and SPARSE4 with blocks of b inputs. */
static inline size_t mnq_bitmap_bytes(int32_t c, int32_t b)
{
    return ((size_t)mnq_blocks(c, b) + 7) / 8;
}

/** Whether the weights are a bitmap and what it says is there. */
static inline int mnq_is_sparse(const struct mnq_layer *l)
{
    return l->wtype == MNQ_W_SPARSE || l->wtype == MNQ_W_SPARSE4;
}

/** Bytes of n stored weights of one row of SPARSE or SPARSE4. */
static inline size_t mnq_stored_bytes(unsigned wtype, size_t n)
{
    return wtype == MNQ_W_SPARSE4 ? (n + 1) / 2 : n;
}

/** Where the next stored weight of SPARSE or SPARSE4 is. */
struct mnq_stored {
    const uint8_t *at;
    unsigned half; /* SPARSE4: 1: in the high nibble */
};

/** The first one of output 0; of other types nothing that is looked at. */
static inline struct mnq_stored mnq_stored_first(const struct mnq_layer *l)
{
    struct mnq_stored s;

    s.at = (const uint8_t *)l->weights;
    if (mnq_is_sparse(l)) s.at += (size_t)l->oc * mnq_bitmap_bytes(l->c, l->mult);
    s.half = 0;
    return s;
}

/** The next one, -128..127 or -8..7 (a valid file has neither -128 nor -8). */
static inline int32_t mnq_stored_next(const struct mnq_layer *l, struct mnq_stored *s)
{
    int32_t w;

    if (l->wtype == MNQ_W_SPARSE) return (int8_t)*s->at++;
    w = mnq_s4_at(s->at, s->half);
    s->at += s->half;
    s->half ^= 1;
    return w;
}

/** Behind an output's last one: the next output's begin with a byte. */
static inline void mnq_stored_row(struct mnq_stored *s)
{
    s->at += s->half;
    s->half = 0;
}

#endif
