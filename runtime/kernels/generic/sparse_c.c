/* SPDX-License-Identifier: Apache-2.0
 * Parts of the sparse kernel: the list of a row's inputs, and inner loops over it. */
#include "sparse.h"

#include "output.h"
#include "packed.h"
#include "row.h"

#include <string.h>

enum { LIST = 24 }; /* inputs listed at a time; a block of 16 fits */

/* ---- bitmap ---- */

/* Four 16-bit places of 1 bits in a nibble, the first in the lowest 16 bits as little-endian memory wants it. */
#define PLACES(a, b, c, d) ((uint64_t)(a) | (uint64_t)(b) << 16 | (uint64_t)(c) << 32 | (uint64_t)(d) << 48)
static const uint64_t nibble_places[16] = {
    0,
    PLACES(0, 0, 0, 0),
    PLACES(1, 0, 0, 0),
    PLACES(0, 1, 0, 0),
    PLACES(2, 0, 0, 0),
    PLACES(0, 2, 0, 0),
    PLACES(1, 2, 0, 0),
    PLACES(0, 1, 2, 0),
    PLACES(3, 0, 0, 0),
    PLACES(0, 3, 0, 0),
    PLACES(1, 3, 0, 0),
    PLACES(0, 1, 3, 0),
    PLACES(2, 3, 0, 0),
    PLACES(0, 2, 3, 0),
    PLACES(1, 2, 3, 0),
    PLACES(0, 1, 2, 3),
};
static const uint8_t nibble_count[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};

/* Lists the inputs of row o whose weights are stored, from bit *bit of its bitmap on, until list or row are at their end. */
static int32_t list_inputs(const struct mnq_layer *l, int32_t o, int32_t *bit, uint16_t *list)
{
    const int32_t block = l->mult, bits = l->c / block;
    const uint8_t *const map = (const uint8_t *)l->weights + (size_t)o * mnq_bitmap_bytes(l->c, block);
    int32_t n = 0, k;

    if (block == 1) {
        for (; *bit < bits && n <= LIST - 4; *bit += 4) {
            const unsigned nibble = map[*bit / 8] >> *bit % 8 & 15;
            const uint64_t places = nibble_places[nibble] + (uint64_t)*bit * PLACES(1, 1, 1, 1);
            memcpy(list + n, &places, sizeof places);
            n += nibble_count[nibble];
        }
        return n;
    }
    for (; *bit < bits && n <= LIST - block; ++*bit) {
        if (!(map[*bit / 8] >> *bit % 8 & 1)) continue;
        for (k = 0; k < block; k++) list[n++] = (uint16_t)(*bit * block + k);
    }
    return n;
}

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

/* ---- public ---- */

const int8_t *mnq_sparse_row(const struct mnq_layer *l, int32_t o, const int8_t *w, int32_t *acc, const void *x, int32_t n)
{
    uint16_t list[LIST];
    int32_t bit = 0;

    while (bit < l->c / l->mult) {
        const int32_t count = list_inputs(l, o, &bit, list);
        if (n < 0) gather_pixels(l, acc, x, list, w, count, -n);
        else if (l->in16) lanes_s16(acc, (const int16_t *)x, list, w, count, n);
        else lanes_s8(acc, (const int8_t *)x, list, w, count, n);
        w += count;
    }
    return w;
}

void mnq_sparse_store(const struct mnq_layer *l, void *out, size_t at, int32_t o, const int32_t *acc, int32_t n)
{
    int32_t j;

    for (j = 0; j < n; j++) mnq_output_store(&l->q, out, at + (size_t)j * (size_t)l->oc, o, acc[j]);
}
