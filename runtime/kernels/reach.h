/* SPDX-License-Identifier: Apache-2.0
 * Which rows of its inputs a band of a layer's output is made of. */
#ifndef MNQ_REACH_H
#define MNQ_REACH_H

#include "kernels.h"

/** Whether every output row is made of the input row of the same number: in0 and, for ADD, in1 are read like that. */
static inline int mnq_reach_pointwise(const struct mnq_layer *l)
{
    return l->op != MNQ_L_CONV && l->op != MNQ_L_DWCONV && l->op != MNQ_L_AVGPOOL && l->op != MNQ_L_AVGPOOL_SUM;
}

/**
 * Rows *first .. *end - 1 of input 0 that rows y .. y + n - 1 of the output are made of, n > 0: those of the windows that
 * lie inside the input. At least one row.
 */
static inline void mnq_reach(const struct mnq_layer *l, int32_t y, int32_t n, int32_t *first, int32_t *end)
{
    const int32_t top = y * l->sh - l->pt, bottom = (y + n - 1) * l->sh - l->pt + l->kh;

    *first = top < 0 ? 0 : top;
    *end = bottom > l->h ? l->h : bottom;
}

#endif
