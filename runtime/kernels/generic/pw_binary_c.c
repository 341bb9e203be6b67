/* SPDX-License-Identifier: Apache-2.0
 * PW with weights that are sums of one to four bases of signs, NUMERICS.md section 4: additions, and one multiplication per
 * base and output.
 *
 * sum of s_i q_i = 2 * (sum of the q_i whose sign is +1) - (sum of all q_i); the latter is one number per pixel. */
#include "generic.h"
#include "output.h"
#include "packed.h"
#include "row.h"

/* Sum of all q of one pixel. */
static int32_t total(const void *x, enum mnq_row_input type, int32_t c)
{
    int32_t sum = 0, i;

    for (i = 0; i < c; i++) sum = mnq_add(sum, mnq_row_value(x, type, (size_t)i));
    return sum;
}

/* q where the lowest bit is 1, else 0. */
static inline int32_t chosen(int32_t q, uint32_t bits)
{
    return q & -(int32_t)(bits & 1);
}

/* Sum of the q whose bit is 1, for the n <= 32 inputs of one word; a loop per type as in row.h. */
static int32_t word_sum(uint32_t bits, const void *x, enum mnq_row_input type, int32_t n)
{
    const int8_t *x8 = (const int8_t *)x;
    const int16_t *x16 = (const int16_t *)x;
    const uint8_t *u8 = (const uint8_t *)x;
    int32_t sum = 0, i;

    if (type == MNQ_ROW_S8)
        for (i = 0; i < n; i++, bits >>= 1) sum += chosen(x8[i], bits);
    else if (type == MNQ_ROW_S16)
        for (i = 0; i < n; i++, bits >>= 1) sum += chosen(x16[i], bits);
    else
        for (i = 0; i < n; i++, bits >>= 1) sum += chosen((int8_t)(u8[i] ^ 0x80), bits);
    return sum;
}

/* Sum of s_i q_i for one plane. */
static int32_t plane_sum(const uint32_t *w, const void *x, enum mnq_row_input type, int32_t c, int32_t all)
{
    int32_t sum = 0, i;

    for (i = 0; i < c; i += 32)
        sum = mnq_add(sum, word_sum(*w++, mnq_row_at(x, type, (size_t)i), type, c - i < 32 ? c - i : 32));
    return mnq_add(sum, mnq_add(sum, -all));
}

void mnq_pw_binary_c(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const size_t c = (size_t)l->c, words = mnq_plane_words(l->c), pixels = (size_t)l->h * (size_t)l->w;
    const int bases = l->mult;
    size_t p, i = 0;
    int32_t o;
    int m;

    (void)in1;
    for (p = 0; p < pixels; p++, in0 = mnq_row_at(in0, type, c)) {
        const int16_t *a = mnq_behind_planes(l, (size_t)bases);
        const uint32_t *w = (const uint32_t *)l->weights;
        const int32_t all = total(in0, type, l->c);
        for (o = 0; o < l->oc; o++, i++) {
            int32_t acc = l->q.bias[o];
            for (m = 0; m < bases; m++, w += words) {
                const int32_t sum = plane_sum(w, in0, type, l->c, all);
                acc = mnq_add(acc, bases == 1 ? sum : *a++ * sum);
            }
            mnq_output_store(&l->q, out, i, o, acc);
        }
    }
}
