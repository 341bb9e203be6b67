/* SPDX-License-Identifier: Apache-2.0
 * Packs weights for a Cortex-M3; layout_m3.h says how. Plain C. */
#include "layout_m3.h"

#include "mnq_port.h"

/* Of channel o. */
struct channel {
    int64_t sum, reach; /* of weights, of their magnitudes */
};

static int32_t weight(const struct mnq_layer *l, size_t i)
{
    return l->wtype == MNQ_W_S16 ? ((const int16_t *)l->weights)[i] : ((const int8_t *)l->weights)[i];
}

static struct channel channel_of(const struct mnq_layer *l, int32_t o)
{
    const size_t n = (size_t)mnq_dsp_runs(l) * (size_t)mnq_dsp_run(l), from = (size_t)o * n;
    struct channel c = {0, 0};
    size_t k;

    for (k = 0; k < n; k++) {
        const int32_t w = weight(l, from + k);
        c.sum += w;
        c.reach += w < 0 ? -w : w;
    }
    return c;
}

/* Whether every sum fits a lane, and inputs are bytes. */
static int fits_lanes(const struct mnq_layer *l)
{
    int32_t o;

    if (l->in16 || l->wtype != MNQ_W_S8) return 0;
    for (o = 0; o < l->oc; o++) {
        const int64_t b = l->q.bias[o];
        if ((b < 0 ? -b : b) + 128 * channel_of(l, o).reach >= (int64_t)1 << (MNQ_M3_LANE - 1)) return 0;
    }
    return 1;
}

static void put(uint8_t *p, uint32_t v, int bytes)
{
    int i;

    for (i = 0; i < bytes; i++) p[i] = (uint8_t)(v >> 8 * i);
}

/* The weights of channel o, the record's j-th. */
static void pack_weights(const struct mnq_layer *l, uint8_t *to, int32_t o, size_t j)
{
    const int bytes = l->wtype == MNQ_W_S16 ? 2 : 1;
    const size_t n = (size_t)mnq_dsp_run(l), even = (n + 1) / 2 * 2;
    size_t from = (size_t)o * (size_t)mnq_dsp_runs(l) * n, k;
    int32_t i;

    for (i = 0; i < mnq_dsp_runs(l); i++, to += even * 2 * (size_t)bytes)
        for (k = 0; k < n; k++, from++) put(to + (2 * k + j) * (size_t)bytes, (uint32_t)weight(l, from), bytes);
}

size_t mnq_m3_packed_bytes(const struct mnq_layer *l)
{
    if ((l->op != MNQ_L_CONV && l->op != MNQ_L_PW) || (l->wtype != MNQ_W_S8 && l->wtype != MNQ_W_S16) || l->oc < 2) return 0;
    return MNQ_DSP_HEADER + (size_t)((l->oc + 1) / 2) * mnq_dsp_record(l);
}

void mnq_m3_pack(const struct mnq_layer *l, void *mem)
{
    const size_t record = mnq_dsp_record(l);
    uint8_t *const header = (uint8_t *)mem, *p = header + MNQ_DSP_HEADER;
    int32_t o, j;

    memset(mem, 0, mnq_m3_packed_bytes(l));
    header[1] = (uint8_t)fits_lanes(l);
    for (o = 0; o < l->oc; o += 2, p += record) {
        const int32_t first = o + 1 < l->oc ? o : o - 1;
        const int plain = !mnq_dsp_folds(&l->q, first) || !mnq_dsp_folds(&l->q, first + 1);
        uint8_t *const after = p + record - MNQ_DSP_AFTER;

        if (plain) header[0] = 1;
        for (j = 0; j < 2; j++) {
            const int64_t flipped = l->in_flip ? 128 * channel_of(l, first + j).sum : 0;
            put(p + 4 * j, (uint32_t)(l->q.bias[first + j] - flipped), 4);
            put(after + 4 * j, (uint32_t)l->q.mult[first + j], 4);
            after[8 + j] = plain ? MNQ_DSP_PLAIN : (uint8_t)(l->q.shift[first + j] - 1);
            pack_weights(l, p + MNQ_DSP_BEFORE, first + j, (size_t)j);
        }
    }
}
