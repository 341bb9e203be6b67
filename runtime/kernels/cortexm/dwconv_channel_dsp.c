/* SPDX-License-Identifier: Apache-2.0
 * One channel of a depthwise 3x3 layer as dwconv3x3_dsp.S wants it. Shifts r < 1 multiply weights and bias by a power of two
 * beforehand, if these have the room. */
#include "dwconv_dsp.h"

#include "mnq_port.h"
#include "variants.h"

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

/* A word, half a word at any address: the core loads it at once. */
static uint32_t word_at(const void *p)
{
    uint32_t w;

    memcpy(&w, p, sizeof w);
    return w;
}

static uint32_t half_at(const void *p)
{
    uint16_t h;

    memcpy(&h, p, sizeof h);
    return h;
}

/* Halves of a and b side by side: the lower ones, the upper ones. */
static uint32_t lower(uint32_t a, uint32_t b)
{
    return (a & 0xffffu) | b << 16;
}

static uint32_t upper(uint32_t a, uint32_t b)
{
    return a >> 16 | (b & 0xffff0000u);
}

/* Bytes 0 and 2, 1 and 3 of a word as int16. */
static uint32_t even(uint32_t bytes)
{
    uint32_t w;

    __asm__("sxtb16 %0, %1" : "=r"(w) : "r"(bytes));
    return w;
}

static uint32_t odd(uint32_t bytes)
{
    uint32_t w;

    __asm__("sxtb16 %0, %1, ror #8" : "=r"(w) : "r"(bytes));
    return w;
}

/* Row i of the window of two channels, from the lower halves of its three words. */
static void put_row(struct mnq_dsp_channel *k, int32_t i, uint32_t xy, uint32_t yz)
{
    k[0].taps[i][0] = even(xy);
    k[0].taps[i][1] = even(yz);
    k[1].taps[i][0] = odd(xy);
    k[1].taps[i][1] = odd(yz);
}

/* Weights of channels c .. c + n - 1, n 4 or 2. */
static void take_s8(const struct mnq_layer *l, int32_t c, int32_t n, struct mnq_dsp_channel *k)
{
    const size_t step = (size_t)l->oc;
    const int8_t *p = (const int8_t *)l->weights + c;
    int32_t i;

    for (i = 0; i < 3 && n == 4; i++, p += 3 * step) {
        const uint32_t x = word_at(p), y = word_at(p + step), z = word_at(p + 2 * step);
        put_row(k, i, lower(x, y), lower(y, z));
        put_row(k + 2, i, upper(x, y), upper(y, z));
    }
    for (i = 0; i < 3 && n == 2; i++, p += 3 * step) {
        const uint32_t y = half_at(p + step);
        put_row(k, i, lower(half_at(p), y), lower(y, half_at(p + 2 * step)));
    }
}

/* Weights of channels c and c + 1. */
static void take_s16(const struct mnq_layer *l, int32_t c, struct mnq_dsp_channel *k)
{
    const size_t step = (size_t)l->oc;
    const int16_t *p = (const int16_t *)l->weights + c;
    int32_t i;

    for (i = 0; i < 3; i++, p += 3 * step) {
        const uint32_t x = word_at(p), y = word_at(p + step), z = word_at(p + 2 * step);
        k[0].taps[i][0] = lower(x, y);
        k[0].taps[i][1] = lower(y, z);
        k[1].taps[i][0] = upper(x, y);
        k[1].taps[i][1] = upper(y, z);
    }
}

/* Multiplies weights and bias by 2^up, so that r is 1; 0 if they have no room for that. */
static MNQ_APART int scale_up(const struct mnq_layer *l, struct mnq_dsp_channel *k, int up)
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

/* All but the taps. return 1 if outputs need mnq_output_plain() */
static int take_scale(const struct mnq_layer *l, int32_t c, int sums, struct mnq_dsp_channel *k)
{
    int32_t r = l->q.shift[c];
    int plain = sums || r > (l->q.zp != 0 ? 23 : 31);

    k->bias = l->q.bias[c];
    k->m = l->q.mult[c];
    if (MNQ_VARIANTS_RISING && !plain && r < 1) {
        if (scale_up(l, k, 1 - r)) r = 1;
        else plain = 1;
    }
    k->r = r;
    k->round = plain ? 0 : (int32_t)((uint32_t)(2 * l->q.zp + 1) << (r - 1));
    return plain;
}

int mnq_dsp_channels_make(const struct mnq_layer *l, int32_t c, int32_t n, struct mnq_dsp_channel *k)
{
    const int sums = mnq_dsp_clamp_of(&l->q) == MNQ_DSP_SUMS;
    int plain = 0;
    int32_t j;

    if (l->wtype == MNQ_W_S16)
        for (j = 0; j < n; j += 2) take_s16(l, c + j, k + j);
    else take_s8(l, c, n, k);
    for (j = 0; j < n; j++) plain |= take_scale(l, c + j, sums, k + j) << j;
    return plain;
}

/* dwconv3x3_dsp.S */
mnq_dsp_dw_rows mnq_dsp_dw1_s8, mnq_dsp_dw1_u13, mnq_dsp_dw1_s14, mnq_dsp_dw1_sums;
mnq_dsp_dw_rows mnq_dsp_dw2_s8, mnq_dsp_dw2_u13, mnq_dsp_dw2_s14, mnq_dsp_dw2_sums;

static mnq_dsp_dw_rows *rows_of(const struct mnq_layer *l, enum mnq_dsp_clamp clamp)
{
#define HAS(bit, f) ((MNQ_VARIANTS_DW >> (bit)&1) != 0 ? (f) : NULL)
    static mnq_dsp_dw_rows *const table[2][4] = {
        {HAS(0, mnq_dsp_dw1_s8), HAS(1, mnq_dsp_dw1_u13), HAS(2, mnq_dsp_dw1_s14), HAS(3, mnq_dsp_dw1_sums)},
        {HAS(4, mnq_dsp_dw2_s8), HAS(5, mnq_dsp_dw2_u13), HAS(6, mnq_dsp_dw2_s14), HAS(7, mnq_dsp_dw2_sums)}};

    return table[l->sw - 1][clamp];
}

void mnq_dsp_dw_way_of(struct mnq_dsp_dw_way *way, const struct mnq_layer *l, enum mnq_dsp_clamp clamp)
{
    way->pitch = mnq_dsp_dw_pitch(l);
    way->lead = 0;
    way->pad = 1;
    way->channels = l->in16 ? 2 : 4;
    way->take = mnq_dsp_planes_of(l);
    way->run = rows_of(l, clamp);
    way->sums = rows_of(l, MNQ_DSP_SUMS);
}
