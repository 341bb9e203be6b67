/* SPDX-License-Identifier: Apache-2.0
 * SOFTMAX and LOGISTIC over 16-bit logits, NUMERICS.md section 8. */
#include "fixed.h"
#include "generic.h"

/* round(2^30 * 2^(-i/64)), i = 0..64. */
static const int32_t pow2_q30[65] = {
    1073741824, 1062175491, 1050733751, 1039415261, 1028218693, 1017142735, 1006186087, 995347464, 984625594, 974019220,
    963527098,  953147997,  942880699,  932724001,  922676710,  912737649,  902905651,  893179563, 883558244, 874040567,
    864625413,  855311680,  846098274,  836984114,  827968132,  819049271,  810226483,  801498734, 792865000, 784324269,
    775875538,  767517817,  759250125,  751071493,  742980960,  734977579,  727060411,  719228525, 711481005, 703816941,
    696235434,  688735596,  681316545,  673977412,  666717336,  659535466,  652430958,  645402981, 638450708, 631573326,
    624770026,  618040012,  611382493,  604796689,  598281827,  591837143,  585461881,  579155293, 572916640, 566745190,
    560640218,  554601009,  548626854,  542717053,  536870912,
};

/* 2^(-t/65536) in Q30, 0..2^30; t >= 0 in Q16. Linear between 64 steps of an octave. */
static uint32_t exp2n(int32_t t)
{
    const int32_t n = t >> 16, f = t & 0xffff, i = f >> 10, g = f & 1023;

    if (n > 30) return 0;
    return (uint32_t)(pow2_q30[i] - mnq_part_q10(pow2_q30[i] - pow2_q30[i + 1], g)) >> n;
}

/* Q30 to Q16, rounded half up; e at most 2^44. */
static uint32_t q16(uint64_t e)
{
    return (uint32_t)((e + ((uint32_t)1 << 13)) >> 14);
}

/* One pixel. */
static void softmax(const struct mnq_layer *l, const int16_t *q, int16_t *p)
{
    const int32_t m = l->q.mult[0], n = l->c;
    const int r = l->q.shift[0];
    int32_t i, max = q[0];
    uint64_t sum = 0;

    for (i = 1; i < n; i++)
        if (q[i] > max) max = q[i];
    for (i = 0; i < n; i++) sum += exp2n(mnq_requant(max - q[i], m, r));
    for (i = 0; i < n; i++) p[i] = (int16_t)mnq_ratio_q15(q16(exp2n(mnq_requant(max - q[i], m, r))), q16(sum));
}

void mnq_softmax_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const size_t pixels = (size_t)b->n * (size_t)l->w, c = (size_t)l->c;
    size_t i;

    for (i = 0; i < pixels; i++) softmax(l, (const int16_t *)b->in0.at + i * c, (int16_t *)b->out + i * c);
}

void mnq_logistic_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const int16_t *q = (const int16_t *)b->in0.at;
    int16_t *p = (int16_t *)b->out;
    const size_t n = (size_t)b->n * (size_t)l->w * (size_t)l->c;
    const int32_t m = l->q.mult[0];
    const int r = l->q.shift[0];
    size_t i;

    for (i = 0; i < n; i++) {
        const uint32_t e = q16(exp2n(mnq_requant(q[i] < 0 ? -q[i] : q[i], m, r)));
        p[i] = (int16_t)mnq_ratio_q15(q[i] >= 0 ? 65536 : e, 65536 + e);
    }
}
