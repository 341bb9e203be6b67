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

/* The 9 weights of channel c. */
static void take_weights(const struct mnq_layer *l, int32_t *w, int32_t c)
{
    const size_t step = (size_t)l->oc;
    int i;

    if (l->wtype == MNQ_W_S16) {
        const int16_t *p = (const int16_t *)l->weights + c;
        for (i = 0; i < 9; i++, p += step) w[i] = *p;
    } else {
        const int8_t *p = (const int8_t *)l->weights + c;
        for (i = 0; i < 9; i++, p += step) w[i] = *p;
    }
}

int mnq_dsp_channel_make(const struct mnq_layer *l, int32_t c, struct mnq_dsp_channel *k)
{
    int32_t w[9], r = l->q.shift[c], bias = l->q.bias[c], i;
    int plain = mnq_dsp_clamp_of(&l->q) == MNQ_DSP_SUMS;

    take_weights(l, w, c);
    if (!plain && r < 1) {
        const int up = 1 - r;
        if (has_room(l, w, bias, up)) {
            for (i = 0; i < 9; i++) w[i] *= 1 << up;
            bias *= 1 << up;
            r = 1;
        } else {
            plain = 1;
        }
    }
    if (r > (l->q.zp != 0 ? 23 : 31)) plain = 1;
    for (i = 0; i < 3; i++) {
        k->taps[i][0] = (uint16_t)w[3 * i] | (uint32_t)w[3 * i + 1] << 16;
        k->taps[i][1] = (uint16_t)w[3 * i + 1] | (uint32_t)w[3 * i + 2] << 16;
    }
    k->bias = bias;
    k->m = l->q.mult[c];
    k->r = r;
    k->round = plain ? 0 : (int32_t)((uint32_t)(2 * l->q.zp + 1) << (r - 1));
    return plain;
}
