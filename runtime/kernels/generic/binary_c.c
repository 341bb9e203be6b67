/* SPDX-License-Identifier: Apache-2.0
 * One row of one base of signs: the inputs of +1 as a list, their sum, and inner loops over the list. */
#include "binary.h"

#include "packed.h"
#include "places.h"
#include "row.h"

/* part[j] += x[j] + y[j] */
static void add_pair(int16_t *restrict part, const int8_t *restrict x, const int8_t *restrict y, int32_t n)
{
    int32_t j;
    for (j = 0; j < n; j++) part[j] = (int16_t)(part[j] + x[j] + y[j]);
}

static void add_one(int16_t *restrict part, const int8_t *restrict x, int32_t n)
{
    int32_t j;
    for (j = 0; j < n; j++) part[j] = (int16_t)(part[j] + x[j]);
}

static void add_s16(int32_t *restrict sum, const int16_t *restrict x, int32_t n)
{
    int32_t j;
    for (j = 0; j < n; j++) sum[j] = mnq_add(sum[j], x[j]);
}

/* sum[j] += x[list[k] * n + j] for every k < count; 16 bits hold the sum of a list of bytes. */
static void lanes_s8(int32_t *restrict sum, const int8_t *restrict x, const uint16_t *list, int32_t count, int32_t n)
{
    const int32_t lanes = n & -MNQ_LANES;
    const size_t step = (size_t)n;
    int16_t part[MNQ_PIXELS];
    int32_t j, k;

    for (j = 0; j < lanes; j++) part[j] = 0;
    for (k = 0; k + 1 < count; k += 2) add_pair(part, x + list[k] * step, x + list[k + 1] * step, lanes);
    if (k < count) add_one(part, x + list[k] * step, lanes);
    for (j = 0; j < lanes; j++) sum[j] = mnq_add(sum[j], part[j]);
}

static void lanes_s16(int32_t *sum, const int16_t *x, const uint16_t *list, int32_t count, int32_t n)
{
    int32_t k;

    for (k = 0; k < count; k++) add_s16(sum, x + (size_t)list[k] * (size_t)n, n & -MNQ_LANES);
}

/* sum + the listed activations of one pixel; a loop per type as in row.h. */
static int32_t gather(int32_t sum, const void *x, enum mnq_row_input type, const uint16_t *list, int32_t count)
{
    const int8_t *x8 = (const int8_t *)x;
    const int16_t *x16 = (const int16_t *)x;
    const uint8_t *u8 = (const uint8_t *)x;
    int32_t k;

    if (type == MNQ_ROW_S8)
        for (k = 0; k < count; k++) sum = mnq_add(sum, x8[list[k]]);
    else if (type == MNQ_ROW_S16)
        for (k = 0; k < count; k++) sum = mnq_add(sum, x16[list[k]]);
    else
        for (k = 0; k < count; k++) sum = mnq_add(sum, (int8_t)(u8[list[k]] ^ 0x80));
    return sum;
}

void mnq_binary_sum(const struct mnq_layer *l, const uint32_t *plane, const struct mnq_pixels *b, int32_t *sum)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const uint8_t *map = (const uint8_t *)plane; /* little-endian words: bit i is bit i % 8 of byte i / 8 */
    uint16_t list[MNQ_PLACES];
    int32_t bit = 0, j;

    for (j = 0; j < b->n; j++) sum[j] = 0;
    while (bit < l->c) {
        const int32_t count = mnq_list_places(map, l->c, 1, &bit, list);
        if (b->lanes && l->in16) lanes_s16(sum, (const int16_t *)b->x, list, count, b->n);
        else if (b->lanes) lanes_s8(sum, (const int8_t *)b->x, list, count, b->n);
        else
            for (j = 0; j < b->n; j++)
                sum[j] = gather(sum[j], mnq_row_at(b->x, type, (size_t)j * (size_t)l->c), type, list, count);
    }
}

void mnq_binary_all(const struct mnq_layer *l, const struct mnq_pixels *b, int32_t *all)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const size_t n = (size_t)b->n, c = (size_t)l->c;
    size_t i, j;

    for (j = 0; j < n; j++) {
        all[j] = 0;
        for (i = 0; i < c; i++) {
            const int32_t q = !b->lanes ? mnq_row_value(b->x, type, j * c + i)
                              : l->in16 ? ((const int16_t *)b->x)[i * n + j]
                                        : ((const int8_t *)b->x)[i * n + j];
            all[j] = mnq_add(all[j], q);
        }
    }
}

void mnq_binary_add(int32_t *acc, const int32_t *sum, const int32_t *all, int32_t a, int32_t n)
{
    int32_t j;

    for (j = 0; j < n; j++) acc[j] = mnq_add(acc[j], a * mnq_add(sum[j], mnq_add(sum[j], -all[j])));
}
