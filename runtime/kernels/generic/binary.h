/* SPDX-License-Identifier: Apache-2.0
 * Parts of the binary kernel, each with arrays of its own and so in a file of its own: no frame has two of them. */
#ifndef MNQ_BINARY_H
#define MNQ_BINARY_H

#include "pixels.h"

/** sum[j] = sum of the q_i of pixel j of the block whose sign in the plane is +1. */
void mnq_binary_sum(const struct mnq_layer *l, const uint32_t *plane, const struct mnq_pixels *b, int32_t *sum);

/** acc[j] += a * (2 * sum[j] - all[j]), j < n. */
void mnq_binary_add(int32_t *acc, const int32_t *sum, const int32_t *all, int32_t a, int32_t n);

/** all[j] = sum of all q_i of pixel j. */
void mnq_binary_all(const struct mnq_layer *l, const struct mnq_pixels *b, int32_t *all);

/** All outputs of the block, whose first pixel is number p. */
void mnq_binary_rows(const struct mnq_layer *l, void *out, size_t p, const struct mnq_pixels *b, const int32_t *all);

/** acc[j] += sum over the bases of output o. */
void mnq_binary_row(const struct mnq_layer *l, int32_t o, int32_t *acc, const struct mnq_pixels *b, const int32_t *all);

#endif
