/* SPDX-License-Identifier: Apache-2.0
 * CONV on a Cortex-M with the DSP extension: windows of four neighbouring pixels, unpacked row by row of the window. Where a
 * window leaves the input, its row is put together first. */
#include "block_dsp.h"
#include "cortexm/dsp.h"
#include "mnq_port.h"

/* One call. */
struct job {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    mnq_dsp_gather *gather;
    uint32_t *x;
    size_t words; /* for a row of the window */
    uint8_t *rows;        /* [4][kw * c]: rows of windows put together */
    const uint8_t **from; /* [kh]: rows of the input, NULL outside */
    size_t pixel, step;   /* bytes of a pixel, from window to window */
    int32_t wanted;       /* outputs of four */
};

/* A row of the window that starts at column left, with padding, as the input stores it; from: the input's row, or NULL. */
static void fill_row(const struct job *job, uint8_t *to, const uint8_t *from, int32_t left)
{
    const struct mnq_layer *const l = job->l;
    int32_t kx, i;

    for (kx = 0; kx < l->kw; kx++, to += job->pixel) {
        const int32_t ix = left + kx;
        if (from != NULL && ix >= 0 && ix < l->w) memcpy(to, from + (size_t)ix * job->pixel, job->pixel);
        else if (l->in16)
            for (i = 0; i < l->c; i++) ((int16_t *)(void *)to)[i] = l->pad[i];
        else
            for (i = 0; i < l->c; i++) to[i] = (uint8_t)((uint8_t)l->pad[i] ^ l->in_flip);
    }
}

/* The windows of four outputs, the first of which starts at column left. */
static void take_windows(const struct job *job, int32_t left)
{
    const struct mnq_layer *const l = job->l;
    const int32_t run = mnq_dsp_run(l), columns = (job->wanted - 1) * l->sw + l->kw;
    const int inside = job->wanted == 4 && left >= 0 && left + columns <= l->w;
    const size_t row = (size_t)run << l->in16;
    uint32_t *to = job->x;
    int32_t ky, j;

    for (ky = 0; ky < l->kh; ky++, to += job->words) {
        const uint8_t *p[4];
        if (inside && job->from[ky] != NULL) {
            p[0] = job->from[ky] + (size_t)left * job->pixel;
            job->gather(to, p[0], p[0] + job->step, p[0] + 2 * job->step, p[0] + 3 * job->step, (size_t)run);
            continue;
        }
        for (j = 0; j < 4; j++) {
            const int32_t at = left + mnq_dsp_pixel(job->wanted, j) * l->sw;
            p[j] = job->rows + (size_t)j * row;
            if (job->from[ky] != NULL && at >= 0 && at + l->kw <= l->w) p[j] = job->from[ky] + (size_t)at * job->pixel;
            else fill_row(job, job->rows + (size_t)j * row, job->from[ky], at);
        }
        job->gather(to, p[0], p[1], p[2], p[3], (size_t)run);
    }
}

void mnq_conv_dsp(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t out_bytes = (size_t)l->oc << l->q.out16;
    struct mnq_dsp_blocks s;
    struct job job;
    int32_t y, ox, ky;

    job.l = l;
    job.band = band;
    job.x = (uint32_t *)band->scratch;
    job.wanted = l->ow < 4 ? l->ow : 4;
    mnq_dsp_blocks_start(&s, l, job.x, job.wanted);
    job.gather = s.gather;
    job.words = (size_t)((mnq_dsp_run(l) + 1) / 2) * s.words;
    job.from = (const uint8_t **)(void *)(job.x + (size_t)l->kh * job.words);
    job.rows = (uint8_t *)(job.from + l->kh);
    job.pixel = (size_t)l->c << l->in16;
    job.step = (size_t)l->sw * job.pixel;
    for (y = 0; y < band->n; y++) {
        const int32_t top = (band->y + y) * l->sh - l->pt;
        uint8_t *const out = (uint8_t *)band->out + (size_t)y * (size_t)l->ow * out_bytes;
        for (ky = 0; ky < l->kh; ky++)
            job.from[ky] = top + ky >= 0 && top + ky < l->h ? (const uint8_t *)mnq_view_row(&band->in0, top + ky) : NULL;
        for (ox = 0; ox < l->ow; ox += 4) {
            if (ox + 4 > l->ow && l->ow >= 4) ox = l->ow - 4;
            take_windows(&job, ox * l->sw - l->pl);
            mnq_dsp_blocks_run(&s, out + (size_t)ox * out_bytes);
        }
    }
}
