/* SPDX-License-Identifier: Apache-2.0
 * Outputs of one channel from sums, on a Cortex-M. Everything that does not change from output to
 * output is found once; shifts below 1, which saturate first, are left to mnq_output_plain(). */
#include "finish_dsp.h"

#include "generic/output.h"

/* What all outputs of a channel have in common. */
struct stage {
    int32_t m, r, half, m2, r2, half2; /* m * x, and half a unit of what is shifted out */
    int32_t three, six;                /* of the gate */
    int32_t lo, hi, zp;
};

static int32_t saturate16(int32_t x)
{
    int32_t y;

    __asm__("ssat %0, #16, %1" : "=r"(y) : "r"(x));
    return y;
}

static int32_t scaled(const struct stage *s, int32_t acc)
{
    return (mnq_mulhi(acc, s->m) + s->half) >> s->r;
}

/* Stores n outputs; `value` makes one of *sums. */
#define STORE(value)                                                                                                        \
    do {                                                                                                                    \
        if (q->out16)                                                                                                       \
            for (; n > 0; n--, sums++, to += stride)                                                                        \
                *(int16_t *)(void *)to = (int16_t)mnq_clamp((value) + s.zp, s.lo, s.hi);                                    \
        else                                                                                                                \
            for (; n > 0; n--, sums++, to += stride) *(int8_t *)to = (int8_t)mnq_clamp((value) + s.zp, s.lo, s.hi);         \
    } while (0)

static int32_t swish(const struct stage *s, int32_t acc)
{
    const int32_t t = saturate16(scaled(s, acc));

    return (mnq_mulhi(t * mnq_clamp(t + s->three, 0, s->six), s->m2) + s->half2) >> s->r2;
}

static int32_t sigmoid(const struct stage *s, int32_t acc)
{
    const int32_t t = saturate16(scaled(s, acc));

    return (mnq_mulhi(mnq_clamp(t + s->three, 0, s->six), s->m2) + s->half2) >> s->r2;
}

/* As mnq_output_plain() does it. */
static void plainly(const struct mnq_requant_params *q, int32_t c, const int32_t *sums, int32_t n, uint8_t *to,
                    size_t stride)
{
    for (; n > 0; n--, sums++, to += stride) mnq_output_plain(q, to, 0, c, *sums);
}

/* h-swish to int8, whose zero point folds: with the whole range of int8 SSAT is the clamp. */
static void swish_s8(const struct mnq_requant_params *q, int32_t c, const int32_t *sums, int32_t n, uint8_t *to,
                     size_t stride)
{
    const int32_t r = q->shift[c], r2 = q->shift2[c], m = q->mult[c], m2 = q->mult2[c];
    const int32_t half = (int32_t)((uint32_t)1 << (r - 1)), round = (int32_t)((uint32_t)(2 * q->zp + 1) << (r2 - 1));
    const int32_t three = 3 * (int32_t)((uint32_t)1 << q->frac), six = 2 * three;
    const int32_t *const end = sums + n;

    do {
        const int32_t t = saturate16((mnq_mulhi(*sums++, m) + half) >> r);
        int32_t y = (mnq_mulhi(t * mnq_clamp(t + three, 0, six), m2) + round) >> r2;

        __asm__("ssat %0, #8, %1" : "=r"(y) : "r"(y));
        *(int8_t *)to = (int8_t)y;
        to += stride;
    } while (sums != end);
}

void mnq_dsp_finish(const struct mnq_requant_params *q, int32_t c, const int32_t *sums, int32_t n, void *out, size_t stride)
{
    const int curved = (MNQ_VARIANTS_ACT & 1) && q->act != MNQ_A_CLAMP;
    uint8_t *to = (uint8_t *)out;
    struct stage s;

    if ((MNQ_VARIANTS_ACT & 1) && q->act == MNQ_A_HSWISH && !q->out16 && q->lo == -128 && q->hi == 127 && q->shift[c] >= 1 &&
        q->shift2[c] >= 1 && q->shift2[c] <= 23) {
        swish_s8(q, c, sums, n, to, stride);
        return;
    }

    s.r = q->shift[c];
    s.r2 = curved ? q->shift2[c] : 1;
    if (s.r < 1 || s.r2 < 1) {
        plainly(q, c, sums, n, to, stride);
        return;
    }
    s.m = q->mult[c];
    s.half = (int32_t)((uint32_t)1 << (s.r - 1));
    s.m2 = curved ? q->mult2[c] : 0;
    s.half2 = (int32_t)((uint32_t)1 << (s.r2 - 1));
    s.three = 3 * (int32_t)((uint32_t)1 << q->frac);
    s.six = 2 * s.three;
    s.lo = q->lo;
    s.hi = q->hi;
    s.zp = q->zp;
    if (!curved) STORE(scaled(&s, *sums));
    else if (q->act == MNQ_A_HSWISH) STORE(swish(&s, *sums));
    else STORE(sigmoid(&s, *sums));
}
