/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 3x3 on Helium, stride 1 and 2.
 *
 * Pixels are taken apart into rows of single channels, 8 channels at a time: four neighbouring outputs of a channel then
 * share its taps, which VMLA wants in registers. A small tensor's rows are all kept and the outputs of a channel come from
 * one call; of a large one, the three rows of a window take turns. */
#include "helium/mve.h"

#include "dw3x3_mve.h"
#include "generic/output.h"
#include "mnq_port.h"

#include <arm_mve.h>

/* Everything for one call. */
struct job {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    struct mnq_mve_channel *channel; /* [MNQ_MVE_CHANNELS] */
    int16_t *rows;                   /* [channels][rows kept][pitch] */
    int32_t *sums;                   /* of one output row */
    size_t pitch, plane;             /* values from row to row, from channel to channel */
    mnq_mve_dw_rows *run;
    int32_t channels;    /* of a group: 8, or all */
    int32_t kept;        /* rows */
    int32_t plain;       /* bit j: channel j's outputs need mnq_output_plain() */
    struct mnq_mve_dw d; /* all that does not change from call to call */
};

/* Fills in channels c .. c + 3, as many as there are. return bit j set if channel j's outputs need mnq_output_plain() */
static MNQ_APART int make_channels(const struct mnq_layer *l, int32_t c, struct mnq_mve_channel *k)
{
    const uint32x4_t place = vmulq_n_u32(vidupq_n_u32(0, 1), sizeof *k);
    const mve_pred16_t p = vctp32q((uint32_t)(l->c - c));
    const int32x4_t r = vldrbq_z_s32(l->q.shift + c, p), up = vdupq_n_s32(2 * l->q.zp + 1);
    const int32_t most = l->q.zp != 0 ? 23 : 31;
    const uint32_t bits = vcmpltq_n_s32(r, 1) | (uint32_t)vcmpgtq_n_s32(r, most); /* four of a channel */
    const int wide = l->wtype == MNQ_W_S16;
    const int8_t *bytes = (const int8_t *)l->weights + c;
    const int16_t *words = (const int16_t *)l->weights + c;
    int32_t i;

    for (i = 0; i < 9; i++, bytes += l->oc, words += l->oc)
        vstrwq_scatter_offset_s32(&k->w[i], place, wide ? vldrhq_z_s32(words, p) : vldrbq_z_s32(bytes, p));
    vstrwq_scatter_offset_s32(&k->bias, place, vldrwq_z_s32(l->q.bias + c, p));
    vstrwq_scatter_offset_s32(&k->m, place, vldrwq_z_s32(l->q.mult + c, p));
    vstrwq_scatter_offset_s32(&k->round, place, vshlq_s32(up, vsubq_n_s32(r, 1)));
    vstrwq_scatter_offset_s32(&k->down, place, vnegq_s32(r));
    return (int)((bits & 1) | (bits >> 3 & 2) | (bits >> 6 & 4) | (bits >> 9 & 8));
}

/* n pixels of the group's channels, int8 or int16, into the rows from `to` on. */
static inline void take(const struct job *job, int wide, int16_t *to, const void *from, size_t pixel, int32_t n)
{
    const size_t plane = job->plane * 2;

    if (job->channels < MNQ_MVE_CHANNELS)
        (wide ? mnq_mve_few_s16 : mnq_mve_few_s8)(to, plane, from, pixel, n, job->channels);
    else (wide ? mnq_mve_planes_s16 : mnq_mve_planes_s8)(to, plane, from, pixel, n);
}

/* Padding of channels c on into n columns from `to` on. */
static void fill(const struct job *job, int16_t *to, int32_t c, int32_t n)
{
    if (n > 0) take(job, 0, to, job->l->pad + c, 0, n);
}

/* Input row iy of the group's channels into place `slot`. */
static MNQ_APART void take_row(const struct job *job, int32_t iy, int32_t c, int32_t slot)
{
    const struct mnq_layer *const l = job->l;
    const int32_t reach = (l->ow - 1) * l->sw + 3;
    int16_t *const to = job->rows + (size_t)slot * job->pitch;
    const uint8_t *from;

    if (iy < 0 || iy >= l->h) {
        fill(job, to, c, reach);
        return;
    }
    from = (const uint8_t *)mnq_view_row(&job->band->in0, iy) + ((size_t)c << l->in16);
    fill(job, to, c, l->pl);
    take(job, l->in16, to + l->pl, from, (size_t)l->c << l->in16, l->w);
    fill(job, to + l->pl + l->w, c, reach - l->pl - l->w);
}

/* kind 0: int8, 1: int16, 2: sums. An int8 output whose clamp is not that of its type has sums. */
static mnq_mve_dw_rows *rows_of(const struct mnq_layer *l, int kind)
{
    static mnq_mve_dw_rows *const table[2][3] = {{mnq_mve_dw1_s8, mnq_mve_dw1_s16, mnq_mve_dw1_sums},
                                                 {mnq_mve_dw2_s8, mnq_mve_dw2_s16, mnq_mve_dw2_sums}};

    return table[l->sw - 1][kind];
}

/* n rows of outputs by way of job->sums; d is ready for the first, whose first output has number `first`. */
static MNQ_APART void one_by_one(const struct job *job, const struct mnq_mve_dw *from, int32_t c, int32_t n, size_t first)
{
    const struct mnq_layer *const l = job->l;
    const size_t step = job->pitch * (size_t)l->sh;
    struct mnq_mve_dw d = *from;
    struct mnq_mve_channel raw = *d.channel;
    int32_t x, i;

    d.channel = &raw;
    d.out = job->sums;
    d.rows = 1;
    d.back_out = d.back_out != 0 ? (4 - l->ow % 4) * 4 : 0;
    for (i = 0; i < 4; i++) {
        d.offset[i] = (uint32_t)i * 4;
        d.four[i] = 16;
    }
    for (; n > 0; n--) {
        rows_of(l, 2)(&d);
        for (x = 0; x < l->ow; x++, first += (size_t)l->oc) mnq_output_plain(&l->q, job->band->out, first, c, job->sums[x]);
        for (i = 0; i < 3; i++) d.row[i] += step;
    }
}

/* n rows of outputs of a group none of whose channels needs another way; at: of its first output, row: of its first window.
 */
static MNQ_APART void all(struct job *job, const int16_t *const row[3], int32_t n, uint8_t *at)
{
    const int16_t *r0 = row[0], *r1 = row[1], *r2 = row[2];
    const size_t plane = job->plane, bytes = (size_t)1 << job->l->q.out16;
    const struct mnq_mve_channel *channel = job->channel, *const end = channel + job->channels;
    mnq_mve_dw_rows *const run = job->run;
    struct mnq_mve_dw *const d = &job->d;

    d->rows = n;
    for (; channel != end; channel++, at += bytes, r0 += plane, r1 += plane, r2 += plane) {
        d->row[0] = r0;
        d->row[1] = r1;
        d->row[2] = r2;
        d->channel = channel;
        d->out = at;
        run(d);
    }
}

/*
 * Output rows y .. y + n - 1 of the band, of the group's channels. The window's rows at the first of them are in places
 * slot[0..2]; if n > 1, those of the next are sh places further.
 */
static MNQ_APART void outputs(struct job *job, int32_t c, int32_t y, int32_t n, const int32_t slot[3])
{
    const struct mnq_layer *const l = job->l;
    const size_t step = job->pitch * (size_t)l->sh;
    /* Of short rows four outputs reach into the next ones, which come later; of the last rows, over the end. */
    const int32_t over = l->ow >= 4 ? 0 : l->ow == 1 ? 3 : 1, left = job->band->n - y - over;
    const int32_t last = left < 0 ? n : left < n ? n - left : 0;
    size_t first = (size_t)(y * l->ow) * (size_t)l->oc + (size_t)c;
    struct mnq_mve_dw *const d = &job->d;
    const int16_t *row[3];
    int32_t i, j;

    for (i = 0; i < 3; i++) row[i] = job->rows + (size_t)slot[i] * job->pitch;
    if (job->plain == 0 && last == 0) {
        all(job, row, n, (uint8_t *)job->band->out + (first << l->q.out16));
        return;
    }
    for (j = 0; j < job->channels; j++, first++) {
        const int plain = job->plain >> j & 1;
        d->row[0] = row[0];
        d->row[1] = row[1];
        d->row[2] = row[2];
        row[0] += job->plane;
        row[1] += job->plane;
        row[2] += job->plane;
        d->channel = &job->channel[j];
        d->rows = plain ? 0 : n - last;
        d->out = (uint8_t *)job->band->out + (first << l->q.out16);
        if (d->rows > 0) job->run(d);
        if (!plain && !last) continue;
        for (i = 0; i < 3; i++) d->row[i] += (size_t)d->rows * step;
        one_by_one(job, d, c + j, n - d->rows, first + (size_t)d->rows * (size_t)l->ow * (size_t)l->oc);
    }
}

/* Fills in what all calls of dw3x3_mve.S have in common. */
static void start(struct job *job)
{
    const struct mnq_layer *const l = job->l;
    const int32_t ow = l->ow < 4 ? 4 : l->ow, s = l->sw, back = ow % 4 != 0 ? 4 - ow % 4 : 0;
    const uint32_t stride = (uint32_t)l->oc << l->q.out16;
    struct mnq_mve_dw *const d = &job->d;
    int32_t i;

    for (i = 0; i < 4; i++) {
        d->offset[i] = (uint32_t)i * stride;
        d->four[i] = (uint32_t)(l->ow < 4 ? l->ow : 4) * stride;
    }
    job->run = rows_of(l, l->q.out16);
    d->groups = ow >> 2;
    d->rest = back != 0;
    d->back = back * s * 2;
    d->back_out = back * (int32_t)stride;
    d->skip = ((int32_t)job->pitch - ow) * s * 2;
    d->lo = l->q.lo;
    d->hi = l->q.hi;
}

/* The band's channels from c on, a group of them. */
static void channels(struct job *job, int32_t c)
{
    const struct mnq_layer *const l = job->l;
    const int full = l->q.out16 || (l->q.lo == -128 && l->q.hi == 127);
    int32_t slot[3] = {0, 1, 2}, y = 0, kept = 0, i, n;

    job->plain = 0;
    for (i = 0; i < job->channels; i += 4) job->plain |= make_channels(l, c + i, &job->channel[i]) << i;
    if (!full || l->q.act != MNQ_A_CLAMP) job->plain = (1 << MNQ_MVE_CHANNELS) - 1;
    for (n = 1; n * l->sh + 3 <= job->kept && n < job->band->n;) n++; /* rows of outputs at a time */
    for (; y < job->band->n; y += n) {
        const int32_t top = (job->band->y + y) * l->sh - l->pt;
        if (n > job->band->n - y) n = job->band->n - y;
        for (i = kept; i < (n - 1) * l->sh + 3; i++) take_row(job, top + i, c, i < 3 ? slot[i] : i);
        outputs(job, c, y, n, slot);
        if (job->kept > 3) continue;
        kept = 3 - l->sh;
        for (i = 0; i < l->sh; i++) { /* the oldest row makes way */
            const int32_t oldest = slot[0];
            slot[0] = slot[1];
            slot[1] = slot[2];
            slot[2] = oldest;
        }
    }
}

void mnq_dwconv3x3_mve(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t sums = (size_t)(l->ow < 4 ? 4 : l->ow) * 4;
    const size_t head = MNQ_MVE_CHANNELS * sizeof(struct mnq_mve_channel) + sums;
    const int32_t all = (band->n - 1) * l->sh + 3;
    struct job job;
    size_t row;
    int32_t c;

    job.l = l;
    job.band = band;
    job.channels = l->c < MNQ_MVE_CHANNELS ? l->c : MNQ_MVE_CHANNELS;
    job.pitch = mnq_mve_dw_pitch(l);
    job.channel = (struct mnq_mve_channel *)band->scratch;
    job.sums = (int32_t *)(void *)(job.channel + MNQ_MVE_CHANNELS);
    job.rows = (int16_t *)(void *)((uint8_t *)job.sums + sums);
    row = job.pitch * 2 * MNQ_MVE_CHANNELS;
    for (job.kept = 3; job.kept < all && (job.kept + 1) * (int32_t)job.pitch <= 4681;) { /* 16 bits reach all planes */
        if (head + (size_t)(job.kept + 1) * row > band->scratch_bytes) break;
        job.kept++;
    }
    job.plane = (size_t)job.kept * job.pitch;
    start(&job);
    for (c = 0; c < l->c; c += MNQ_MVE_CHANNELS) {
        if (c > l->c - job.channels) c = l->c - job.channels; /* some are computed again */
        channels(&job, c);
    }
}
