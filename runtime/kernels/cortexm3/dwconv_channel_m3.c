/* SPDX-License-Identifier: Apache-2.0
 * One channel of a depthwise 3x3 layer as dwconv3x3_m3.S wants it, and how its rows are kept. Shifts r < 1 multiply weights
 * and bias by a power of two beforehand, if these have the room. */
#include "dwconv_m3.h"

#include "cortexm/dwconv_dsp.h"
#include "mnq_port.h"
#include "variants.h"

typedef char mnq_m3_channel_is_as_large[sizeof(struct mnq_dsp_channel) == MNQ_M3_CHANNEL_BYTES ? 1 : -1];

/* dwconv3x3_m3.S: stride 1, stride 2, lanes; plane_m3.S */
mnq_dsp_dw_rows mnq_m3_dw1_s8, mnq_m3_dw1_u13, mnq_m3_dw1_s14, mnq_m3_dw1_sums;
mnq_dsp_dw_rows mnq_m3_dw2_s8, mnq_m3_dw2_u13, mnq_m3_dw2_s14, mnq_m3_dw2_sums;
mnq_dsp_dw_rows mnq_m3_dwl_s8, mnq_m3_dwl_u13, mnq_m3_dwl_s14, mnq_m3_dwl_sums;
mnq_dsp_planes mnq_m3_planes_s8, mnq_m3_planes_s16, mnq_m3_planes_lanes;

/* Multiplies weights and bias by 2^up, so that r is 1; 0 if sums have no room for that. */
static MNQ_APART int scale_up(const struct mnq_layer *l, struct mnq_dsp_channel *k, int up)
{
    const int64_t room = (int64_t)1 << (mnq_m3_dw_lanes(l) ? MNQ_M3_LANE - 1 : 31);
    int64_t reach = 0;
    int i;

    if (up > 22) return 0;
    for (i = 0; i < 9; i++) reach += k->taps[i] < 0 ? -k->taps[i] : k->taps[i];
    reach = reach << (l->in16 ? 15 : 7) << up;
    if (reach >= room || reach + ((int64_t)(k->bias < 0 ? -(int64_t)k->bias : k->bias) << up) > INT32_MAX) return 0;
    for (i = 0; i < 9; i++) k->taps[i] *= 1 << up;
    k->bias *= 1 << up;
    return 1;
}

/* return 1 if outputs need mnq_output_plain() */
static int make(const struct mnq_layer *l, int32_t c, int sums, struct mnq_dsp_channel *k)
{
    const size_t step = (size_t)l->oc, at = (size_t)c;
    int32_t r = l->q.shift[c], i;
    int plain = sums || r > (l->q.zp != 0 ? 23 : 31);

    for (i = 0; i < 9; i++)
        k->taps[i] = l->wtype == MNQ_W_S16 ? ((const int16_t *)l->weights)[at + (size_t)i * step]
                                           : ((const int8_t *)l->weights)[at + (size_t)i * step];
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

    for (j = 0; j < n; j++) plain |= make(l, c + j, sums, k + j) << j;
    return plain;
}

static mnq_dsp_dw_rows *rows_of(const struct mnq_layer *l, enum mnq_dsp_clamp clamp)
{
#define HAS(bit, f) ((MNQ_VARIANTS_DW >> (bit)&1) != 0 ? (f) : NULL)
    static mnq_dsp_dw_rows *const table[3][4] = {
        {HAS(0, mnq_m3_dw1_s8), HAS(1, mnq_m3_dw1_u13), HAS(2, mnq_m3_dw1_s14), HAS(3, mnq_m3_dw1_sums)},
        {HAS(4, mnq_m3_dw2_s8), HAS(5, mnq_m3_dw2_u13), HAS(6, mnq_m3_dw2_s14), HAS(7, mnq_m3_dw2_sums)},
        {HAS(8, mnq_m3_dwl_s8), HAS(9, mnq_m3_dwl_u13), HAS(10, mnq_m3_dwl_s14), HAS(11, mnq_m3_dwl_sums)}};

    return table[mnq_m3_dw_lanes(l) ? 2 : l->sw - 1][clamp];
}

void mnq_dsp_dw_way_of(struct mnq_dsp_dw_way *way, const struct mnq_layer *l, enum mnq_dsp_clamp clamp)
{
    way->pitch = mnq_m3_dw_pitch(l);
    way->lead = mnq_m3_dw_lanes(l);
    way->pad = way->lead ? (1 << MNQ_M3_LANE) + 1 : 1;
    way->channels = MNQ_M3_CHANNELS;
    way->take = NULL;
    if ((MNQ_VARIANTS_PLANES & 4) && l->in16) way->take = mnq_m3_planes_s16;
    else if ((MNQ_VARIANTS_PLANES & 8) && way->lead) way->take = mnq_m3_planes_lanes;
    else if (MNQ_VARIANTS_PLANES & 1) way->take = mnq_m3_planes_s8;
    way->run = rows_of(l, clamp);
    way->sums = rows_of(l, MNQ_DSP_SUMS);
}
