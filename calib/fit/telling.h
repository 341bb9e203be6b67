/* SPDX-License-Identifier: Apache-2.0
 * Whether samples can tell what a change of the network costs. */
#ifndef MNQ_TELLING_H
#define MNQ_TELLING_H

#include "observe.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Different pictures with something on them that an estimate needs at least. */
enum { MNQ_TELLING_LEAST = 5 };

/**
 * Why n pictures cannot tell an expected loss: too few, copies of each other, of one colour.
 * input   [n][bytes], `channels` for each pixel
 * return  0 with *why, in the arena, NULL if they can; -1 when out of memory
 */
int mnq_pictures_telling(const uint8_t *input, size_t bytes, int channels, int n, const char **why, struct mnq_arena *arena);

/**
 * Why the held samples cannot tell an expected loss: too few, copies of each other, of one colour, or the network's outputs
 * do not differ among them. return  0 with *why, in the arena, NULL if they can; -1 when out of memory
 */
int mnq_samples_telling(const struct mnq_stats *stats, const char **why, struct mnq_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
