/* SPDX-License-Identifier: Apache-2.0
 * The output stage for blocks of accumulators, and how many of them are made at a time. */
#ifndef MNQ_EMIT_RVV_H
#define MNQ_EMIT_RVV_H

#include "kernels.h"
#include "layout_rvv.h"

/**
 * Requantizes n pixels' accumulators of output channels o .. o + lanes - 1 and stores them, NUMERICS.md section 3.
 * acc      [n][lanes], lanes at most VLMAX of 32-bit lanes in groups of 8 registers; lost
 * out      channel 0 of the first pixel; pixels follow one another
 */
void mnq_rvv_emit(const struct mnq_layer *l, int32_t *acc, int32_t n, int32_t o, size_t lanes, void *out);

/** Pixels, least * 2^k, whose accumulators fit MNQ_RVV_ACC bytes; without a division. */
static inline int32_t mnq_rvv_run(int32_t least, size_t lanes)
{
    while ((size_t)least * 2 * lanes * sizeof(int32_t) <= MNQ_RVV_ACC) least *= 2;
    return least;
}

#endif
