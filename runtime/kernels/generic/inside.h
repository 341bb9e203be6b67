/* SPDX-License-Identifier: Apache-2.0
 * What of a window lies inside its input, for layers that do without padding. */
#ifndef MNQ_INSIDE_H
#define MNQ_INSIDE_H

#include <stdint.h>

/** Places first .. end - 1 of one direction, at least one. */
struct mnq_inside {
    int32_t first, end;
};

/** The window of output place `at`; `before` is its padding in front, n the input's size. */
static inline struct mnq_inside mnq_inside(int32_t at, int32_t stride, int32_t before, int32_t window, int32_t n)
{
    const int32_t start = at * stride - before;
    struct mnq_inside r;

    r.first = start < 0 ? 0 : start;
    r.end = start + window > n ? n : start + window;
    return r;
}

#endif
