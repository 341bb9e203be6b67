/* SPDX-License-Identifier: Apache-2.0
 * Taps: what blocks of a network give out, which a student may follow beside the answers. */
#ifndef MNQ_TUNE_TAPS_H
#define MNQ_TUNE_TAPS_H

#include "tune_cache.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Sets c->tap: sums and 1x1 layers through which everything passes, of networks with linear ones (MobileNet V2, V3) only
 * those; none unless o->taps > 0. 0, or -1 with e: out of memory.
 */
int mnq_tune_taps_find(struct mnq_tune_cache *c, const struct mnq_tune_opts *o, struct mnq_arena *arena, struct mnq_err *e);

/** Leaves those from c->from on. */
void mnq_tune_taps_begin(struct mnq_tune_cache *c);

/** Values in a record of the taps before the k-th, of those from c->from on. */
size_t mnq_tune_taps_values(const struct mnq_tune_cache *c, int k);

#ifdef __cplusplus
}
#endif
#endif
