/* SPDX-License-Identifier: Apache-2.0
 * Parts of the sparse kernel, in files of their own: so compilers see plain loops, and every part has a stack frame of
 * its own. */
#ifndef MNQ_SPARSE_H
#define MNQ_SPARSE_H

#include "kernels.h"

#include <stddef.h>

enum {
    MNQ_SPARSE_PIXELS = 32, /* of a block: accumulators on the stack */
    MNQ_LANES = 8,          /* transposed pixels come in multiples of these */
    MNQ_SPARSE_LIST = 20    /* inputs listed at a time; a block of 16 fits */
};

/**
 * All outputs of a block of pixels.
 * out, at  the output, and the element that the block starts with
 * x        lanes: n pixels transposed to x[input][n], U8 turned into S8; else pixels of input 0 as they are
 * n        up to MNQ_SPARSE_PIXELS; lanes: a multiple of MNQ_LANES
 */
void mnq_sparse_rows(const struct mnq_layer *l, void *out, size_t at, const void *x, int32_t n, int lanes);

/**
 * acc[j] += sum of w_i * q_i of pixel j, over the stored weights of output o.
 * w       the first of them
 * x       as above
 * n       pixels; negative: -n pixels as they are
 * return  the next output's first weight
 */
const int8_t *mnq_sparse_row(const struct mnq_layer *l, int32_t o, const int8_t *w, int32_t *acc, const void *x, int32_t n);

/** Requantizes acc of output o for n pixels; the first of them is element `at` of out. */
void mnq_sparse_store(const struct mnq_layer *l, void *out, size_t at, int32_t o, const int32_t *acc, int32_t n);

#endif
