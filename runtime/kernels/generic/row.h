/* SPDX-License-Identifier: Apache-2.0
 * Inner loops over contiguous channels, for both weight types; `wide` tells int16 weights from int8.
 *
 * x holds activation bytes: q = (int8_t)(byte ^ flip), flip 0 for S8 and 0x80 for U8. The common case without a flip has
 * loops of its own: on a core without vectors they are a third shorter. */
#ifndef MNQ_ROW_H
#define MNQ_ROW_H

#include "fixed.h"

#include <stddef.h>

/** The weight array w advanced by i weights. */
static inline const void *mnq_weights_at(const void *w, int wide, size_t i)
{
    return wide ? (const void *)((const int16_t *)w + i) : (const void *)((const int8_t *)w + i);
}

/** acc + sum of w[i] * q[i], i < n. */
static inline int32_t mnq_row_dot(int32_t acc, const void *w, int wide, const uint8_t *x, unsigned flip, int32_t n)
{
    const int8_t *w8 = (const int8_t *)w, *q = (const int8_t *)x;
    const int16_t *w16 = (const int16_t *)w;
    int32_t i;

    if (!wide && !flip)
        for (i = 0; i < n; i++) acc = mnq_mac(acc, w8[i], q[i]);
    else if (!flip)
        for (i = 0; i < n; i++) acc = mnq_mac(acc, w16[i], q[i]);
    else if (!wide)
        for (i = 0; i < n; i++) acc = mnq_mac(acc, w8[i], (int8_t)(x[i] ^ flip));
    else
        for (i = 0; i < n; i++) acc = mnq_mac(acc, w16[i], (int8_t)(x[i] ^ flip));
    return acc;
}

/** acc[i] += w[i] * q[i], i < n; acc overlaps neither w nor x. */
static inline void mnq_row_mac(int32_t *acc, const void *w, int wide, const uint8_t *x, unsigned flip, int32_t n)
{
    const int8_t *w8 = (const int8_t *)w, *q = (const int8_t *)x;
    const int16_t *w16 = (const int16_t *)w;
    int32_t i;

    if (!wide && !flip)
        for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], w8[i], q[i]);
    else if (!flip)
        for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], w16[i], q[i]);
    else if (!wide)
        for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], w8[i], (int8_t)(x[i] ^ flip));
    else
        for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], w16[i], (int8_t)(x[i] ^ flip));
}

#endif
