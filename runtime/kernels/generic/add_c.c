/* SPDX-License-Identifier: Apache-2.0
 * ADD: two tensors, rounded once, NUMERICS.md section 6. */
#include "generic.h"
#include "output.h"
#include "row.h"

enum { BLOCK = 16 }; /* channels held at a time, see dwconv_c.c */

/* Where one channel, or one pixel, of the second stands for all. */
static void sum_apart(const struct mnq_layer *l, const struct mnq_band *b)
{
    const enum mnq_row_input type0 = mnq_row_input0(l), type1 = mnq_row_input1(l);
    const int16_t *u = (const int16_t *)l->weights, *v = u + l->c;
    const size_t pixels = (size_t)b->n * (size_t)l->w;
    const void *y = b->in1.at;
    size_t p, i = 0;
    int32_t c;

    for (p = 0; p < pixels; p++) {
        for (c = 0; c < l->c; c++, i++) {
            const int32_t x = mnq_row_value(b->in0.at, type0, i), z = mnq_row_value(y, type1, l->c1 == 1 ? 0 : (size_t)c);
            mnq_output_store(&l->q, b->out, i, c, mnq_mac(mnq_mac(l->q.bias[c], u[c], x), v[c], z));
        }
        if (!l->point1) y = mnq_row_at(y, type1, (size_t)l->c1);
    }
}

/* Accumulators of n channels from c on, whose first activations are x and y; a loop per pair of types as in row.h. */
static void sums(const struct mnq_layer *l, int32_t *acc, const void *x, const void *y, int32_t c, int32_t n)
{
    const int32_t *b = l->q.bias + c;
    const int16_t *u = (const int16_t *)l->weights + c, *v = u + l->c;
    const int8_t *x8 = (const int8_t *)x, *y8 = (const int8_t *)y;
    const int16_t *x16 = (const int16_t *)x, *y16 = (const int16_t *)y;
    int32_t i;

    if (!l->in16 && !l->in16b)
        for (i = 0; i < n; i++) acc[i] = mnq_mac(mnq_mac(b[i], u[i], x8[i]), v[i], y8[i]);
    else if (!l->in16)
        for (i = 0; i < n; i++) acc[i] = mnq_mac(mnq_mac(b[i], u[i], x8[i]), v[i], y16[i]);
    else if (!l->in16b)
        for (i = 0; i < n; i++) acc[i] = mnq_mac(mnq_mac(b[i], u[i], x16[i]), v[i], y8[i]);
    else
        for (i = 0; i < n; i++) acc[i] = mnq_mac(mnq_mac(b[i], u[i], x16[i]), v[i], y16[i]);
}

void mnq_add_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_requant_params q = l->q; /* a copy: stores to the output cannot change it */
    const enum mnq_row_input type0 = mnq_row_input0(l), type1 = mnq_row_input1(l);
    const size_t pixels = (size_t)b->n * (size_t)l->w;
    size_t p, i = 0;
    int32_t c;

    if (l->point1 || l->c1 != l->c) {
        sum_apart(l, b);
        return;
    }
    for (p = 0; p < pixels; p++) {
        for (c = 0; c < l->c; c += BLOCK) {
            const int32_t n = l->c - c < BLOCK ? l->c - c : BLOCK;
            int32_t acc[BLOCK];
            sums(l, acc, mnq_row_at(b->in0.at, type0, i), mnq_row_at(b->in1.at, type1, i), c, n);
            mnq_output_row(&q, b->out, i, c, acc, n);
            i += (size_t)n;
        }
    }
}
