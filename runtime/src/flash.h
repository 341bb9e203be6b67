/* SPDX-License-Identifier: Apache-2.0
 * The tables of a model that was proved when it was exported: what the records of FORMAT.md say, shorter, read in place. The
 * exporter writes them; flash_record.c reads them where record.c, open.c and stage_plan.c read a file.
 *
 * variants.h of such a library defines
 *   MNQ_FLASH_WIDE    1: 16 bits do not reach all of the data, or of the arenas
 *   MNQ_FLASH_KINDS   bytes from the layers to the list of kinds; _REFS: to that of arrays
 *   MNQ_FLASH_LAST    the last layer that reads the input
 *   MNQ_FLASH_ARENA   bytes of arena, scratch and all, by the plan; _PUSH: with rows pushed; _LAYERS: layer by layer */
#ifndef MNQ_FLASH_TABLES_H
#define MNQ_FLASH_TABLES_H

#include "variants.h"

#include <stdint.h>

#if MNQ_FLASH && MNQ_FLASH_WIDE
typedef uint32_t mnq_flash_ref;
#else
typedef uint16_t mnq_flash_ref;
#endif

enum { MNQ_FLASH_WORD = 4, MNQ_FLASH_ARRAYS = 9, MNQ_FLASH_HEAD = 16, MNQ_FLASH_SUMS = 0x8000 };

#define MNQ_FLASH_NONE ((mnq_flash_ref)-1)

/** offset: of the arena layer by layer, in units of 16. */
struct mnq_flash_tensor {
    mnq_flash_ref offset;
    uint16_t h, w, c;
    uint8_t dtype;
    int8_t zp;
};

/**
 * What many layers have in common.
 * head    what struct mnq_layer begins with, up to h
 * arrays  bit k: array k is there, of weights, packed, pad, bias, m, r, m2, r2, table, as struct mnq_layer has them
 * lo, hi  within the output's type
 */
struct mnq_flash_kind {
    uint8_t head[MNQ_FLASH_HEAD];
    uint16_t arrays;
    int16_t lo, hi;
    uint8_t act, frac;
};

/** first: number of its first array among all; each is a place in the data, packed: in the packed weights, in units of 4
 * bytes. */
struct mnq_flash_layer {
    uint16_t in0, in1, out, kind, first;
};

/** offset, scratch, scratch_bytes: in units of 16; rows: of the ring, and MNQ_FLASH_SUMS. A whole number of words if wide.
 */
struct mnq_flash_place {
    mnq_flash_ref offset, scratch;
    uint16_t rows, writer, scratch_bytes;
};

#endif
