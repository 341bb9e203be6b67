/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 3x3 on a Cortex-M, stride 1 and 2.
 *
 * Pixels are taken apart into rows of single channels, a few channels at a time, because SMLAD and SMLAL want neighbours of
 * one channel. A small tensor's rows are all kept and the outputs of a channel come from one call; of a large one, the three
 * rows of a window take turns. Shifts r < 1 multiply weights and bias by a power of two beforehand, if these have the room.
 */
#include "dwconv_dsp.h"

#include "cortexm/dsp.h"
#include "finish_dsp.h"
#include "variants.h"

/* Whether outputs are computed by mnq_output_plain() at all. */
#define SUMS ((MNQ_VARIANTS_DW & 0x888) != 0)

/* Everything for one call. */
struct job {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    struct mnq_dsp_channel *channel; /* [MNQ_DSP_CHANNELS] */
    mnq_dsp_cell *rows;              /* [channels][rows kept][pitch] */
    int32_t *sums;                   /* of one output row */
    struct mnq_dsp_dw_way way;
    size_t plane;        /* cells from channel to channel */
    int32_t plain;       /* bit j: channel j's outputs need mnq_output_plain() */
    int32_t reach;       /* columns of a place that windows reach */
    struct mnq_dsp_dw d; /* all that does not change from call to call */
};

/* Columns of padding at both sides of the places 0 .. rows - 1, those that windows reach. */
static void fill_edges(const struct job *job, int32_t c, int32_t rows)
{
    const struct mnq_layer *const l = job->l;
    const int32_t left = l->pl, lead = job->way.lead, right = lead + job->reach, pitch = (int32_t)job->way.pitch;
    int32_t j, i, x;

    for (j = 0; j < job->way.channels; j++) {
        const mnq_dsp_cell v = (mnq_dsp_cell)(l->pad[c + j] * job->way.pad);
        mnq_dsp_cell *const plane = job->rows + (size_t)j * job->plane, *p;
        for (x = lead; x < left; x++)
            for (i = rows, p = plane + x; i > 0; i--, p += pitch) *p = v;
        for (x = lead + left + l->w; x < right; x++)
            for (i = rows, p = plane + x; i > 0; i--, p += pitch) *p = v;
    }
}

/* Input row iy of the group's channels into place `slot`. */
static void take_row(const struct job *job, int32_t iy, int32_t c, int32_t slot)
{
    const struct mnq_layer *const l = job->l;
    mnq_dsp_cell *const to = job->rows + (size_t)slot * job->way.pitch;
    int32_t j;

    if (iy >= 0 && iy < l->h)
        job->way.take(to + l->pl, job->plane * sizeof *to,
                      (const uint8_t *)mnq_view_row(&job->band->in0, iy) + ((size_t)c << l->in16), (size_t)l->c << l->in16,
                      l->w, l->pad + c);
    else
        for (j = 0; j < job->way.channels; j++)
            mnq_dsp_fill(to + (size_t)j * job->plane, l->pad[c + j] * job->way.pad, job->way.pitch);
}

/*
 * Rows of outputs by way of job->sums: rows too short for four outputs, and outputs that want mnq_output_plain(). d: ready
 * for the first of n rows; first: number of its first output.
 */
static void one_by_one(const struct job *job, struct mnq_dsp_dw *d, int32_t c, int32_t n, int plain, size_t first)
{
    const struct mnq_layer *const l = job->l;
    const size_t step = job->way.pitch * (size_t)l->sh;
    int32_t x, i;

    d->out = job->sums;
    d->stride = plain ? 4 : (size_t)1 << l->q.out16;
    d->back_out = l->ow > 4 && l->ow % 4 != 0 ? (size_t)(4 - l->ow % 4) * d->stride : 0;
    d->rows = 1;
    for (; n > 0; n--) {
        (SUMS && plain ? job->way.sums : job->way.run)(d);
        if (SUMS && plain)
            mnq_dsp_finish(&l->q, c, job->sums, l->ow, (uint8_t *)job->band->out + (first << l->q.out16),
                           (size_t)l->oc << l->q.out16);
        for (x = 0; x < l->ow; x++, first += (size_t)l->oc) {
            if (SUMS && plain) continue;
            if (l->q.out16) ((int16_t *)job->band->out)[first] = ((const int16_t *)job->sums)[x];
            else ((int8_t *)job->band->out)[first] = ((const int8_t *)job->sums)[x];
        }
        for (i = 0; i < 3; i++) d->row[i] += step;
        d->end += step;
        d->stop += step;
    }
}

/*
 * Output rows y .. y + n - 1 of the band, of the group's channels. The window's rows at the first of them are in places
 * slot[0..2]; if n > 1, those of the next are sh places further.
 */
static void outputs(struct job *job, int32_t c, int32_t y, int32_t n, const int32_t slot[3])
{
    const struct mnq_layer *const l = job->l;
    const int32_t pitch = (int32_t)job->way.pitch, short_rows = l->ow < 4, mask = SUMS ? job->plain : 0;
    const mnq_dsp_cell *const rows = job->rows + job->way.lead, *const row0 = rows + slot[0] * pitch,
                              *const row1 = rows + slot[1] * pitch, *const row2 = rows + slot[2] * pitch;
    size_t at = 0, first = (size_t)(y * l->ow) * (size_t)l->oc + (size_t)c;
    struct mnq_dsp_dw *const d = &job->d;
    int32_t j;

    for (j = 0; j < job->way.channels; j++, at += job->plane, first++) {
        d->row[0] = row0 + at;
        d->row[1] = row1 + at;
        d->row[2] = row2 + at;
        d->channel = &job->channel[j];
        d->end = d->row[0] + d->full / sizeof **d->row;
        d->stop = d->row[0] + d->line / sizeof **d->row;
        if ((mask >> j & 1) != 0 || short_rows) {
            struct mnq_dsp_dw own = *d;
            one_by_one(job, &own, c + j, n, mask >> j & 1, first);
            continue;
        }
        d->rows = n;
        d->out = (uint8_t *)job->band->out + (first << l->q.out16);
        job->way.run(d);
    }
}

/* Fills in what all calls of dwconv3x3_dsp.S have in common. */
static void start(struct job *job)
{
    const struct mnq_layer *const l = job->l;
    const size_t s = (size_t)l->sw * sizeof(mnq_dsp_cell), ow = (size_t)(l->ow < 4 ? 4 : l->ow), back = ow % 4 != 0 ? 4 - ow % 4 : 0;
    struct mnq_dsp_dw *const d = &job->d;

    job->reach = (l->ow - 1) * l->sw + 3;
    d->full = ow / 4 * 4 * s;
    d->line = ow * s;
    d->back = back * s;
    d->skip = job->way.pitch * s - d->line;
    d->skip_out = 0;
    d->stride = (size_t)l->oc << l->q.out16;
    d->back_out = back * d->stride;
}

/* Channels c .. c + job->channels - 1 of the band. */
static void channels(struct job *job, int32_t c, int whole)
{
    const struct mnq_layer *const l = job->l;
    const int32_t n = job->band->n, places = whole ? (n - 1) * l->sh + 3 : 3;
    int32_t slot[3] = {0, 1, 2}, top = job->band->y * l->sh - l->pt, i, y;

    job->plain = mnq_dsp_channels_make(l, c, job->way.channels, job->channel);
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

void mnq_dwconv3x3_dsp(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t sums = (size_t)(l->ow < 4 ? 4 : l->ow) * 4;
    const size_t head = MNQ_DSP_CHANNELS * sizeof(struct mnq_dsp_channel) + sums;
    struct job job;
    size_t all;
    int32_t c, whole;

    job.l = l;
    job.band = band;
    mnq_dsp_dw_way_of(&job.way, l, mnq_dsp_clamp_of(&l->q));
    job.channel = (struct mnq_dsp_channel *)band->scratch;
    job.sums = (int32_t *)(void *)(job.channel + MNQ_DSP_CHANNELS);
    job.rows = (mnq_dsp_cell *)(void *)((uint8_t *)job.sums + sums);
    all = (size_t)((band->n - 1) * l->sh + 3) * job.way.pitch;
    whole = head + all * sizeof *job.rows * (size_t)job.way.channels <= band->scratch_bytes;
    job.plane = whole ? all : 3 * job.way.pitch;
    start(&job);
    for (c = 0; c < l->c; c += job.way.channels) {
        if (c > l->c - job.way.channels) c = l->c - job.way.channels; /* some are computed again */
        channels(&job, c, whole);
    }
}
