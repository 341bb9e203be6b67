/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW on HVX: lanes are output channels, four pixels at a time share the weights that are loaded. */
#include "hexagon/hvx.h"

#include "finish_hvx.h"
#include "gather_hvx.h"
#include "mnq_port.h"
#include "rows_hvx.h"

/* One call. */
struct job {
    const struct mnq_layer *l;
    mnq_hvx_copy *copy;
    const int32_t *x[MNQ_HVX_PIXELS]; /* words of inputs of a block's pixels */
    int32_t less[MNQ_HVX_PIXELS];     /* int8: what 128 times the sum of the inputs is */
    mnq_v *sums;                      /* [MNQ_HVX_PIXELS] */
    uint8_t *inputs, *outputs;        /* of a block; outputs are put together there if there are several groups */
    uint8_t *end;                     /* of the band's output */
    size_t pixel, output;             /* bytes from pixel to pixel there */
    int32_t groups, words;
    int wide, many, straight; /* straight: inputs are used where they are */
    struct mnq_hvx_rows rows; /* CONV, of output row y; -1: of none yet */
    int32_t y;
    const int16_t *threshold; /* XNOR */
};

/* ---- inputs ---- */

/* 128 times the sum of a pixel's int8 inputs. */
static inline int32_t sum_of(const int32_t *x, int32_t words)
{
    const int32_t *const end = x + (words & ~1);
    int64_t sum = (words & 1) != 0 ? __builtin_HEXAGON_M5_vrmpybsu((int64_t)(uint32_t)*end, 0x0101010101010101) : 0;

    _Pragma("clang loop unroll(disable)") for (; x != end; x += 2) sum =
        __builtin_HEXAGON_M5_vrmacbsu(sum, (int64_t)x[1] << 32 | (uint32_t)x[0], 0x0101010101010101);
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

/* kh runs of `bytes` bytes, `at` bytes from the beginning of the window's rows, one behind the other. */
static inline void window(uint8_t *const *row, int32_t kh, uint8_t *to, size_t at, int32_t bytes)
{
    _Pragma("clang loop unroll(disable)") for (; kh > 0; kh--, to += bytes)
    {
        const uint8_t *const from = *row++ + at;
        int32_t i = 128;
        v_store(to, v_load(from));
        _Pragma("clang loop unroll(disable)") for (; i < bytes; i += 128) v_store(to + i, v_load(from + i));
    }
}

/* Points x at the inputs of n pixels of a CONV from (y, x) of the output on. */
static MNQ_APART void take_windows(struct job *job, int32_t y, int32_t x, int32_t n)
{
    const struct mnq_layer *const l = job->l;
    const int32_t kh = l->kh, bytes = l->kw * l->c << job->wide, step = l->sw * l->c << job->wide, words = job->words;
    const int wide = job->wide;
    uint8_t *to = job->inputs;
    int32_t i;

    for (i = 0; i < n; i++, to += job->pixel) {
        if (y != job->y) mnq_hvx_rows_take(&job->rows, y, job->y < 0);
        job->y = y;
        window(job->rows.rows, kh, to, (size_t)(x * step), bytes);
        job->x[i] = (const int32_t *)(void *)to;
        if (!wide) job->less[i] = sum_of(job->x[i], words);
        if (++x == l->ow) x = 0, y++;
    }
}

/* Points x at the inputs of n pixels of a PW from `from` on. */
static MNQ_APART void take_pixels(struct job *job, const uint8_t *from, int32_t n)
{
    const size_t bytes = (size_t)job->l->c << job->l->in16;
    uint8_t *to = job->inputs;
    int32_t i;

    if (job->straight && job->wide) {
        for (i = 0; i < n; i++, from += bytes) job->x[i] = (const int32_t *)(const void *)from;
        return;
    }
    for (i = 0; i < n; i++, from += bytes, to += job->pixel) {
        if (job->straight) {
            job->x[i] = (const int32_t *)(const void *)from;
        } else {
            job->x[i] = (const int32_t *)(void *)to;
            if (job->threshold != NULL) signs(to, from, job);
            else job->copy(to, from, job->l->c);
        }
        if (!job->wide) job->less[i] = sum_of(job->x[i], job->words);
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

/* Stores one pixel's outputs: all of the vector if there is room for it behind every pixel. */
MNQ_HVX_INLINE void store(uint8_t *to, mnq_v v, int room, const uint8_t *end)
{
    if (room) v_store(to, v);
    else v_store_before(to, v, end);
}

/* 32 sums of each of n pixels, in front of their zero point, to `to`, `step` bytes from pixel to pixel, and no byte from
 * `end` on; what is behind a pixel's outputs is written again later. */
MNQ_HVX_INLINE void put(const struct job *job, const mnq_v y[MNQ_HVX_PIXELS], uint8_t *to, size_t step, int32_t n,
                        const uint8_t *end)
{
    const struct mnq_requant_params *const q = &job->l->q;
    const int room = end - to >= (ptrdiff_t)(3 * step + MNQ_HVX_BYTES);
    mnq_v v;

    if (q->out16) {
        v = mnq_hvx_out16(y[1], y[0], q);
        store(to, v, room, end);
        if (n > 1) store(to + step, v_rotate(v, 64), room, end);
        if (n < 3) return;
        v = mnq_hvx_out16(y[3], y[2], q);
        store(to + 2 * step, v, room, end);
        if (n > 3) store(to + 3 * step, v_rotate(v, 64), room, end);
    } else {
        v = mnq_hvx_out8(y, q);
        store(to, v, room, end);
        if (n == 1 || (step == 32 && room)) return;
        store(to + step, v_rotate(v, 32), room, end);
        if (n > 2) store(to + 2 * step, v_rotate(v, 64), room, end);
        if (n > 3) store(to + 3 * step, v_rotate(v, 96), room, end);
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

/* Fills in what is the same for all blocks. */
static void start(struct job *job, const struct mnq_layer *l, const struct mnq_band *band)
{
    uint8_t *at;
    int32_t i;

    job->l = l;
    job->wide = mnq_hvx_wide(l);
    job->many = *(const uint8_t *)l->packed;
    job->copy = mnq_hvx_copier(l, job->wide);
    job->groups = mnq_hvx_groups(l);
    job->words = mnq_hvx_words(l);
    job->pixel = mnq_hvx_pixel(l);
    job->output = mnq_hvx_output(l);
    job->sums = (mnq_v *)mnq_hvx_aligned(band->scratch);
    job->inputs = (uint8_t *)(job->sums + MNQ_HVX_PIXELS);
    job->outputs = job->inputs + MNQ_HVX_PIXELS * job->pixel;
    job->threshold = NULL;
    job->straight = l->wtype != MNQ_W_XNOR && !l->in_flip && job->wide == l->in16 && (l->c << l->in16) % 4 == 0;
    if (l->wtype == MNQ_W_XNOR)
        job->threshold = (const int16_t *)(const void *)((const uint8_t *)l->packed + MNQ_HVX_HEADER +
                                                         (size_t)job->groups * mnq_hvx_record(l, job->many));
    if (l->op != MNQ_L_CONV) return;
    at = job->outputs + MNQ_HVX_PIXELS * job->output;
    job->y = -1;
    job->rows.l = l;
    job->rows.in = &band->in0;
    job->rows.copy = job->copy;
    job->rows.rows = (uint8_t **)(void *)at;
    job->rows.columns = mnq_hvx_columns(l);
    job->rows.wide = job->wide;
    job->rows.phases = 1;
    at += mnq_hvx_pointers(l);
    for (i = 0; i < l->kh; i++, at += job->rows.columns) job->rows.rows[i] = at;
}

void mnq_dot_hvx(const struct mnq_layer *l, const struct mnq_band *band)
{
    static void (*const runs[2][2])(const struct job *, uint8_t *, int32_t) = {{pixel8, block8}, {pixel16, block16}};
    const int32_t pixels = band->n * l->ow;
    const size_t bytes = (size_t)l->oc << l->q.out16, in_bytes = (size_t)l->c << l->in16;
    const uint8_t *in = (const uint8_t *)band->in0.at;
    uint8_t *out = (uint8_t *)band->out;
    struct job job;
    int32_t p, n, i, y = band->y, x = 0;

    start(&job, l, band);
    job.end = out + (size_t)pixels * bytes;
    for (p = 0; p < pixels; p += n, out += (size_t)n * bytes) {
        n = pixels - p < MNQ_HVX_PIXELS ? pixels - p : MNQ_HVX_PIXELS;
        if (l->op == MNQ_L_CONV) {
            take_windows(&job, y, x, n);
            for (i = 0; i < n; i++)
                if (++x == l->ow) x = 0, y++;
        } else {
            take_pixels(&job, in, n);
            in += (size_t)n * in_bytes;
        }
        for (i = n; i < MNQ_HVX_PIXELS; i++) { /* some are computed twice */
            job.x[i] = job.x[0];
            job.less[i] = job.less[0];
        }
        runs[job.wide][n > 1](&job, out, n);
    }
}
