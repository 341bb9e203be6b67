/* SPDX-License-Identifier: Apache-2.0
 * Depthwise convolution on HVX: lanes are channels, and neighbouring pixels if there are few.
 *
 * Rows of the input are put into scratch as int16, with their padding, every sw-th column behind the other: then the inputs
 * of a tap follow one another for all outputs of a row. */
#include "hexagon/hvx.h"

#include "lanes_hvx.h"
#include "mnq_port.h"
#include "rows_hvx.h"

/* One call. */
struct job {
    const struct mnq_layer *l;
    struct mnq_hvx_rows rows;
    mnq_v *sums;         /* [2] */
    const uint8_t **tap; /* [kh * kw]: inputs of a row's first output */
    uint8_t *end;        /* of the band's output */
    int32_t taps, many;
};

/* Points the taps at the window of the rows' first output. */
static MNQ_APART void find_taps(const struct job *job)
{
    const struct mnq_layer *const l = job->l;
    const uint8_t **tap = job->tap;
    int32_t ky, kx;

    for (ky = 0; ky < l->kh; ky++) {
        const uint8_t *at = job->rows.rows[ky];
        int32_t phase = 0;
        for (kx = 0; kx < l->kw; kx++) {
            *tap++ = at + (size_t)phase * job->rows.columns;
            if (++phase == l->sw) phase = 0, at += (size_t)l->c * 2;
        }
    }
}

/* ---- outputs ---- */

/* A row of plain outputs of up to 64 channels, 3 x 3: weights stay in registers, which a call would not leave there. */
static MNQ_APART void row3x3(const struct job *job, uint8_t *out)
{
    const struct mnq_layer *const l = job->l;
    const uint8_t *const w = (const uint8_t *)l->packed + MNQ_HVX_HEADER, *const k = w + 9 * MNQ_HVX_BYTES;
    const int32_t lanes = mnq_hvx_step(l);
    int32_t left = l->ow * l->c, at = 0;
    const mnq_v w0 = v_load(w), w1 = v_load(w + 128), w2 = v_load(w + 256), w3 = v_load(w + 384), w4 = v_load(w + 512),
                w5 = v_load(w + 640), w6 = v_load(w + 768), w7 = v_load(w + 896), w8 = v_load(w + 1024);
    const uint8_t *const *const x = job->tap;

    for (; left > 0; left -= lanes, at += 2 * lanes, out += lanes << l->q.out16) {
        mnq_vv acc = v_mul_h(v_load(x[0] + at), w0);
        acc = v_mac_h(acc, v_load(x[1] + at), w1);
        acc = v_mac_h(acc, v_load(x[2] + at), w2);
        acc = v_mac_h(acc, v_load(x[3] + at), w3);
        acc = v_mac_h(acc, v_load(x[4] + at), w4);
        acc = v_mac_h(acc, v_load(x[5] + at), w5);
        acc = v_mac_h(acc, v_load(x[6] + at), w6);
        acc = v_mac_h(acc, v_load(x[7] + at), w7);
        acc = v_mac_h(acc, v_load(x[8] + at), w8);
        mnq_hvx_put(l, out, mnq_hvx_lanes(l, acc, k, 0, NULL), job->end);
    }
}

/* 64 sums of the record at w. */
MNQ_HVX_INLINE mnq_vv window(const struct job *job, const uint8_t *w, size_t at)
{
    const uint8_t *const *x = job->tap;
    mnq_vv acc = v_mul_h(v_load(*x + at), v_load(w));
    int32_t t;

    for (t = 1; t < job->taps; t++) {
        x++;
        w += MNQ_HVX_BYTES;
        acc = v_mac_h(acc, v_load(*x + at), v_load(w));
    }
    return acc;
}

/* A row of outputs. */
static MNQ_APART void row(const struct job *job, uint8_t *out)
{
    const struct mnq_layer *const l = job->l;
    const size_t numbers = (size_t)job->taps * MNQ_HVX_BYTES, record = mnq_hvx_lanes_record(l, job->many);
    const int32_t step = mnq_hvx_step(l), groups = mnq_hvx_lanes_records(l), out16 = l->q.out16;
    int32_t left = l->ow * l->c, g;
    size_t at = 0;

    for (; left > 0; left -= step, at += (size_t)step * 2, out += step << out16) {
        const uint8_t *w = (const uint8_t *)l->packed + MNQ_HVX_HEADER;
        for (g = 0; g < groups; g++, w += record) {
            const int32_t c = mnq_hvx_channel(l, g);
            const mnq_vv acc = window(job, w, at + (size_t)c * 2);
            mnq_hvx_put(l, out + (c << out16), mnq_hvx_lanes(l, acc, w + numbers, job->many, job->sums), job->end);
        }
    }
}

void mnq_dwconv_hvx(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t bytes = (size_t)(l->ow * l->oc) << l->q.out16;
    uint8_t *out = (uint8_t *)band->out, *at;
    struct job job;
    int32_t y, i;

    job.l = job.rows.l = l;
    job.rows.in = &band->in0;
    job.rows.copy = mnq_hvx_copier(l, 1);
    job.rows.columns = mnq_hvx_columns(l);
    job.rows.wide = 1;
    job.rows.phases = l->sw;
    job.many = *(const uint8_t *)l->packed;
    job.taps = l->kh * l->kw;
    job.end = out + (size_t)band->n * bytes;
    job.sums = (mnq_v *)mnq_hvx_aligned(band->scratch);
    job.tap = (const uint8_t **)(void *)(job.sums + 2);
    job.rows.rows = (uint8_t **)(void *)(job.tap + job.taps);
    at = (uint8_t *)(job.sums + 2) + mnq_hvx_pointers(l);
    for (i = 0; i < l->kh; i++, at += (size_t)l->sw * job.rows.columns) job.rows.rows[i] = at;
    for (y = 0; y < band->n; y++, out += bytes) {
        mnq_hvx_rows_take(&job.rows, band->y + y, y == 0);
        find_taps(&job);
        if (job.taps == 9 && !job.many && l->c <= MNQ_HVX_VALUES) row3x3(&job, out);
        else row(&job, out);
    }
}
