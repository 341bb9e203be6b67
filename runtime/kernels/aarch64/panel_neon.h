/* SPDX-License-Identifier: Apache-2.0
 * One vector of a panel of 8 pixels, dense_neon.h. */
#ifndef MNQ_PANEL_NEON_H
#define MNQ_PANEL_NEON_H

#include "emit_neon.h"

/** Vector i of a panel; again: the next plane is the same plus 128. */
MNQ_NEON_INLINE void mnq_neon_put_vector(uint8_t *to, size_t plane, int i, uint8x16_t v, const int again)
{
    vst1q_u8(to + 16 * i, v);
    if (again) vst1q_u8(to + plane + 16 * i, veorq_u8(v, vdupq_n_u8(0x80)));
}

#endif
