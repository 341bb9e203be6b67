/* SPDX-License-Identifier: Apache-2.0
 * Offsets of what a plan of stages holds. */
#ifndef MNQ_STAGE_PLACE_H
#define MNQ_STAGE_PLACE_H

#include "pack/stage_cost.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes that are needed during stages first .. last. */
struct mnq_stage_item {
    int tensor; /* or -1 - layer: sums of a layer */
    int first, last;
    uint64_t size, offset;
};

/**
 * Places n items so that those needed at one time do not overlap, but for pairs: greedy by size with a short search,
 * deterministic.
 * pair    [stage]
 * return  the bytes needed; UINT64_MAX without memory
 */
uint64_t mnq_stage_place_items(struct mnq_stage_item *item, int n, const struct mnq_stage_pair *pair, uint64_t bound);

#ifdef __cplusplus
}
#endif
#endif
