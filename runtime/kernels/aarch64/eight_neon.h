/* SPDX-License-Identifier: Apache-2.0
 * Eight channels of a pixel as int16, fewer at the end of one. */
#ifndef MNQ_EIGHT_NEON_H
#define MNQ_EIGHT_NEON_H

#include "mnq_port.h"

#include <arm_neon.h>
#include <stdint.h>

/** The first n < 8 of eight values as int16, int8 or int16 at p; what is behind is 0. */
static MNQ_APART int16x8_t mnq_neon_few(const uint8_t *p, int in16, int n)
{
    int16_t copy[8] = {0};
    int i;

    for (i = 0; i < n; i++) copy[i] = in16 ? ((const int16_t *)(const void *)p)[i] : ((const int8_t *)p)[i];
    return vld1q_s16(copy);
}

/** Eight values as int16, int8 or int16 at p, of which n are there. */
static inline int16x8_t mnq_neon_eight(const uint8_t *p, int in16, int n)
{
    if (n < 8) return mnq_neon_few(p, in16, n);
    return in16 ? vld1q_s16((const int16_t *)(const void *)p) : vmovl_s8(vld1_s8((const int8_t *)p));
}

#endif
