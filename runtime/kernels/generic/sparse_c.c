/* SPDX-License-Identifier: Apache-2.0
 * One row of sparse weights: the bitmap as a list of inputs, and inner loops over the list. */
#include "sparse.h"

#include "packed.h"
#include "places.h"
#include "row.h"

/* ---- transposed pixels ---- */

/* Two products of 8-bit numbers, of which one is above -128, fit 16 bits: half the work of 32 where there are vectors. */
static void add_pair(int32_t *restrict acc, const int8_t *restrict x, const int8_t *restrict y, int16_t u, int16_t v,
                     int32_t n)
{
    int32_t j;
    for (j = 0; j < n; j++) acc[j] = mnq_add(acc[j], (int16_t)mnq_mac(mnq_mac(0, u, x[j]), v, y[j]));
}

static void add_one(int32_t *restrict acc, const int8_t *restrict x, int16_t u, int32_t n)
{
    int32_t j;
    for (j = 0; j < n; j++) acc[j] = mnq_add(acc[j], (int16_t)mnq_mac(0, u, x[j]));
}

static void add_one_s16(int32_t *restrict acc, const int16_t *restrict x, int16_t u, int32_t n)
{
    int32_t j;
    for (j = 0; j < n; j++) acc[j] = mnq_mac(acc[j], u, x[j]);
}

static void lanes_s8(int32_t *acc, const int8_t *x, const uint16_t *list, const int8_t *w, int32_t count, int32_t n)
{
    const int32_t lanes = n & -MNQ_LANES;
    const size_t step = (size_t)n;
    int32_t k;

    for (k = 0; k + 1 < count; k += 2) add_pair(acc, x + list[k] * step, x + list[k + 1] * step, w[k], w[k + 1], lanes);
    if (k < count) add_one(acc, x + list[k] * step, w[k], lanes);
}

static void lanes_s16(int32_t *acc, const int16_t *x, const uint16_t *list, const int8_t *w, int32_t count, int32_t n)
{
    const int32_t lanes = n & -MNQ_LANES;
    const size_t step = (size_t)n;
    int32_t k;

    for (k = 0; k < count; k++) add_one_s16(acc, x + list[k] * step, w[k], lanes);
}

/* ---- pixels as they are ---- */

/* acc + sum over the list; a loop per type as in row.h. */
static int32_t gather(int32_t acc, const void *x, enum mnq_row_input type, const uint16_t *list, const int8_t *w,
                      int32_t count)
{
    const int8_t *x8 = (const int8_t *)x;
    const int16_t *x16 = (const int16_t *)x;
    const uint8_t *u8 = (const uint8_t *)x;
    int32_t k;

    if (type == MNQ_ROW_S8)
        for (k = 0; k < count; k++) acc = mnq_mac(acc, w[k], x8[list[k]]);
    else if (type == MNQ_ROW_S16)
        for (k = 0; k < count; k++) acc = mnq_mac(acc, w[k], x16[list[k]]);
    else
        for (k = 0; k < count; k++) acc = mnq_mac(acc, w[k], (int8_t)(u8[list[k]] ^ 0x80));
    return acc;
}

static void gather_pixels(const struct mnq_layer *l, int32_t *acc, const void *x, const uint16_t *list, const int8_t *w,
                          int32_t count, int32_t n)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    int32_t j;

    for (j = 0; j < n; j++) acc[j] = gather(acc[j], mnq_row_at(x, type, (size_t)j * (size_t)l->c), type, list, w, count);
}

/* ---- row ---- */

void mnq_sparse_list(const struct mnq_layer *l, int32_t *acc, const uint16_t *list, const int8_t *w, int32_t count,
                     const struct mnq_pixels *b)
{
    if (!b->lanes) gather_pixels(l, acc, b->x, list, w, count, b->n);
    else if (l->in16) lanes_s16(acc, (const int16_t *)b->x, list, w, count, b->n);
    else lanes_s8(acc, (const int8_t *)b->x, list, w, count, b->n);
}

const int8_t *mnq_sparse_row(const struct mnq_layer *l, int32_t o, const int8_t *w, int32_t *acc, const struct mnq_pixels *b)
{
    const uint8_t *map = (const uint8_t *)l->weights + (size_t)o * mnq_bitmap_bytes(l->c, l->mult);
    const int32_t bits = mnq_blocks(l->c, l->mult);
    uint16_t list[MNQ_PLACES];
    int32_t bit = 0;

    while (bit < bits) {
        const int32_t count = mnq_list_places(map, bits, l->mult, &bit, list);
        mnq_sparse_list(l, acc, list, w, count, b);
        w += count;
    }
    return w;
}
