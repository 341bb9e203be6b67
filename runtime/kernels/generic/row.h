/* SPDX-License-Identifier: Apache-2.0
 * Inner loops over contiguous channels, for every type of activations and weights; `wide` tells int16 weights from int8.
 *
 * Each loop is written once and instantiated per type of activation, chosen once per row: no choice is left inside. */
#ifndef MNQ_ROW_H
#define MNQ_ROW_H

#include "fixed.h"
#include "kernels.h"

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

/* ---- loops ---- */

static inline int32_t mnq_row_dot_as(int32_t acc, const void *w, int wide, const void *x, enum mnq_row_input type, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) acc = mnq_mac(acc, mnq_weight(w, wide, i), mnq_row_value(x, type, i));
    return acc;
}

static inline void mnq_row_mac_as(int32_t *acc, const void *w, int wide, const void *x, enum mnq_row_input type, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) acc[i] = mnq_mac(acc[i], mnq_weight(w, wide, i), mnq_row_value(x, type, i));
}

static inline void mnq_row_add_as(int32_t *acc, const void *x, enum mnq_row_input type, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) acc[i] = mnq_add(acc[i], mnq_row_value(x, type, i));
}

/* ---- choice of type ---- */

/** acc + sum of w[i] * q[i], i < n. */
static inline int32_t mnq_row_dot(int32_t acc, const void *w, int wide, const void *x, enum mnq_row_input type, int32_t n)
{
    if (type == MNQ_ROW_S8) return mnq_row_dot_as(acc, w, wide, x, MNQ_ROW_S8, (size_t)n);
    if (type == MNQ_ROW_U8) return mnq_row_dot_as(acc, w, wide, x, MNQ_ROW_U8, (size_t)n);
    return mnq_row_dot_as(acc, w, wide, x, MNQ_ROW_S16, (size_t)n);
}

/** acc[i] += w[i] * q[i], i < n; acc overlaps neither w nor x. */
static inline void mnq_row_mac(int32_t *acc, const void *w, int wide, const void *x, enum mnq_row_input type, int32_t n)
{
    if (type == MNQ_ROW_S8) mnq_row_mac_as(acc, w, wide, x, MNQ_ROW_S8, (size_t)n);
    else if (type == MNQ_ROW_U8) mnq_row_mac_as(acc, w, wide, x, MNQ_ROW_U8, (size_t)n);
    else mnq_row_mac_as(acc, w, wide, x, MNQ_ROW_S16, (size_t)n);
}

/** acc[i] += q[i], i < n; acc does not overlap x. */
static inline void mnq_row_add(int32_t *acc, const void *x, enum mnq_row_input type, int32_t n)
{
    if (type == MNQ_ROW_S8) mnq_row_add_as(acc, x, MNQ_ROW_S8, (size_t)n);
    else if (type == MNQ_ROW_U8) mnq_row_add_as(acc, x, MNQ_ROW_U8, (size_t)n);
    else mnq_row_add_as(acc, x, MNQ_ROW_S16, (size_t)n);
}

#endif
