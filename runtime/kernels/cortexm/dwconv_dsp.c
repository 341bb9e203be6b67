/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 3x3 on a Cortex-M with the DSP extension, stride 1 and 2.
 *
 * Pixels are taken apart into rows of single channels, a few channels at a time, because SMLAD wants neighbours of one
 * channel. A small tensor's rows are all kept and the outputs of a channel come from one call; of a large one, the three
 * rows of a window take turns. Shifts r < 1 multiply weights and bias by a power of two beforehand, if these have the room.
 */
#include "dwconv_dsp.h"

#include "cortexm/dsp.h"
#include "generic/output.h"

/* Everything for one call. */
struct job {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    struct mnq_dsp_channel *channel; /* [MNQ_DSP_CHANNELS] */
    int16_t *rows;                   /* [channels][rows kept][pitch] */
    int32_t *sums;                   /* of one output row */
    mnq_dsp_planes *take;
    size_t pitch, plane; /* values from row to row, from channel to channel */
    enum mnq_dsp_clamp clamp;
    int32_t channels, plain; /* at a time; bit j: channel j's outputs need mnq_output_store() */
    mnq_dsp_dw_rows *run;
    struct mnq_dsp_dw d; /* all that does not change from call to call */
};

/* `rows` rows of padding from place `slot` on. */
static void fill_rows(const struct job *job, int32_t c, int32_t slot, int32_t rows)
{
    int32_t j;

    for (j = 0; j < job->channels; j++)
        mnq_dsp_fill(job->rows + (size_t)j * job->plane + (size_t)slot * job->pitch, job->l->pad[c + j],
                     (size_t)rows * job->pitch);
}

/* Input row iy of the group's channels into place `slot`, whose padding stands; fresh: so does a row that is all padding. */
static void take_row(const struct job *job, int32_t iy, int32_t c, int32_t slot, int fresh)
{
    const struct mnq_layer *const l = job->l;

    if (iy >= 0 && iy < l->h)
        job->take(job->rows + (size_t)slot * job->pitch + l->pl, job->plane * 2,
                  (const uint8_t *)mnq_view_row(&job->band->in0, iy) + ((size_t)c << l->in16), (size_t)l->c << l->in16,
                  l->w);
    else if (!fresh) fill_rows(job, c, slot, 1);
}

static mnq_dsp_dw_rows *rows_of(const struct mnq_layer *l, enum mnq_dsp_clamp clamp)
{
    static mnq_dsp_dw_rows *const table[2][4] = {{mnq_dsp_dw1_s8, mnq_dsp_dw1_u13, mnq_dsp_dw1_s14, mnq_dsp_dw1_sums},
                                                 {mnq_dsp_dw2_s8, mnq_dsp_dw2_u13, mnq_dsp_dw2_s14, mnq_dsp_dw2_sums}};

    return table[l->sw - 1][clamp];
}

/*
 * Rows of outputs by way of job->sums: rows too short for four outputs, and outputs that want mnq_output_store(). d: ready
 * for the first of n rows; first: number of its first output.
 */
static void one_by_one(const struct job *job, struct mnq_dsp_dw *d, int32_t c, int32_t n, int plain, size_t first)
{
    const struct mnq_layer *const l = job->l;
    const size_t step = job->pitch * (size_t)l->sh;
    int32_t x, i;

    d->out = job->sums;
    d->stride = plain ? 4 : (size_t)1 << l->q.out16;
    d->back_out = l->ow > 4 && l->ow % 4 != 0 ? (size_t)(4 - l->ow % 4) * d->stride : 0;
    d->rows = 1;
    for (; n > 0; n--) {
        rows_of(l, plain ? MNQ_DSP_SUMS : job->clamp)(d);
        for (x = 0; x < l->ow; x++, first += (size_t)l->oc) {
            if (plain) mnq_output_store(&l->q, job->band->out, first, c, job->sums[x]);
            else if (l->q.out16) ((int16_t *)job->band->out)[first] = ((const int16_t *)job->sums)[x];
            else ((int8_t *)job->band->out)[first] = ((const int8_t *)job->sums)[x];
        }
        for (i = 0; i < 3; i++) d->row[i] += step;
        d->end += step;
        d->stop += step;
    }
}

/*
 * Output rows y .. y + n - 1 of the band, of channel c, the group's j-th. The window's rows at the first of them are in
 * places slot[0..2]; if n > 1, those of the next are sh places further.
 */
static void outputs(struct job *job, int32_t c, int32_t j, int32_t y, int32_t n, const int32_t slot[3])
{
    const struct mnq_layer *const l = job->l;
    const int16_t *const rows = job->rows + (size_t)j * job->plane;
    const size_t first = (size_t)(y * l->ow) * (size_t)l->oc + (size_t)c;
    struct mnq_dsp_dw *const d = &job->d;

    d->row[0] = rows + (size_t)slot[0] * job->pitch;
    d->row[1] = rows + (size_t)slot[1] * job->pitch;
    d->row[2] = rows + (size_t)slot[2] * job->pitch;
    d->channel = &job->channel[j];
    d->end = d->row[0] + d->full / 2;
    d->stop = d->row[0] + d->line / 2;
    if ((job->plain >> j & 1) != 0 || l->ow < 4) {
        struct mnq_dsp_dw own = *d;
        one_by_one(job, &own, c, n, job->plain >> j & 1, first);
        return;
    }
    d->rows = n;
    d->out = (uint8_t *)job->band->out + (first << l->q.out16);
    job->run(d);
}

/* Fills in what all calls of dwconv3x3_dsp.S have in common. */
static void start(struct job *job)
{
    const struct mnq_layer *const l = job->l;
    const size_t s = (size_t)l->sw, ow = (size_t)(l->ow < 4 ? 4 : l->ow), back = ow % 4 != 0 ? 4 - ow % 4 : 0;
    struct mnq_dsp_dw *const d = &job->d;

    job->run = rows_of(l, job->clamp);
    d->full = ow / 4 * 8 * s;
    d->line = ow * 2 * s;
    d->back = back * 2 * s;
    d->skip = job->pitch * s * 2 - d->line;
    d->skip_out = 0;
    d->stride = (size_t)l->oc << l->q.out16;
    d->back_out = back * d->stride;
}

/* Channels c .. c + job->channels - 1 of the band. */
static void channels(struct job *job, int32_t c, int whole)
{
    const struct mnq_layer *const l = job->l;
    const int32_t n = job->band->n;
    int32_t slot[3] = {0, 1, 2}, top = job->band->y * l->sh - l->pt, i, j, y;

    job->plain = 0;
    for (j = 0; j < job->channels; j++) job->plain |= mnq_dsp_channel_make(l, c + j, &job->channel[j]) << j;
    fill_rows(job, c, 0, whole ? (n - 1) * l->sh + 3 : 3);
    if (whole) {
        for (i = 0; i < (n - 1) * l->sh + 3; i++) take_row(job, top + i, c, i, 1);
        for (j = 0; j < job->channels; j++) outputs(job, c + j, j, 0, n, slot);
        return;
    }
    for (i = 0; i < 3; i++) take_row(job, top + i, c, i, 1);
    for (y = 0; y < n; y++) {
        for (i = 0; y > 0 && i < l->sh; i++) { /* the oldest row makes way */
            const int32_t oldest = slot[0];
            slot[0] = slot[1];
            slot[1] = slot[2];
            slot[2] = oldest;
            take_row(job, top + y * l->sh + 3 - l->sh + i, c, oldest, 0);
        }
        for (j = 0; j < job->channels; j++) outputs(job, c + j, j, y, 1, slot);
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
    job.channels = l->in16 ? 2 : 4;
    job.take = l->in16 ? mnq_dsp_planes_s16 : mnq_dsp_planes_s8;
    job.clamp = mnq_dsp_clamp_of(&l->q);
    job.pitch = mnq_dsp_dw_pitch(l);
    job.channel = (struct mnq_dsp_channel *)band->scratch;
    job.sums = (int32_t *)(void *)(job.channel + MNQ_DSP_CHANNELS);
    job.rows = (int16_t *)(void *)((uint8_t *)job.sums + sums);
    all = (size_t)((band->n - 1) * l->sh + 3) * job.pitch;
    whole = head + all * 2 * (size_t)job.channels <= band->scratch_bytes;
    job.plane = whole ? all : 3 * job.pitch;
    start(&job);
    for (c = 0; c < l->c; c += job.channels) {
        if (c > l->c - job.channels) c = l->c - job.channels; /* some are computed again */
        channels(&job, c, whole);
    }
}
