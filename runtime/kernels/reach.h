/* SPDX-License-Identifier: Apache-2.0
 * Which rows of its inputs a band of a layer's output is made of. */
#ifndef MNQ_REACH_H
#define MNQ_REACH_H

#include "kernels.h"

/** Whether every output row is made of the row of input 0 of the same number. */
static inline int mnq_reach_pointwise(const struct mnq_layer *l)
{
    return l->op == MNQ_L_PW || (l->op >= MNQ_L_ADD && l->op <= MNQ_L_LOGISTIC) || l->op == MNQ_L_SELECT;
}

/** Whether input 1 is read row by row like input 0; else one pixel of it meets all rows, or there is none. */
static inline int mnq_reach_second(const struct mnq_layer *l)
{
    return l->c1 > 0 && !l->point1;
}

/* a / b, b > 0, by hand: many a core has no instruction that divides. */
static inline int32_t mnq_reach_share(int32_t a, int32_t b)
{
    int32_t n = 0;

    for (; a >= b; a -= b) n++;
    return n;
}

/**
 * Rows *first .. *end - 1 of input 0 that rows y .. y + n - 1 of the output are made of, n > 0: those of the windows that
 * lie inside the input. At least one row.
 */
static inline void mnq_reach(const struct mnq_layer *l, int32_t y, int32_t n, int32_t *first, int32_t *end)
{
    const int32_t blocks = l->op == MNQ_L_UPSAMPLE || l->op == MNQ_L_SPREAD;
    const int32_t margin = l->op == MNQ_L_UPSAMPLE && l->mult != 0; /* bilinear: a row more on either side */
    const int32_t top = blocks ? mnq_reach_share(y, l->kh) - margin : y * l->sh - l->pt,
                  bottom = blocks ? mnq_reach_share(y + n - 1, l->kh) + 1 + margin : (y + n - 1) * l->sh - l->pt + l->kh;

    *first = top < 0 ? 0 : top;
    *end = bottom > l->h ? l->h : bottom;
}

#endif
