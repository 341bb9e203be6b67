/* SPDX-License-Identifier: Apache-2.0
 * All channels of a few pixels on Helium. An odd last channel is made with the one before it, which is then written twice.
 */
#include "records_mve.h"

#include "mnq_port.h"
#include "variants.h"

#include <arm_mve.h>

#define IF(kind, outputs, f) (MNQ_VARIANTS_MVE >> (3 * (kind) + (outputs)) & 1 ? (f) : NULL)
#define THREE(kind, name)                                                                                                   \
    {                                                                                                                       \
        IF(kind, 0, name##_s8), IF(kind, 1, name##_s16), IF(kind, 2, name##_sums)                                           \
    }
#define TWO(kind, name)                                                                                                     \
    {                                                                                                                       \
        IF(kind, 0, name##_s8), IF(kind, 1, name##_s16), NULL                                                               \
    }

static mnq_mve_run_blocks *const table[][3] = {
    THREE(MNQ_MVE_8, mnq_mve_block8),         THREE(MNQ_MVE_88, mnq_mve_block88), THREE(MNQ_MVE_16, mnq_mve_block16),
    THREE(MNQ_MVE_4, mnq_mve_block4),         THREE(MNQ_MVE_84, mnq_mve_block84), THREE(MNQ_MVE_IMAGE_8, mnq_mve_image8),
    THREE(MNQ_MVE_IMAGE_16, mnq_mve_image16), TWO(MNQ_MVE_ONE, mnq_mve_one8),     TWO(MNQ_MVE_ONE + 1, mnq_mve_one88),
    TWO(MNQ_MVE_ONE + 2, mnq_mve_one16)};

void mnq_mve_records_begin(struct mnq_mve_records *r, const struct mnq_layer *l, int32_t pixels, const void *x)
{
    const uint32_t stride = (uint32_t)l->oc << l->q.out16;
    int32_t j;

    r->l = l;
    r->run = table[mnq_mve_kind_of(l)][mnq_mve_outputs(l)];
    r->record = mnq_mve_record(l);
    r->w = (const uint8_t *)l->packed + MNQ_MVE_HEADER;
    r->even = r->w + (size_t)(l->oc / 2) * r->record;
    r->end = r->even + (l->oc % 2 != 0 ? r->record : 0);
    r->odd = (size_t)(l->oc - 2) << l->q.out16;
    r->pixels = pixels;
    r->b.x = x;
    r->b.vectors = mnq_mve_vectors(l);
    r->b.zp = l->q.zp;
    r->b.lo = l->q.lo;
    r->b.hi = l->q.hi;
    for (j = 0; j < 8; j++) {
        const int32_t pixel = j / 2 < pixels ? j / 2 : pixels - 1;
        r->b.at[j] = (uint16_t)(stride * (uint32_t)pixel + ((uint32_t)(j & 1) << l->q.out16));
    }
}

/* What outputs of all channels have in common: copies, which no store changes. */
struct ends {
    int32x4_t lo, hi;
    int32_t zp, one; /* one: 2^frac */
    int act;
};

/* acc by m and r: VQDMULH is floor(acc * m / 2^31). */
static inline int32x4_t requant(int32x4_t acc, int32_t m, int32_t r)
{
    if (r < 1) {
        acc = vqshlq_r_s32(acc, 1 - r);
        r = 1;
    }
    return vrshlq_n_s32(vqdmulhq_n_s32(acc, m), -r - 1);
}

/* The outputs of channel c of four pixels before they are stored. */
static inline int32x4_t finish(const struct mnq_requant_params *q, const struct ends *e, int32_t c, int32x4_t sum)
{
    int32x4_t y = requant(sum, q->mult[c], q->shift[c]);

    if (e->act != MNQ_A_CLAMP) {
        const int32x4_t t = vmovlbq_s16(vqmovnbq_s32(vreinterpretq_s16_s32(y), y));
        const int32x4_t u = vmaxq_s32(vminq_s32(vaddq_n_s32(t, 3 * e->one), vdupq_n_s32(6 * e->one)), vdupq_n_s32(0));
        y = requant(e->act == MNQ_A_HSWISH ? vmulq_s32(t, u) : u, q->mult2[c], q->shift2[c]);
    }
    return vmaxq_s32(vminq_s32(vaddq_n_s32(y, e->zp), e->hi), e->lo);
}

enum { RECORDS = 2 }; /* at a time */

/* All channels of outputs that are not made by block_mve.S: a clamp of their own, shifts below 1, h-swish, h-sigmoid. */
static MNQ_APART void run_sums(struct mnq_mve_records *r, void *out)
{
    const struct mnq_layer *const l = r->l;
    const struct mnq_requant_params *const q = &l->q;
    const struct ends e = {vdupq_n_s32(q->lo), vdupq_n_s32(q->hi), q->zp, (int32_t)((uint32_t)1 << q->frac), q->act};
    const uint32x4_t place = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)l->oc << q->out16);
    const mve_pred16_t p = vctp32q((uint32_t)r->pixels);
    const int32_t down = l->wtype == MNQ_W_S4 ? -MNQ_MVE_UP : 0, oc = l->oc, out16 = q->out16;
    int32_t sums[2 * RECORDS][4], o, c;

    r->b.w = r->w;
    for (o = 0; o < oc; o += 2 * RECORDS, r->b.w = r->b.w_end) {
        r->b.w_end = r->end - r->b.w > (int32_t)(RECORDS * r->record) ? r->b.w + RECORDS * r->record : r->end;
        r->b.out = sums;
        r->run(&r->b);
        for (c = 0; c < 2 * RECORDS && o + c < oc + oc % 2; c++) {
            const int32_t channel = o + (c | 1) < oc ? o + c : o + c - 1;
            const int32x4_t y = finish(q, &e, channel, vshlq_r_s32(vldrwq_s32(sums[c]), down));
            if (out16) vstrhq_scatter_offset_p_s32((int16_t *)out + channel, place, y, p);
            else vstrbq_scatter_offset_p_s32((int8_t *)out + channel, place, y, p);
        }
    }
}

void mnq_mve_records_run(struct mnq_mve_records *r, void *out)
{
    if (mnq_mve_outputs(r->l) == 2) {
        run_sums(r, out);
        return;
    }
    r->b.w = r->w;
    r->b.w_end = r->even;
    r->b.out = out;
    r->run(&r->b);
    if (r->even == r->end) return;
    r->b.w = r->even;
    r->b.w_end = r->end;
    r->b.out = (uint8_t *)out + r->odd;
    r->run(&r->b);
}
