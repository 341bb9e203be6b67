/* SPDX-License-Identifier: Apache-2.0
 * Proves from the weights themselves that no accumulator of a layer leaves 32 bits, NUMERICS.md sections 4 to 7.
 *
 * |q| <= A for every activation and every padding, so an accumulator is bounded by |b| + A * sum |w|. MUL needs no proof:
 * an S16 tensor has zero point 0, so |q - z| <= 2^15 and the product is at most 2^30. */
#include "check.h"

static uint32_t magnitude(int32_t x)
{
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
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

/* Input channels of one output channel of a CONV or PW. */
static size_t inputs_of(const struct mnq_layer *l)
{
    int32_t c = l->c, n = 0;

    if (l->op != MNQ_L_CONV || l->mult < 2) return (size_t)l->c;
    for (; c >= l->mult; c -= l->mult) n++;
    return (size_t)n;
}

/* Whether output channel o of a SELECT is one of input 0. */
static int takes_first(const struct mnq_layer *l, int32_t o)
{
    const uint16_t *const map = (const uint16_t *)l->weights;

    return (map != NULL ? map[o] : o) < l->c;
}

/* The least common multiple of 1 .. k. */
static const uint16_t multiple[7] = {1, 2, 6, 12, 60, 60, 420};

/* Bound of the terms that meet in one accumulator of output channel o; a: magnitudes of the inputs. */
static int channel_bound(uint64_t *bound, const struct mnq_layer *l, int32_t o, const uint32_t a[2])
{
    const size_t window = (size_t)l->kh * l->kw, oc = (size_t)l->oc, inputs = window * inputs_of(l);
    uint64_t sum, second = 0;

    switch (l->op) {
    case MNQ_L_CONV:
    case MNQ_L_PW:
        if (!sum_weights(&sum, l, (size_t)o * inputs, 1, inputs)) return 0;
        break;
    case MNQ_L_DWCONV:
        if (!sum_weights(&sum, l, (size_t)o, oc, window)) return 0;
        break;
    case MNQ_L_ADD:
        if (!sum_weights(&sum, l, (size_t)o, 1, 1) || !sum_weights(&second, l, (size_t)o + oc, 1, 1)) return 0;
        break;
    case MNQ_L_MAXPOOL:
    case MNQ_L_SPREAD:
        sum = 1;
        break;
    case MNQ_L_SELECT:
        sum = (uint64_t)takes_first(l, o);
        second = !sum;
        break;
    case MNQ_L_UPSAMPLE:
        sum = l->mult != 0 ? window * 4 : 1;
        break;
    default:
        sum = window; /* AVGPOOL: weights of one, or what the window shares out among those inside */
        if (l->counted) {
            *bound = (a[0] + (uint64_t)magnitude(l->zp0)) * multiple[l->kh - 1] * multiple[l->kw - 1];
            return 1;
        }
    }
    *bound = a[0] * sum + a[1] * second;
    return 1;
}

static enum mnq_status channel_check(const struct mnq_layer *l, int32_t o, const uint32_t a[2])
{
    uint64_t bound;

    if (l->op == MNQ_L_MUL) return l->q.bias[o] == 0 ? MNQ_OK : MNQ_E_FORMAT;
    if (!channel_bound(&bound, l, o, a)) return MNQ_E_FORMAT;
    return magnitude(l->q.bias[o]) + bound > INT32_MAX ? MNQ_E_OVERFLOW : MNQ_OK;
}

enum mnq_status mnq_check_bounds(const struct mnq_layer *l, const uint32_t a[2])
{
    int32_t o;

    for (o = 0; o < l->oc; o++) {
        const enum mnq_status s = channel_check(l, o, a);
        if (s != MNQ_OK) return s;
    }
    return MNQ_OK;
}
