/* SPDX-License-Identifier: Apache-2.0
 * One row of sparse weights; apart from the kernel, for plain loops and a stack frame of its own. */
#ifndef MNQ_SPARSE_H
#define MNQ_SPARSE_H

#include "pixels.h"

/** acc[j] += sum of w[k] * q of input list[k] of pixel j of the block, k < count. */
void mnq_sparse_list(const struct mnq_layer *l, int32_t *acc, const uint16_t *list, const int8_t *w, int32_t count,
                     const struct mnq_pixels *b);

/**
 * acc[j] += sum of w_i * q_i of pixel j of the block, over the stored weights of output o.
 * w       the first of them
 * return  the next output's first weight
 */
const int8_t *mnq_sparse_row(const struct mnq_layer *l, int32_t o, const int8_t *w, int32_t *acc,
                             const struct mnq_pixels *b);

/** The same of SPARSE4: rows begin with a byte, whose low nibble is the first weight. */
const uint8_t *mnq_sparse4_row(const struct mnq_layer *l, int32_t o, const uint8_t *w, int32_t *acc,
                               const struct mnq_pixels *b);

#endif
