/* SPDX-License-Identifier: Apache-2.0
 * MUL: two tensors, of which the second may be a gate of one pixel (squeeze-excite), NUMERICS.md section 7. */
#include "generic.h"
#include "output.h"
#include "row.h"

enum { BLOCK = 16 }; /* channels held at a time, see dwconv_c.c */

/* Where one channel of the second stands for all. */
static void products_of_one(const struct mnq_layer *l, const struct mnq_band *b)
{
    const enum mnq_row_input type0 = mnq_row_input0(l), type1 = mnq_row_input1(l);
    const size_t pixels = (size_t)b->n * (size_t)l->w;
    size_t p, i = 0;
    int32_t c;

    for (p = 0; p < pixels; p++) {
        const int32_t y = mnq_row_value(b->in1.at, type1, l->point1 ? 0 : p) - l->zp1;
        for (c = 0; c < l->c; c++, i++)
            mnq_output_store(&l->q, b->out, i, c, mnq_mac(0, mnq_row_value(b->in0.at, type0, i) - l->zp0, y));
    }
}

/* Products of n channels whose first activation is x and whose first gate is y; a loop per pair of types as in row.h. */
static void products(const struct mnq_layer *l, int32_t *acc, const void *x, const void *y, int32_t n)
{
    const int8_t *x8 = (const int8_t *)x, *y8 = (const int8_t *)y;
    const int16_t *x16 = (const int16_t *)x, *y16 = (const int16_t *)y;
    const int32_t z0 = l->zp0, z1 = l->zp1;
    int32_t i;

    if (!l->in16 && !l->in16b)
        for (i = 0; i < n; i++) acc[i] = mnq_mac(0, x8[i] - z0, y8[i] - z1);
    else if (!l->in16)
        for (i = 0; i < n; i++) acc[i] = mnq_mac(0, x8[i] - z0, y16[i] - z1);
    else if (!l->in16b)
        for (i = 0; i < n; i++) acc[i] = mnq_mac(0, x16[i] - z0, y8[i] - z1);
    else
        for (i = 0; i < n; i++) acc[i] = mnq_mac(0, x16[i] - z0, y16[i] - z1);
}

void mnq_mul_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_requant_params q = l->q; /* a copy: stores to the output cannot change it */
    const enum mnq_row_input type0 = mnq_row_input0(l), type1 = mnq_row_input1(l);
    const size_t pixels = (size_t)b->n * (size_t)l->w;
    size_t p, i = 0;
    int32_t c;

    if (l->c1 != l->c) {
        products_of_one(l, b);
        return;
    }
    for (p = 0; p < pixels; p++) {
        for (c = 0; c < l->c; c += BLOCK) {
            const int32_t n = l->c - c < BLOCK ? l->c - c : BLOCK;
            int32_t acc[BLOCK];
            products(l, acc, mnq_row_at(b->in0.at, type0, i), mnq_row_at(b->in1.at, type1, l->point1 ? (size_t)c : i), n);
            mnq_output_row(&q, b->out, i, c, acc, n);
            i += (size_t)n;
        }
    }
}
