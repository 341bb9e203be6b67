/* SPDX-License-Identifier: Apache-2.0
 * PW with weights of four bits, NUMERICS.md section 4. */
#include "generic.h"
#include "output.h"
#include "row.h"

/* The two weights of a byte, the first input's in the low nibble. */
static inline int32_t low(uint8_t b)
{
    return (int32_t)((b & 15u) ^ 8u) - 8;
}

static inline int32_t high(uint8_t b)
{
    return (int8_t)b >> 4;
}

/* acc + sum of w[i] * q[i], i < n; a loop per type of activations as in row.h. */
static int32_t dot(int32_t acc, const uint8_t *w, const void *x, enum mnq_row_input type, int32_t n)
{
    const int8_t *x8 = (const int8_t *)x;
    const int16_t *x16 = (const int16_t *)x;
    const uint8_t *u8 = (const uint8_t *)x;
    int32_t i, pairs = n / 2;

    if (type == MNQ_ROW_S8)
        for (i = 0; i < pairs; i++) acc = mnq_mac(mnq_mac(acc, low(w[i]), x8[2 * i]), high(w[i]), x8[2 * i + 1]);
    else if (type == MNQ_ROW_S16)
        for (i = 0; i < pairs; i++) acc = mnq_mac(mnq_mac(acc, low(w[i]), x16[2 * i]), high(w[i]), x16[2 * i + 1]);
    else
        for (i = 0; i < pairs; i++)
            acc = mnq_mac(mnq_mac(acc, low(w[i]), (int8_t)(u8[2 * i] ^ 0x80)), high(w[i]), (int8_t)(u8[2 * i + 1] ^ 0x80));
    if (n % 2 != 0) acc = mnq_mac(acc, low(w[pairs]), mnq_row_value(x, type, (size_t)n - 1));
    return acc;
}

void mnq_pw_s4_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const size_t c = (size_t)l->c, row = (c + 1) / 2, pixels = (size_t)b->n * (size_t)l->w;
    const void *in = b->in0.at;
    size_t p, i = 0;
    int32_t o;

    for (p = 0; p < pixels; p++, in = mnq_row_at(in, type, c)) {
        const uint8_t *w = (const uint8_t *)l->weights;
        for (o = 0; o < l->oc; o++, i++, w += row)
            mnq_output_store(&l->q, b->out, i, o, dot(l->q.bias[o], w, in, type, l->c));
    }
}
