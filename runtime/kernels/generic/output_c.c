/* SPDX-License-Identifier: Apache-2.0
 * The output stage for rows of accumulators, and its activations PRELU and TABLE, NUMERICS.md section 3. */
#include "output.h"

/* A straight line on either side of zero. */
static int32_t prelu(const struct mnq_requant_params *q, int32_t c, int32_t acc)
{
    if (acc >= 0) return mnq_requant(acc, q->mult[c], q->shift[c]);
    if (q->mult2[c] >= 0) return mnq_requant(acc, q->mult2[c], q->shift2[c]);
    return mnq_requant(-acc, -q->mult2[c], q->shift2[c]);
}

/* Straight lines between the knots. */
static int32_t table(const struct mnq_requant_params *q, int32_t c, int32_t acc)
{
    const int32_t t = mnq_clamp(mnq_requant(acc, q->mult[c], q->shift[c]), -32768, 32767) + 32768;
    const int16_t *const knot = q->table + (t >> 8);

    return mnq_requant(mnq_mac(256 * knot[0], knot[1] - knot[0], t & 255), q->mult2[c], q->shift2[c]);
}

void mnq_output_curve(const struct mnq_requant_params *q, void *out, size_t i, int32_t c, const int32_t *acc, int32_t n)
{
    int32_t j;

    for (j = 0; j < n; j++, i++)
        mnq_output_put(q, out, i, q->act == MNQ_A_PRELU ? prelu(q, c + j, acc[j]) : table(q, c + j, acc[j]));
}

/* Without an activation. What does not change is read once: a stored byte might be any of it, for all the compiler knows. */
static void clamped(const struct mnq_requant_params *q, void *out, size_t i, int32_t c, const int32_t *acc, int32_t n)
{
    const int32_t *m = q->mult + c, *const end = acc + n;
    const int8_t *r = q->shift + c;
    const int32_t zp = q->zp, lo = q->lo, hi = q->hi;

    if (q->out16) {
        int16_t *to = (int16_t *)out + i;
        while (acc != end) *to++ = (int16_t)mnq_clamp(mnq_add(zp, mnq_requant(*acc++, *m++, *r++)), lo, hi);
    } else {
        int8_t *to = (int8_t *)out + i;
        while (acc != end) *to++ = (int8_t)mnq_clamp(mnq_add(zp, mnq_requant(*acc++, *m++, *r++)), lo, hi);
    }
}

void mnq_output_row(const struct mnq_requant_params *q, void *out, size_t i, int32_t c, const int32_t *acc, int32_t n)
{
    int32_t j;

    if (q->act == MNQ_A_CLAMP) clamped(q, out, i, c, acc, n);
    else if ((MNQ_VARIANTS_ACT & 2) && q->act > MNQ_A_HSIGMOID) mnq_output_curve(q, out, i, c, acc, n);
    else
        for (j = 0; j < n; j++) mnq_output_plain(q, out, i + (size_t)j, c + j, acc[j]);
}
