/* SPDX-License-Identifier: Apache-2.0
 * One channel of a depthwise 3x3 layer as dwconv3x3_dsp.S wants it. Shifts r < 1 multiply weights and bias by a power of two
 * beforehand, if these have the room. */
#include "dwconv_dsp.h"

static int32_t absolute(int32_t x)
{
    return x < 0 ? -x : x;
}

/* Whether 9 weights and the bias may be multiplied by 2^up, so that weights are int16 and no sum leaves 32 bits. */
static int has_room(const struct mnq_layer *l, const int32_t *w, int32_t bias, int up)
{
    int64_t reach = 0;
    int i;

    if (up > 15) return 0;
    for (i = 0; i < 9; i++) {
        const int32_t a = absolute(w[i]);
        if ((int64_t)a << up > 32767) return 0;
        reach += a;
    }
    reach = (reach << (l->in16 ? 15 : 7)) + absolute(bias);
    return reach << up <= INT32_MAX;
}

/* The 9 weights of channel c, the first of which is at p, as pairs of taps. */
#define TAKE(p, step)                                                                                                       \
    for (i = 0; i < 3; i++, p += 3 * (step)) {                                                                              \
        const uint32_t a = (uint32_t)p[0], b = (uint32_t)p[step], d = (uint32_t)p[2 * (step)];                              \
        k->taps[i][0] = (a & 0xffffu) | b << 16;                                                                            \
        k->taps[i][1] = (b & 0xffffu) | d << 16;                                                                            \
    }

/* Multiplies weights and bias by 2^up, so that r is 1; 0 if they have no room for that. */
static int scale_up(const struct mnq_layer *l, struct mnq_dsp_channel *k, int up)
{
    int32_t w[9], i;

    for (i = 0; i < 3; i++) {
        w[3 * i] = (int16_t)k->taps[i][0];
        w[3 * i + 1] = (int16_t)k->taps[i][1];
        w[3 * i + 2] = (int16_t)(k->taps[i][1] >> 16);
    }
    if (!has_room(l, w, k->bias, up)) return 0;
    for (i = 0; i < 3; i++) {
        k->taps[i][0] = (uint32_t)(w[3 * i] * (1 << up)) & 0xffffu;
        k->taps[i][1] = (uint32_t)(w[3 * i + 1] * (1 << up)) & 0xffffu;
        k->taps[i][0] |= k->taps[i][1] << 16;
        k->taps[i][1] |= (uint32_t)(w[3 * i + 2] * (1 << up)) << 16;
    }
    k->bias *= 1 << up;
    return 1;
}

int mnq_dsp_channel_make(const struct mnq_layer *l, int32_t c, struct mnq_dsp_channel *k)
{
    const size_t step = (size_t)l->oc;
    int32_t r = l->q.shift[c], i;
    int plain;

    if (l->wtype == MNQ_W_S16) {
        const int16_t *p = (const int16_t *)l->weights + c;
        TAKE(p, step)
    } else {
        const int8_t *p = (const int8_t *)l->weights + c;
        TAKE(p, step)
    }
    k->bias = l->q.bias[c];
    k->m = l->q.mult[c];
    plain = mnq_dsp_clamp_of(&l->q) == MNQ_DSP_SUMS || r > (l->q.zp != 0 ? 23 : 31);
    if (!plain && r < 1) {
        if (scale_up(l, k, 1 - r)) r = 1;
        else plain = 1;
    }
    k->r = r;
    k->round = plain ? 0 : (int32_t)((uint32_t)(2 * l->q.zp + 1) << (r - 1));
    return plain;
}
