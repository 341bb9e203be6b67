/* SPDX-License-Identifier: Apache-2.0
 * Depthwise 5x5 on a Cortex-M with the DSP extension, stride 1 and 2, any activation that is no curve.
 *
 * Pixels are taken apart into rows of single channels, a few channels at a time, because SMLAD wants neighbours of one
 * channel. As many rows are kept as scratch memory holds; those that the next outputs want again are taken apart again. */
#include "dwconv5x5_dsp.h"

#include "cortexm/dsp.h"
#include "dwconv_dsp.h"
#include "finish_dsp.h"

/* Everything for one call. */
struct job {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    int32_t *sums;       /* of one output row */
    uint32_t *w;         /* [5][4] */
    int16_t *rows;       /* [channels][kept][pitch] */
    size_t pitch, plane; /* values from row to row, from channel to channel */
    int32_t channels, kept;
};

static uint32_t tap(const struct mnq_layer *l, int32_t c, int32_t i)
{
    const size_t at = (size_t)(i * l->oc + c);

    return (uint16_t)(l->wtype == MNQ_W_S16 ? ((const int16_t *)l->weights)[at] : ((const int8_t *)l->weights)[at]);
}

static void take_taps(const struct mnq_layer *l, int32_t c, uint32_t *w)
{
    int32_t i;

    for (i = 0; i < 25; i += 5, w += 4) {
        const uint32_t a = tap(l, c, i), b = tap(l, c, i + 1), d = tap(l, c, i + 2), e = tap(l, c, i + 3);
        w[0] = a | b << 16;
        w[1] = d | e << 16;
        w[2] = b | d << 16;
        w[3] = e | tap(l, c, i + 4) << 16;
    }
}

/* Input row iy of channels c on into place `slot`, with padding. */
static void take_row(const struct job *job, int32_t iy, int32_t c, int32_t slot)
{
    const struct mnq_layer *const l = job->l;
    const int32_t reach = (l->ow - 1) * l->sw + 5;
    int16_t *to = job->rows + (size_t)slot * job->pitch;
    const int inside = iy >= 0 && iy < l->h;
    int32_t j, x;

    if (inside)
        mnq_dsp_planes_of(l)(to + l->pl, job->plane * 2,
                             (const uint8_t *)mnq_view_row(&job->band->in0, iy) + ((size_t)c << l->in16),
                             (size_t)l->c << l->in16, l->w, l->pad + c);
    for (j = 0; j < job->channels; j++, to += job->plane) {
        const int16_t v = l->pad[c + j];
        if (!inside) {
            mnq_dsp_fill(to, v, job->pitch);
            continue;
        }
        for (x = 0; x < l->pl; x++) to[x] = v;
        for (x = l->pl + l->w; x < reach; x++) to[x] = v;
    }
}

/* Output rows y .. y + n - 1 of channels c on, whose windows begin at every sh-th place. */
static void outputs(const struct job *job, int32_t c, int32_t y, int32_t n)
{
    const struct mnq_layer *const l = job->l;
    const size_t stride = (size_t)l->oc << l->q.out16;
    struct mnq_dsp_dw5 d;
    int32_t i, j;

    d.step = job->pitch * 2;
    d.sums = job->sums;
    d.groups = mnq_dsp_dw5_groups(l);
    d.w = job->w;
    for (j = 0; j < job->channels; j++) {
        uint8_t *out = (uint8_t *)job->band->out + (size_t)(y * l->ow) * stride + ((size_t)(c + j) << l->q.out16);
        take_taps(l, c + j, job->w);
        d.bias = l->q.bias[c + j];
        d.x = job->rows + (size_t)j * job->plane;
        for (i = 0; i < n; i++, out += (size_t)l->ow * stride) {
            (l->sw == 1 ? mnq_dsp_dw5_1 : mnq_dsp_dw5_2)(&d);
            mnq_dsp_finish(&l->q, c + j, job->sums, l->ow, out, stride);
            d.x += job->pitch * (size_t)l->sh;
        }
    }
}

/* Channels c on. */
static void channels(const struct job *job, int32_t c)
{
    const struct mnq_layer *const l = job->l;
    int32_t n = 1, y, i;

    while (n < job->band->n && n * l->sh + 5 <= job->kept) n++; /* rows of outputs at a time */
    for (y = 0; y < job->band->n; y += n) {
        const int32_t top = (job->band->y + y) * l->sh - l->pt;
        if (n > job->band->n - y) n = job->band->n - y;
        for (i = 0; i < (n - 1) * l->sh + 5; i++) take_row(job, top + i, c, i);
        outputs(job, c, y, n);
    }
}

void mnq_dwconv5x5_dsp(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t sums = (size_t)mnq_dsp_dw5_groups(l) * 16, head = sums + 80;
    const int32_t all = (band->n - 1) * l->sh + 5;
    struct job job;
    size_t row;
    int32_t c;

    job.l = l;
    job.band = band;
    job.channels = l->in16 ? 2 : 4;
    job.pitch = mnq_dsp_dw5_pitch(l);
    job.sums = (int32_t *)band->scratch;
    job.w = (uint32_t *)(void *)((uint8_t *)band->scratch + sums);
    job.rows = (int16_t *)(void *)((uint8_t *)band->scratch + head);
    row = job.pitch * 2 * (size_t)job.channels;
    for (job.kept = 5; job.kept < all && head + (size_t)(job.kept + 1) * row <= band->scratch_bytes;) job.kept++;
    job.plane = (size_t)job.kept * job.pitch;
    for (c = 0; c < l->c; c += job.channels) {
        if (c > l->c - job.channels) c = l->c - job.channels; /* some are computed again */
        channels(&job, c);
    }
}
