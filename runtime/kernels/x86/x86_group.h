/* SPDX-License-Identifier: Apache-2.0
 * Weights of PW in groups whose products with bytes are exact in 16 bits (AVX2). */
#ifndef MNQ_X86_GROUP_H
#define MNQ_X86_GROUP_H

#include <stddef.h>
#include <stdint.h>

enum {
    MNQ_X86_GROUP_MOST = 4,   /* quads of a group */
    MNQ_X86_GROUP_BOUND = 128 /* positive weights of a 16-bit sum, and negative ones: 255 * 128 < 2^15 */
};

/**
 * A block of output channels, 16 of them or 8: behind it uint32_t offsets of its quads' inputs, in bytes, then their
 * weights, first those that stay int16: [2][lane][2], inputs 0 and 2, then 1 and 3; then of groups of 1, 2, 3 and 4:
 * [lane][4] bytes.
 */
struct mnq_x86_groups {
    int32_t n[MNQ_X86_GROUP_MOST + 1]; /* of int16 quads; of groups of so many quads */
    uint32_t bytes;                    /* to the next block */
    int32_t unused[2];
};

static inline size_t mnq_x86_group_offsets(int32_t quads)
{
    return ((size_t)quads * sizeof(uint32_t) + 31) / 32 * 32;
}

/** Bytes that every block may take beyond its pairs. */
static inline size_t mnq_x86_group_more(int32_t c)
{
    return sizeof(struct mnq_x86_groups) + mnq_x86_group_offsets((c + 3) / 4) + 64;
}

/** Bytes of room that grouping needs for c inputs. */
size_t mnq_x86_group_room(int32_t c);

/**
 * Packs a layer of c inputs and oc outputs in groups, if that makes it faster: 1, else 0 and nothing is written.
 * pairs  its weights as MNQ_X86_PAIRS has them, all of them int8
 * to     may overlap `pairs` from mnq_x86_group_more() bytes per block in front of it on
 * bias   [padded outputs], in the order of the lanes
 * room   mnq_x86_group_room() bytes, apart from all others
 */
int mnq_x86_group(int32_t c, int32_t oc, const uint8_t *pairs, uint8_t *to, int32_t *bias, void *room);

#endif
