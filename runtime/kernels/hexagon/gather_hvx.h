/* SPDX-License-Identifier: Apache-2.0
 * Inputs as the kernels for HVX want them: copied into scratch as int8 or int16. */
#ifndef MNQ_GATHER_HVX_H
#define MNQ_GATHER_HVX_H

#include "vector_hvx.h"

#include "kernels.h"

/**
 * n values, n > 0, from `from` to scratch; up to 127 bytes (int16: 255) behind them are written, too.
 * from  int8, uint8 to be flipped, or int16
 */
typedef void mnq_hvx_copy(uint8_t *to, const uint8_t *from, int32_t n);
mnq_hvx_copy mnq_hvx_copy_8, mnq_hvx_copy_flip;                    /* int8 */
mnq_hvx_copy mnq_hvx_widen_8, mnq_hvx_widen_flip, mnq_hvx_copy_16; /* int16 */

/** The copier of a layer's inputs. */
static inline mnq_hvx_copy *mnq_hvx_copier(const struct mnq_layer *l, int wide)
{
    if (l->in16) return mnq_hvx_copy_16;
    if (wide) return l->in_flip ? mnq_hvx_widen_flip : mnq_hvx_widen_8;
    return l->in_flip ? mnq_hvx_copy_flip : mnq_hvx_copy_8;
}

#endif
