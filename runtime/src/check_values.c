/* SPDX-License-Identifier: Apache-2.0
 * Proves from the weights themselves that no value of a layer leaves its range, NUMERICS.md sections 2 to 7.
 *
 * |q| <= 128 for every activation and every padding, so an accumulator is bounded by |b| + 128 * sum |w|. */
#include "check.h"

static uint32_t magnitude(int32_t x)
{
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

/* Multipliers are not negative, shifts lie in -30..31. */
static int scaling_valid(const int32_t *m, const int8_t *r, int32_t n)
{
    int32_t i;

    for (i = 0; i < n; i++)
        if (m[i] < 0 || r[i] < -30 || r[i] > 31) return 0;
    return 1;
}

/*
 * Adds |w| of n weights, `step` apart from the first-th on, to *sum; 0 if one is the type's least value, which a
 * symmetric weight never is.
 */
static int sum_weights(uint64_t *sum, const struct mnq_layer *l, size_t first, size_t step, size_t n)
{
    const int8_t *w8 = (const int8_t *)l->weights;
    const int16_t *w16 = (const int16_t *)l->weights;
    uint64_t s = 0;
    size_t i;

    for (i = 0; i < n; i++, first += step) {
        const int32_t w = l->wtype == MNQ_W_S16 ? w16[first] : w8[first];
        if (w == (l->wtype == MNQ_W_S16 ? -32768 : -128)) return 0;
        s += magnitude(w);
    }
    *sum = s;
    return 1;
}

/* Sum of the weights' magnitudes that meet in one accumulator of output channel o. */
static int channel_sum(uint64_t *sum, const struct mnq_layer *l, int32_t o)
{
    const size_t window = (size_t)l->kh * l->kw, oc = (size_t)l->oc;

    switch (l->op) {
    case MNQ_L_CONV:
    case MNQ_L_PW:
        return sum_weights(sum, l, (size_t)o * window * (size_t)l->c, 1, window * (size_t)l->c);
    case MNQ_L_DWCONV:
        return sum_weights(sum, l, (size_t)o, oc, window);
    case MNQ_L_ADD:
        return sum_weights(sum, l, (size_t)o, oc, 2);
    default:
        *sum = window;
        return 1; /* AVGPOOL: weights of one */
    }
}

static enum mnq_status channel_check(const struct mnq_layer *l, int32_t o)
{
    uint64_t sum;

    if (l->op == MNQ_L_MUL) return l->q.bias[o] == 0 ? MNQ_OK : MNQ_E_FORMAT;
    if (!channel_sum(&sum, l, o)) return MNQ_E_FORMAT;
    return magnitude(l->q.bias[o]) + 128 * sum > INT32_MAX ? MNQ_E_OVERFLOW : MNQ_OK;
}

enum mnq_status mnq_check_values(const struct mnq_model *m, unsigned i)
{
    struct mnq_layer l;
    uint32_t offset[3];
    int32_t o;

    mnq_layer_read(m, i, &l, offset);
    if (l.op == MNQ_L_SOFTMAX || l.op == MNQ_L_LOGISTIC)
        return scaling_valid(l.q.mult, l.q.shift, 1) ? MNQ_OK : MNQ_E_FORMAT;
    if (!scaling_valid(l.q.mult, l.q.shift, l.oc)) return MNQ_E_FORMAT;
    if (l.q.act != MNQ_A_CLAMP && !scaling_valid(l.q.mult2, l.q.shift2, l.oc)) return MNQ_E_FORMAT;
    for (o = 0; o < l.oc; o++) {
        const enum mnq_status s = channel_check(&l, o);
        if (s != MNQ_OK) return s;
    }
    return MNQ_OK;
}
