/* SPDX-License-Identifier: Apache-2.0
 * PW with 4-bit weights on a Cortex-M with the DSP extension. As many channels as scratch memory holds become int8, 16 times
 * their weights, for all pixels of the band; bias and shift of their records are made for that. Then block_dsp.S computes
 * them. */
#include "block_dsp.h"
#include "cortexm/dsp.h"
#include "mnq_port.h"

typedef char mnq_layer_has_its_place[sizeof(struct mnq_layer) <= MNQ_DSP_S4_LAYER ? 1 : -1];

/* One record: two pairs of inputs to a word. */
static uint8_t *decode(uint8_t *to, const uint8_t *from, int32_t pairs)
{
    const uint32_t *in = (const uint32_t *)(const void *)(from + MNQ_DSP_BEFORE);
    uint32_t *out = (uint32_t *)(void *)(to + MNQ_DSP_BEFORE);
    int32_t i;

    memcpy(to, from, MNQ_DSP_BEFORE);
    for (i = pairs; i > 1; i -= 2, out += 2) {
        const uint32_t w = *in++;
        out[0] = (w << 4) & 0xf0f0f0f0u;
        out[1] = w & 0xf0f0f0f0u;
    }
    if (i > 0) *out++ = (*in++ << 4) & 0xf0f0f0f0u;
    memcpy(out, in, MNQ_DSP_AFTER);
    return (uint8_t *)out + MNQ_DSP_AFTER;
}

/* The channels of `part`, which begin at `out`, for all pixels. */
static void run_part(const struct mnq_layer *part, const struct mnq_layer *l, const struct mnq_band *band, uint32_t *x,
                     uint8_t *out)
{
    const int32_t pixels = band->n * l->w;
    struct mnq_dsp_blocks s;

    mnq_dsp_blocks_start(&s, part, x, pixels < 4 ? pixels : 4);
    mnq_dsp_blocks_part(&s, (size_t)l->oc << l->q.out16, 4);
    mnq_dsp_blocks_band(&s, l, band, x, out);
}

void mnq_pw_s4_dsp(const struct mnq_layer *l, const struct mnq_band *band)
{
    struct mnq_layer *const part = (struct mnq_layer *)band->scratch;
    const int32_t pairs = mnq_dsp_pairs(l), records = (l->oc + 1) / 2;
    const uint8_t *from = (const uint8_t *)l->packed + MNQ_DSP_HEADER, *const plain = (const uint8_t *)l->packed;
    uint32_t *const x = (uint32_t *)(void *)((uint8_t *)band->scratch + MNQ_DSP_S4_LAYER);
    uint8_t *const weights = (uint8_t *)(x + (size_t)pairs * 4), *const end = (uint8_t *)band->scratch + band->scratch_bytes;
    const size_t stored = mnq_dsp_record(l);
    size_t record;
    int32_t r = 0;

    *part = *l;
    part->wtype = MNQ_W_S8;
    part->packed = weights;
    record = mnq_dsp_record(part);
    while (r < records) {
        const int32_t first = 2 * r + 2 <= l->oc ? 2 * r : l->oc - 2; /* an odd last channel, with the one before it */
        uint8_t *to = weights + MNQ_DSP_HEADER;
        int32_t n = 0;

        memcpy(weights, plain, MNQ_DSP_HEADER);
        do {
            to = decode(to, from, pairs);
            from += stored;
            n++;
            r++;
        } while (r < records && 2 * r + 2 <= l->oc && to + record <= end);
        part->oc = 2 * n;
        part->q = l->q;
        part->q.mult += first;
        part->q.shift += first;
        if (part->q.mult2 != NULL) part->q.mult2 += first;
        if (part->q.shift2 != NULL) part->q.shift2 += first;
        run_part(part, l, band, x, (uint8_t *)band->out + ((size_t)first << l->q.out16));
    }
}
