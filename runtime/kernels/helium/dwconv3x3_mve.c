/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 3x3 on Helium, stride 1 and 2, at least 8 channels.
 *
 * Pixels are taken apart into rows of single channels, 8 channels at a time: four neighbouring outputs of a channel then
 * share its taps, which VMLA wants in registers. A small tensor's rows are all kept and the outputs of a channel come from
 * one call; of a large one, the three rows of a window take turns. */
#include "helium/mve.h"

#include "dw3x3_mve.h"
#include "generic/output.h"
#include "mnq_port.h"

/* Everything for one call. */
struct job {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    struct mnq_mve_channel *channel; /* [MNQ_MVE_CHANNELS] */
    int16_t *rows;                   /* [channels][rows kept][pitch] */
    int32_t *sums;                   /* of one output row */
    size_t pitch, plane;             /* values from row to row, from channel to channel */
    int32_t plain;                   /* bit j: channel j's outputs need mnq_output_plain() */
    struct mnq_mve_dw d;             /* all that does not change from call to call */
};

/* Fills in channel c. return 1 if its outputs need mnq_output_plain() */
static int make_channel(const struct mnq_layer *l, int32_t c, struct mnq_mve_channel *k)
{
    const int32_t r = l->q.shift[c], zp = l->q.zp;
    const int plain = l->q.act != MNQ_A_CLAMP || r < 1 || r > (zp != 0 ? 23 : 31);
    int32_t i;

    for (i = 0; i < 9; i++) {
        const size_t at = (size_t)(i * l->oc + c);
        k->w[i] = l->wtype == MNQ_W_S16 ? ((const int16_t *)l->weights)[at] : ((const int8_t *)l->weights)[at];
    }
    k->bias = l->q.bias[c];
    k->m = l->q.mult[c];
    k->round = plain ? 0 : (int32_t)((uint32_t)(2 * zp + 1) << (r - 1));
    k->down = -r;
    return plain;
}

/* Columns of padding at both sides of the places 0 .. rows - 1, those that windows reach. */
static void fill_edges(const struct job *job, int32_t c, int32_t rows)
{
    const struct mnq_layer *const l = job->l;
    const int32_t right = (l->ow - 1) * l->sw + 3;
    int32_t j, i, x;

    for (j = 0; j < MNQ_MVE_CHANNELS; j++) {
        int16_t *p = job->rows + (size_t)j * job->plane;
        for (i = 0; i < rows; i++, p += job->pitch) {
            for (x = 0; x < l->pl; x++) p[x] = l->pad[c + j];
            for (x = l->pl + l->w; x < right; x++) p[x] = l->pad[c + j];
        }
    }
}

/* Input row iy of the group's channels into place `slot`. */
static void take_row(const struct job *job, int32_t iy, int32_t c, int32_t slot)
{
    const struct mnq_layer *const l = job->l;
    int16_t *to = job->rows + (size_t)slot * job->pitch;
    int32_t j, x;

    if (iy >= 0 && iy < l->h) {
        (l->in16 ? mnq_mve_planes_s16 : mnq_mve_planes_s8)(
            to + l->pl, job->plane * 2, (const uint8_t *)mnq_view_row(&job->band->in0, iy) + ((size_t)c << l->in16),
            (size_t)l->c << l->in16, l->w);
        return;
    }
    for (j = 0; j < MNQ_MVE_CHANNELS; j++, to += job->plane)
        for (x = 0; x < (int32_t)job->pitch; x++) to[x] = l->pad[c + j];
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

/*
 * Output rows y .. y + n - 1 of the band, of the group's channels. The window's rows at the first of them are in places
 * slot[0..2]; if n > 1, those of the next are sh places further.
 */
static void outputs(struct job *job, int32_t c, int32_t y, int32_t n, const int32_t slot[3])
{
    const struct mnq_layer *const l = job->l;
    const size_t step = job->pitch * (size_t)l->sh;
    /* Of short rows four outputs reach into the next ones, which come later; of the last rows, over the end. */
    const int32_t over = l->ow >= 4 ? 0 : l->ow == 1 ? 3 : 1, left = job->band->n - y - over;
    const int32_t last = left < 0 ? n : left < n ? n - left : 0;
    size_t first = (size_t)(y * l->ow) * (size_t)l->oc + (size_t)c;
    struct mnq_mve_dw *const d = &job->d;
    int32_t i, j;

    for (j = 0; j < MNQ_MVE_CHANNELS; j++, first++) {
        const int plain = job->plain >> j & 1;
        for (i = 0; i < 3; i++) d->row[i] = job->rows + (size_t)j * job->plane + (size_t)slot[i] * job->pitch;
        d->channel = &job->channel[j];
        d->rows = plain ? 0 : n - last;
        d->out = (uint8_t *)job->band->out + (first << l->q.out16);
        if (d->rows > 0) rows_of(l, l->q.out16)(d);
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
    d->groups = ow >> 2;
    d->rest = back != 0;
    d->back = back * s * 2;
    d->back_out = back * (int32_t)stride;
    d->skip = ((int32_t)job->pitch - ow) * s * 2;
    d->lo = l->q.lo;
    d->hi = l->q.hi;
}

/* Channels c .. c + 7 of the band. */
static void channels(struct job *job, int32_t c, int whole)
{
    const struct mnq_layer *const l = job->l;
    const int32_t n = job->band->n, places = whole ? (n - 1) * l->sh + 3 : 3;
    const int full = l->q.out16 || (l->q.lo == -128 && l->q.hi == 127);
    int32_t slot[3] = {0, 1, 2}, top = job->band->y * l->sh - l->pt, i, y;

    job->plain = 0;
    for (i = 0; i < MNQ_MVE_CHANNELS; i++) job->plain |= (make_channel(l, c + i, &job->channel[i]) || !full) << i;
    fill_edges(job, c, places);
    for (i = 0; i < places; i++) take_row(job, top + i, c, i);
    outputs(job, c, 0, whole ? n : 1, slot);
    for (y = 1; y < n && !whole; y++) {
        for (i = 0; i < l->sh; i++) { /* the oldest row makes way */
            const int32_t oldest = slot[0];
            slot[0] = slot[1];
            slot[1] = slot[2];
            slot[2] = oldest;
            take_row(job, top + y * l->sh + 3 - l->sh + i, c, oldest);
        }
        outputs(job, c, y, 1, slot);
    }
}

void mnq_dwconv3x3_mve(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t sums = (size_t)(l->ow < 4 ? 4 : l->ow) * 4;
    const size_t head = MNQ_MVE_CHANNELS * sizeof(struct mnq_mve_channel) + sums;
    struct job job;
    size_t all;
    int32_t c, whole;

    job.l = l;
    job.band = band;
    job.pitch = mnq_mve_dw_pitch(l);
    job.channel = (struct mnq_mve_channel *)band->scratch;
    job.sums = (int32_t *)(void *)(job.channel + MNQ_MVE_CHANNELS);
    job.rows = (int16_t *)(void *)((uint8_t *)job.sums + sums);
    all = (size_t)((band->n - 1) * l->sh + 3) * job.pitch;
    whole = head + all * 2 * MNQ_MVE_CHANNELS <= band->scratch_bytes && all <= 4096;
    job.plane = whole ? all : 3 * job.pitch;
    start(&job);
    for (c = 0; c < l->c; c += MNQ_MVE_CHANNELS) {
        if (c > l->c - MNQ_MVE_CHANNELS) c = l->c - MNQ_MVE_CHANNELS; /* some are computed again */
        channels(&job, c, whole);
    }
}
