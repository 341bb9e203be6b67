/* SPDX-License-Identifier: Apache-2.0
 * Inner loops over contiguous channels, for every type of activations and weights; `wide` tells int16 weights from int8.
 *
 * Every pair of types has a loop of its own, chosen once per row: left inside, the choice costs a core without vectors as
 * much as the multiplication. */
#ifndef MNQ_ROW_H
#define MNQ_ROW_H

#include "fixed.h"
#include "kernels.h"
#include "mnq_port.h"

#include <stddef.h>

/** How activations are stored; padding is S8 always. */
enum mnq_row_input { MNQ_ROW_S8, MNQ_ROW_U8, MNQ_ROW_S16 };

/** The type of input 0. */
static inline enum mnq_row_input mnq_row_input0(const struct mnq_layer *l)
{
    return l->in16 ? MNQ_ROW_S16 : l->in_flip ? MNQ_ROW_U8 : MNQ_ROW_S8;
}

/** The type of input 1, which is never U8. */
static inline enum mnq_row_input mnq_row_input1(const struct mnq_layer *l)
{
    return l->in16b ? MNQ_ROW_S16 : MNQ_ROW_S8;
}

/** The activations x advanced by i activations. */
static inline const void *mnq_row_at(const void *x, enum mnq_row_input type, size_t i)
{
    return type == MNQ_ROW_S16 ? (const void *)((const int16_t *)x + i) : (const void *)((const int8_t *)x + i);
}

/** The value q of activation i. */
static inline int32_t mnq_row_value(const void *x, enum mnq_row_input type, size_t i)
{
    if (type == MNQ_ROW_S16) return ((const int16_t *)x)[i];
    return type == MNQ_ROW_U8 ? (int8_t)(((const uint8_t *)x)[i] ^ 0x80) : ((const int8_t *)x)[i];
}

/** The weight array w advanced by i weights. */
static inline const void *mnq_weights_at(const void *w, int wide, size_t i)
{
    return wide ? (const void *)((const int16_t *)w + i) : (const void *)((const int8_t *)w + i);
}

/** Weight i. */
static inline int32_t mnq_weight(const void *w, int wide, size_t i)
{
    return wide ? ((const int16_t *)w)[i] : ((const int8_t *)w)[i];
}

/** acc + sum of w[i] * q[i], i < n. */
static inline int32_t mnq_row_dot(int32_t acc, const void *w, int wide, const void *x, enum mnq_row_input type, int32_t n)
{
    const int8_t *w8 = (const int8_t *)w, *x8 = (const int8_t *)x;
    const int16_t *w16 = (const int16_t *)w, *x16 = (const int16_t *)x;
    const uint8_t *u8 = (const uint8_t *)x;
    int32_t i;

    if (type == MNQ_ROW_S8 && !wide) MNQ_UNROLL for (i = 0; i < n; i++) acc = mnq_mac(acc, w8[i], x8[i]);
    else if (type == MNQ_ROW_S8) MNQ_UNROLL for (i = 0; i < n; i++) acc = mnq_mac(acc, w16[i], x8[i]);
    else if (type == MNQ_ROW_S16 && !wide) MNQ_UNROLL for (i = 0; i < n; i++) acc = mnq_mac(acc, w8[i], x16[i]);
    else if (type == MNQ_ROW_S16) MNQ_UNROLL for (i = 0; i < n; i++) acc = mnq_mac(acc, w16[i], x16[i]);
    else if (!wide) MNQ_UNROLL for (i = 0; i < n; i++) acc = mnq_mac(acc, w8[i], (int8_t)(u8[i] ^ 0x80));
    else MNQ_UNROLL for (i = 0; i < n; i++) acc = mnq_mac(acc, w16[i], (int8_t)(u8[i] ^ 0x80));
    return acc;
}

/** Two rows of weights at once, the second `step` weights behind the first: each activation is loaded once. */
static inline void mnq_row_dot2(int32_t acc[2], const void *w, size_t step, int wide, const void *x, enum mnq_row_input type,
                                int32_t n)
{
    const void *const v = mnq_weights_at(w, wide, step);
    const int8_t *w8 = (const int8_t *)w, *v8 = (const int8_t *)v, *x8 = (const int8_t *)x;
    const int16_t *w16 = (const int16_t *)w, *v16 = (const int16_t *)v, *x16 = (const int16_t *)x;
    const uint8_t *u8 = (const uint8_t *)x;
    int32_t a = acc[0], b = acc[1], i;

    if (type == MNQ_ROW_S8 && !wide)
        MNQ_UNROLL for (i = 0; i < n; i++) a = mnq_mac(a, w8[i], x8[i]), b = mnq_mac(b, v8[i], x8[i]);
    else if (type == MNQ_ROW_S8)
        MNQ_UNROLL for (i = 0; i < n; i++) a = mnq_mac(a, w16[i], x8[i]), b = mnq_mac(b, v16[i], x8[i]);
    else if (type == MNQ_ROW_S16 && !wide)
        MNQ_UNROLL for (i = 0; i < n; i++) a = mnq_mac(a, w8[i], x16[i]), b = mnq_mac(b, v8[i], x16[i]);
    else if (type == MNQ_ROW_S16)
        MNQ_UNROLL for (i = 0; i < n; i++) a = mnq_mac(a, w16[i], x16[i]), b = mnq_mac(b, v16[i], x16[i]);
    else if (!wide)
        for (i = 0; i < n; i++) {
            const int32_t q = (int8_t)(u8[i] ^ 0x80);
            a = mnq_mac(a, w8[i], q), b = mnq_mac(b, v8[i], q);
        }
    else
        for (i = 0; i < n; i++) {
            const int32_t q = (int8_t)(u8[i] ^ 0x80);
            a = mnq_mac(a, w16[i], q), b = mnq_mac(b, v16[i], q);
        }
    acc[0] = a;
    acc[1] = b;
}

/** acc[i] += w[i] * q[i], i < n; acc overlaps neither w nor x. */
static inline void mnq_row_mac(int32_t *acc, const void *w, int wide, const void *x, enum mnq_row_input type, int32_t n)
{
    const int8_t *w8 = (const int8_t *)w, *x8 = (const int8_t *)x;
    const int16_t *w16 = (const int16_t *)w, *x16 = (const int16_t *)x;
    const uint8_t *u8 = (const uint8_t *)x;
    int32_t i;

    if (type == MNQ_ROW_S8 && !wide) MNQ_UNROLL for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], w8[i], x8[i]);
    else if (type == MNQ_ROW_S8) MNQ_UNROLL for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], w16[i], x8[i]);
    else if (type == MNQ_ROW_S16 && !wide) MNQ_UNROLL for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], w8[i], x16[i]);
    else if (type == MNQ_ROW_S16) MNQ_UNROLL for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], w16[i], x16[i]);
    else if (!wide) MNQ_UNROLL for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], w8[i], (int8_t)(u8[i] ^ 0x80));
    else MNQ_UNROLL for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], w16[i], (int8_t)(u8[i] ^ 0x80));
}

/** acc[i] += q[i], i < n; acc does not overlap x. */
static inline void mnq_row_add(int32_t *acc, const void *x, enum mnq_row_input type, int32_t n)
{
    const int8_t *x8 = (const int8_t *)x;
    const int16_t *x16 = (const int16_t *)x;
    const uint8_t *u8 = (const uint8_t *)x;
    int32_t i;

    if (type == MNQ_ROW_S8) MNQ_UNROLL for (i = 0; i < n; i++) acc[i] = mnq_add(acc[i], x8[i]);
    else if (type == MNQ_ROW_S16) MNQ_UNROLL for (i = 0; i < n; i++) acc[i] = mnq_add(acc[i], x16[i]);
    else MNQ_UNROLL for (i = 0; i < n; i++) acc[i] = mnq_add(acc[i], (int8_t)(u8[i] ^ 0x80));
}

#endif
