/* SPDX-License-Identifier: Apache-2.0
 * How the x86 tables pack a layer: the order of its output channels, of its weights and of what requantization needs.
 *
 * Output channels are padded to blocks of K vectors of L accumulators, K 1, 2 or 4. Inside a block lane 4j + i of vector k
 * holds channel 4 K j + 4 k + i: narrowing instructions pair 128-bit lanes, so the bytes come out in order and no lane is
 * ever permuted. What fills a block up has weights, bias and multiplier 0. */
#ifndef MNQ_X86_PACK_H
#define MNQ_X86_PACK_H

#include "kernels.h"

#include <stdint.h>

/** What distinguishes the tables. */
struct mnq_x86_shape {
    int lanes; /* L: accumulators of a vector, 8 or 16 */
    int dot8;  /* 1: an instruction multiplies four unsigned bytes by four signed ones */
};

/** How a layer's products are taken. */
enum mnq_x86_dot {
    MNQ_X86_PAIRS = 2, /* two int16 activations by two int16 weights */
    MNQ_X86_QUADS = 4, /* four activations plus 128, as bytes, by four int8 weights; the bias makes up for the 128 */
    MNQ_X86_SIGNS = 32 /* a word of signs by a word of signs */
};

/** Fields of a block's requantization, K vectors each. */
enum mnq_x86_field {
    MNQ_X86_MULT,
    MNQ_X86_ADD, /* 2^(r-1), and zp * 2^r if the zero point is folded */
    MNQ_X86_SHIFT,
    MNQ_X86_LEFT, /* 1 - r where r < 1 */
    MNQ_X86_FIELDS1,
    MNQ_X86_MULT2 = MNQ_X86_FIELDS1, /* HSWISH, HSIGMOID: the same for the second stage */
    MNQ_X86_ADD2,
    MNQ_X86_SHIFT2,
    MNQ_X86_LEFT2,
    MNQ_X86_FIELDS2
};

/** The start of packed memory. Offsets count bytes from here, multiples of 64. */
struct mnq_x86_head {
    int32_t dot;    /* enum mnq_x86_dot */
    int32_t narrow; /* 1: pairs of int8 weights, widened at every use: there is one pixel, and memory is what takes time */
    int32_t sparse; /* 1: of the pairs of int16 weights only those that are not zero, struct mnq_x86_pair */
    int32_t fields; /* of a block: MNQ_X86_FIELDS1 or MNQ_X86_FIELDS2 */
    uint32_t bias, weights, pad;
    uint32_t general; /* a byte for every vector of channels, 1: a shift of its block is below 1, or the zero point was not
                         folded */
    uint32_t bytes;   /* of all */
    int32_t grouped;  /* 1: bytes in groups, struct mnq_x86_groups (x86_group.h) */
    uint32_t room;    /* where grouping works; 0: it does not */
    int32_t unused[5];
};

/** Two weights of one output channel. Behind uint32_t[padded channels + 1], where each channel's pairs start. */
struct mnq_x86_pair {
    int16_t w[2];
    uint32_t at; /* of their inputs, in bytes: MNQ_X86_PAIR_ROW for every two inputs */
};

enum { MNQ_X86_PAIR_ROW = 128 }; /* bytes of two inputs of 32 pixels */

/** Vectors of the block that starts with `left` output channels left. */
int mnq_x86_block(const struct mnq_x86_shape *s, const struct mnq_layer *l, int dot, int32_t left);

/** Channel, inside its block of K vectors, of lane `lane` of vector k. */
static inline int mnq_x86_channel(int K, int k, int lane)
{
    return lane / 4 * 4 * K + 4 * k + lane % 4;
}

/** The pairs behind `n` channels' starts. */
static inline struct mnq_x86_pair *mnq_x86_pairs(const uint32_t *start, size_t n)
{
    const size_t bytes = ((n + 1) * sizeof *start + 63) / 64 * 64;
    return (struct mnq_x86_pair *)(void *)((unsigned char *)(uintptr_t)start + bytes);
}

/** Kernel rows that lie in the lanes of one depthwise vector. */
static inline int mnq_x86_sets(const struct mnq_layer *l, int dot)
{
    const int rows = l->kh + (l->sh == 1); /* two output rows at a time share what they read */
    return (rows + dot - 1) / dot;
}

/** Bytes of one packed layer, 0: it is used as it is. */
size_t mnq_x86_pack_bytes(const struct mnq_x86_shape *s, const struct mnq_layer *l);

/** Packs a layer; all bytes are written. */
void mnq_x86_pack(const struct mnq_x86_shape *s, const struct mnq_layer *l, void *mem);

/** Scratch bytes of its kernel. */
size_t mnq_x86_scratch(const struct mnq_x86_shape *s, const struct mnq_layer *l);

#endif
