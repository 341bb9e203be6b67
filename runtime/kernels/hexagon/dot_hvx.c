/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW on HVX: lanes are output channels, four pixels at a time share the weights that are loaded. */
#include "hexagon/hvx.h"

#include "finish_hvx.h"
#include "gather_hvx.h"
#include "mnq_port.h"

/* One call. */
struct job {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    mnq_hvx_copy *copy;
    const int32_t *x[MNQ_HVX_PIXELS]; /* words of inputs of a block's pixels */
    int32_t less[MNQ_HVX_PIXELS];     /* int8: what 128 times the sum of the inputs is */
    mnq_v *sums;                      /* [MNQ_HVX_PIXELS] */
    uint8_t *inputs, *outputs;        /* of a block; outputs are put together there if there are several groups */
    uint8_t *end;                     /* of the band's output */
    size_t pixel, output;             /* bytes from pixel to pixel there */
    int32_t groups, words;
    int wide, many;
    const int16_t *threshold; /* XNOR */
};

/* ---- inputs ---- */

/* 128 times the sum of a pixel's int8 inputs. */
static inline int32_t sum_of(const int32_t *x, int32_t words)
{
    int64_t sum = 0;

    for (; words > 1; words -= 2, x += 2)
        sum = __builtin_HEXAGON_M5_vrmacbsu(sum, (int64_t)x[1] << 32 | (uint32_t)x[0], 0x0101010101010101);
    if (words > 0) sum = __builtin_HEXAGON_M5_vrmacbsu(sum, (int64_t)(uint32_t)x[0], 0x0101010101010101);
    return 128 * ((int32_t)sum + (int32_t)(sum >> 32));
}

/* n activations as +-64, by their thresholds. */
static MNQ_APART void signs(uint8_t *to, const uint8_t *from, const struct job *job)
{
    const int in16 = job->l->in16;
    const mnq_v flip = v_splat_b(job->l->in_flip), up = v_splat_h(64), down = v_splat_h(-64);
    const int16_t *threshold = job->threshold;
    int32_t n = job->l->c;

    for (; n > 0; n -= 128, to += 128, from += 128 << in16, threshold += 128) {
        mnq_v low, high, t0 = v_load_some(threshold, n < 64 ? 2 * n : 128), t1 = t0;
        if (n > 64) t1 = v_load_some(threshold + 64, n < 128 ? 2 * n - 128 : 128);
        if (in16) {
            low = v_load_some(from, n < 64 ? 2 * n : 128);
            high = n > 64 ? v_load_some(from + 128, n < 128 ? 2 * n - 128 : 128) : low;
        } else {
            const mnq_vv x = v_unpack_b(v_xor(v_load_some(from, n < 128 ? n : 128), flip));
            low = v_low(x);
            high = v_high(x);
        }
        v_store(to, v_pack_h_sat(v_where_greater_h(t1, high, down, up), v_where_greater_h(t0, low, down, up)));
    }
}

/* Padding of the columns kx of one row of a window. */
static uint8_t *pad_columns(const struct job *job, uint8_t *to, int32_t columns)
{
    const struct mnq_layer *const l = job->l;
    mnq_hvx_copy *const copy = job->wide ? mnq_hvx_widen_8 : mnq_hvx_copy_8;

    for (; columns > 0; columns--, to += (size_t)l->c << job->wide) copy(to, (const uint8_t *)l->pad, l->c);
    return to;
}

/* The window of output pixel (y, x) one row behind the other. */
static void window(const struct job *job, uint8_t *to, int32_t y, int32_t x)
{
    const struct mnq_layer *const l = job->l;
    const int32_t left = x * l->sw - l->pl, top = y * l->sh - l->pt;
    const int32_t x0 = left >= 0 ? 0 : left < -l->kw ? l->kw : -left;
    const int32_t x1 = l->w - left >= l->kw ? l->kw : l->w - left <= x0 ? x0 : l->w - left;
    int32_t ky;

    for (ky = 0; ky < l->kh; ky++) {
        const int32_t iy = top + ky;
        if (iy < 0 || iy >= l->h || x0 == x1) {
            to = pad_columns(job, to, l->kw);
            continue;
        }
        if (x0 > 0) to = pad_columns(job, to, x0);
        job->copy(to, (const uint8_t *)mnq_view_row(&job->band->in0, iy) + ((size_t)((left + x0) * l->c) << l->in16),
                  (x1 - x0) * l->c);
        to += (size_t)((x1 - x0) * l->c) << job->wide;
        if (x1 < l->kw) to = pad_columns(job, to, l->kw - x1);
    }
}

/* Points x at the inputs of n pixels from number p of the band on, which is (y, x) of the output. */
static MNQ_APART void take(struct job *job, int32_t p, int32_t y, int32_t x, int32_t n)
{
    const struct mnq_layer *const l = job->l;
    const size_t bytes = (size_t)l->c << l->in16;
    const int plain = l->op == MNQ_L_PW && bytes % 4 == 0 && !l->in_flip && job->wide == l->in16 && job->threshold == NULL;
    const uint8_t *from = (const uint8_t *)job->band->in0.at + (size_t)p * bytes;
    uint8_t *to = job->inputs;
    int32_t i;

    for (i = 0; i < n; i++, from += bytes, to += job->pixel) {
        if (plain) {
            job->x[i] = (const int32_t *)(const void *)from;
        } else {
            job->x[i] = (const int32_t *)(void *)to;
            if (job->threshold != NULL) signs(to, from, job);
            else if (l->op == MNQ_L_PW) job->copy(to, from, l->c);
            else window(job, to, y, x);
        }
        if (!job->wide) job->less[i] = sum_of(job->x[i], job->words);
        if (++x == l->ow) x = 0, y++;
    }
    for (; i < MNQ_HVX_PIXELS; i++) { /* some are computed twice */
        job->x[i] = job->x[0];
        job->less[i] = job->less[0];
    }
}

/* ---- sums ---- */

/* Sums of a record's 32 channels for `pixels` pixels. */
MNQ_HVX_INLINE void multiply(const struct job *job, mnq_v sum[MNQ_HVX_PIXELS], const uint8_t *w, int wide, int32_t pixels)
{
    const int32_t *a = job->x[0], *b = job->x[1], *c = job->x[2], *d = job->x[3];
    const mnq_v bias = v_load(w + (size_t)job->words * MNQ_HVX_BYTES);
    int32_t i;

    for (i = 0; i < pixels; i++) sum[i] = wide ? bias : v_sub_w(bias, v_splat_w(job->less[i]));
    for (i = job->words; i > 0; i--, w += MNQ_HVX_BYTES) {
        const mnq_v v = v_load(w);
        if (wide) {
            sum[0] = v_dot2(sum[0], v, *a++);
            if (pixels == 1) continue;
            sum[1] = v_dot2(sum[1], v, *b++);
            sum[2] = v_dot2(sum[2], v, *c++);
            sum[3] = v_dot2(sum[3], v, *d++);
        } else {
            sum[0] = v_dot4(sum[0], v, *a++);
            if (pixels == 1) continue;
            sum[1] = v_dot4(sum[1], v, *b++);
            sum[2] = v_dot4(sum[2], v, *c++);
            sum[3] = v_dot4(sum[3], v, *d++);
        }
    }
}

/* ---- outputs ---- */

/* 32 sums of each of n pixels, in front of their zero point, to `to`, `step` bytes from pixel to pixel, and no byte from
 * `end` on; what is behind a pixel's outputs is written again later. */
MNQ_HVX_INLINE void put(const struct job *job, const mnq_v y[MNQ_HVX_PIXELS], uint8_t *to, size_t step, int32_t n,
                        const uint8_t *end)
{
    const struct mnq_requant_params *const q = &job->l->q;
    int32_t i;

    if (q->out16) {
        mnq_v v = mnq_hvx_out16(y[1], y[0], q);
        for (i = 0; i < n; i++, to += step) {
            if (i == 2) v = mnq_hvx_out16(y[3], y[2], q);
            v_store_before(to, v, end);
            v = v_rotate(v, 64);
        }
    } else {
        mnq_v v = mnq_hvx_out8(y, q);
        if (step == 32 && n == MNQ_HVX_PIXELS) {
            v_store_before(to, v, end);
            return;
        }
        for (i = 0; i < n; i++, to += step) {
            v_store_before(to, v, end);
            v = v_rotate(v, 32);
        }
    }
}

/* The pixels' outputs of one record. */
MNQ_HVX_INLINE void record(const struct job *job, const uint8_t *w, int wide, int32_t pixels, uint8_t *to, size_t step,
                           int32_t n, const uint8_t *end)
{
    const uint8_t *const k = w + (size_t)job->words * MNQ_HVX_BYTES;
    mnq_v y[MNQ_HVX_PIXELS];
    int32_t i;

    multiply(job, y, w, wide, pixels);
    if (job->many) {
        for (i = 0; i < pixels; i++) job->sums[i] = y[i];
        mnq_hvx_finish(job->sums, pixels, job->l, k, MNQ_HVX_BYTES);
        for (i = 0; i < pixels; i++) y[i] = job->sums[i];
    } else {
        const mnq_v m = mnq_hvx_number(k, MNQ_HVX_BYTES, MNQ_HVX_M), round = mnq_hvx_number(k, MNQ_HVX_BYTES, MNQ_HVX_ROUND),
                    shift = mnq_hvx_number(k, MNQ_HVX_BYTES, MNQ_HVX_SHIFT);
        for (i = 0; i < pixels; i++) y[i] = mnq_hvx_scale(y[i], m, round, shift);
    }
    for (i = pixels; i < MNQ_HVX_PIXELS; i++) y[i] = y[0];
    put(job, y, to, step, n, end);
}

/* All outputs of a block of n pixels; the first is at `out`. */
MNQ_HVX_INLINE void block(const struct job *job, uint8_t *out, int wide, int32_t pixels, int32_t n)
{
    const struct mnq_layer *const l = job->l;
    const size_t bytes = (size_t)l->oc << l->q.out16, size = mnq_hvx_record(l, job->many);
    const uint8_t *w = (const uint8_t *)l->packed + MNQ_HVX_HEADER;
    const int straight = job->groups == 1 || n == 1; /* what is behind is written later */
    uint8_t *to = straight ? out : job->outputs;
    int32_t g, i;

    for (g = 0; g < job->groups; g++, w += size, to += (size_t)MNQ_HVX_LANES << l->q.out16)
        record(job, w, wide, pixels, to, straight ? bytes : job->output, n,
               straight ? job->end : to + job->output * MNQ_HVX_PIXELS);
    for (i = 0; i < n && !straight; i++) {
        const uint8_t *from = job->outputs + (size_t)i * job->output;
        int32_t left = (int32_t)bytes;
        for (; left > 0; left -= 128, out += 128, from += 128) v_store_before(out, v_load_aligned(from), job->end);
        out += left;
    }
}

static MNQ_APART void block8(const struct job *job, uint8_t *out, int32_t n)
{
    block(job, out, 0, MNQ_HVX_PIXELS, n);
}

static MNQ_APART void block16(const struct job *job, uint8_t *out, int32_t n)
{
    block(job, out, 1, MNQ_HVX_PIXELS, n);
}

static MNQ_APART void pixel8(const struct job *job, uint8_t *out, int32_t n)
{
    block(job, out, 0, 1, n);
}

static MNQ_APART void pixel16(const struct job *job, uint8_t *out, int32_t n)
{
    block(job, out, 1, 1, n);
}

void mnq_dot_hvx(const struct mnq_layer *l, const struct mnq_band *band)
{
    static void (*const runs[2][2])(const struct job *, uint8_t *, int32_t) = {{pixel8, block8}, {pixel16, block16}};
    const int32_t pixels = band->n * l->ow;
    const size_t bytes = (size_t)l->oc << l->q.out16;
    uint8_t *out = (uint8_t *)band->out;
    struct job job;
    int32_t p, n, y = band->y, x = 0;

    job.l = l;
    job.band = band;
    job.wide = mnq_hvx_wide(l);
    job.many = *(const uint8_t *)l->packed;
    job.copy = mnq_hvx_copier(l, job.wide);
    job.groups = mnq_hvx_groups(l);
    job.words = mnq_hvx_words(l);
    job.pixel = mnq_hvx_pixel(l);
    job.output = mnq_hvx_output(l);
    job.sums = (mnq_v *)mnq_hvx_aligned(band->scratch);
    job.inputs = (uint8_t *)(job.sums + MNQ_HVX_PIXELS);
    job.outputs = job.inputs + MNQ_HVX_PIXELS * job.pixel;
    job.end = out + (size_t)pixels * bytes;
    job.threshold = NULL;
    if (l->wtype == MNQ_W_XNOR)
        job.threshold = (const int16_t *)(const void *)((const uint8_t *)l->packed + MNQ_HVX_HEADER +
                                                        (size_t)job.groups * mnq_hvx_record(l, job.many));
    for (p = 0; p < pixels; p += n, out += (size_t)n * bytes) {
        n = pixels - p < MNQ_HVX_PIXELS ? pixels - p : MNQ_HVX_PIXELS;
        take(&job, p, y, x, n);
        runs[job.wide][n > 1](&job, out, n);
        for (x += n; x >= l->ow; x -= l->ow) y++;
    }
}
