/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW on Helium: the inputs of four pixels as int16 side by side, then block_mve.S for all channels. The last four
 * pixels of a row may overlap those before them. */
#include "helium/mve.h"

#include "block_mve.h"
#include "generic/output.h"
#include "mnq_port.h"

#include <arm_mve.h>

/* One call. */
struct job {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    void (*take)(int16_t *to, const uint8_t *const from[4], int32_t n);
    int16_t *x;
    uint8_t *rows;      /* [4][kw * c]: rows of windows put together */
    int32_t pixels;     /* to write of four */
    size_t pixel, step; /* bytes of a pixel of the input, from window to window */
    mnq_mve_run_blocks *run;
    struct mnq_mve_block b;
};

static inline int16x8_t flip(uint16x8_t v)
{
    return vsubq_n_s16(vreinterpretq_s16_u16(v), 128);
}

/* A run of n inputs of each of four pixels, the rest of the last vectors 0. */
#define TAKE(name, type, load, rest)                                                                                        \
    static void name(int16_t *to, const uint8_t *const from[4], int32_t n)                                                  \
    {                                                                                                                       \
        const type *a = (const type *)(const void *)from[0], *b = (const type *)(const void *)from[1],                      \
                   *c = (const type *)(const void *)from[2], *d = (const type *)(const void *)from[3];                      \
        for (; n >= 8; n -= 8, to += 32, a += 8, b += 8, c += 8, d += 8) {                                                  \
            vst1q_s16(to, load(a));                                                                                         \
            vst1q_s16(to + 8, load(b));                                                                                     \
            vst1q_s16(to + 16, load(c));                                                                                    \
            vst1q_s16(to + 24, load(d));                                                                                    \
        }                                                                                                                   \
        if (n > 0) {                                                                                                        \
            const mve_pred16_t p = vctp16q((uint32_t)n);                                                                    \
            vst1q_s16(to, rest(a, p));                                                                                      \
            vst1q_s16(to + 8, rest(b, p));                                                                                  \
            vst1q_s16(to + 16, rest(c, p));                                                                                 \
            vst1q_s16(to + 24, rest(d, p));                                                                                 \
        }                                                                                                                   \
    }

#define LOAD_U8(p)    flip(vldrbq_u16(p))
#define REST_U8(p, m) flip(vldrbq_z_u16(p, m))
TAKE(take_s8, int8_t, vldrbq_s16, vldrbq_z_s16)
TAKE(take_u8, uint8_t, LOAD_U8, REST_U8)
TAKE(take_s16, int16_t, vldrhq_s16, vldrhq_z_s16)

/* All channels of outputs whose sums go through mnq_output_plain(). */
static void run_plain(struct job *job, void *out)
{
    const struct mnq_layer *const l = job->l;
    const size_t record = mnq_mve_record(l);
    int32_t sums[2][4], o, c, j;

    for (o = 0; o < l->oc; o += 2, job->b.w += record) {
        const int32_t first = o + 1 < l->oc ? o : o - 1;
        job->b.w_end = job->b.w + record;
        job->b.out = sums;
        job->run(&job->b);
        for (c = 0; c < 2; c++)
            for (j = 0; j < job->pixels; j++)
                mnq_output_plain(&l->q, out, (size_t)(j * l->oc + first + c), first + c, sums[c][j]);
    }
}

/* All channels of the pixels in x. */
static void run(struct job *job, void *out)
{
    const struct mnq_layer *const l = job->l;
    const uint8_t *const packed = (const uint8_t *)l->packed;
    const size_t record = mnq_mve_record(l);

    job->b.w = packed + MNQ_MVE_HEADER;
    if (packed[0] != 0) {
        run_plain(job, out);
        return;
    }
    job->b.out = out;
    job->b.w_end = job->b.w + (size_t)(l->oc / 2) * record;
    job->run(&job->b);
    if (l->oc % 2 == 0) return;
    job->b.w = job->b.w_end;
    job->b.w_end += record;
    job->b.out = (uint8_t *)out + ((size_t)(l->oc - 2) << l->q.out16);
    job->run(&job->b);
}

static void start(struct job *job, const struct mnq_layer *l, const struct mnq_band *band, int32_t pixels)
{
    static mnq_mve_run_blocks *const table[2][3] = {{mnq_mve_block8_s8, mnq_mve_block8_s16, mnq_mve_block8_sums},
                                                    {mnq_mve_block16_s8, mnq_mve_block16_s16, mnq_mve_block16_sums}};
    const uint32_t stride = (uint32_t)l->oc << l->q.out16;
    int32_t j;

    job->l = l;
    job->band = band;
    job->x = (int16_t *)band->scratch;
    job->pixel = (size_t)l->c << l->in16;
    job->step = job->pixel * l->sw;
    job->pixels = pixels < 4 ? pixels : 4;
    job->run = table[l->wtype == MNQ_W_S16][((const uint8_t *)l->packed)[0] != 0 ? 2 : l->q.out16];
    job->b.x = job->x;
    job->b.vectors = mnq_mve_runs(l) * mnq_mve_vectors(l);
    job->take = l->in16 ? take_s16 : l->in_flip ? take_u8 : take_s8;
    job->rows = (uint8_t *)(job->x + (size_t)job->b.vectors * 4 * MNQ_MVE_LANES);
    job->b.zp = l->q.zp;
    job->b.lo = l->q.lo;
    job->b.hi = l->q.hi;
    for (j = 0; j < 4; j++) job->b.at[j] = stride * (uint32_t)(j < job->pixels ? j : job->pixels - 1);
}

/* A row of the window that starts at column left, with padding, as the input stores it; from: the input's row, or NULL. */
static MNQ_APART void fill_row(const struct job *job, uint8_t *to, const uint8_t *from, int32_t left)
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

/* The windows of four outputs of row y, from column ox on. */
static void take_windows(const struct job *job, int32_t y, int32_t ox)
{
    const struct mnq_layer *const l = job->l;
    const int32_t n = mnq_mve_run(l), top = y * l->sh - l->pt, next = mnq_mve_vectors(l) * 4 * MNQ_MVE_LANES;
    const int32_t left = ox * l->sw - l->pl;
    const int inside = job->pixels == 4 && left >= 0 && left + 3 * l->sw + l->kw <= l->w;
    int16_t *to = job->x;
    int32_t ky, j;

    for (ky = 0; ky < l->kh; ky++, to += next) {
        const int32_t iy = top + ky;
        const uint8_t *const row = iy >= 0 && iy < l->h ? (const uint8_t *)mnq_view_row(&job->band->in0, iy) : NULL;
        const uint8_t *from[4];
        for (j = 0; j < 4 && inside && row != NULL; j++) from[j] = row + (size_t)left * job->pixel + (size_t)j * job->step;
        for (; j < 4; j++) {
            uint8_t *const own = job->rows + (((size_t)j * (size_t)n) << l->in16);
            fill_row(job, own, row, left + (j < job->pixels ? j : job->pixels - 1) * l->sw);
            from[j] = own;
        }
        job->take(to, from, n);
    }
}

static void conv(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t out_bytes = (size_t)l->oc << l->q.out16;
    struct job job;
    int32_t y, ox;

    start(&job, l, band, l->ow);
    for (y = 0; y < band->n; y++) {
        for (ox = 0; ox < l->ow; ox += 4) {
            if (ox + job.pixels > l->ow) ox = l->ow - job.pixels;
            take_windows(&job, band->y + y, ox);
            run(&job, (uint8_t *)band->out + (size_t)(y * l->ow + ox) * out_bytes);
        }
    }
}

static void pw(const struct mnq_layer *l, const struct mnq_band *band)
{
    const int32_t pixels = band->n * l->w;
    const size_t out_bytes = (size_t)l->oc << l->q.out16;
    struct job job;
    int32_t p, j;

    start(&job, l, band, pixels);
    for (p = 0; p < pixels; p += 4) {
        const uint8_t *from[4];
        if (p + job.pixels > pixels) p = pixels - job.pixels;
        from[0] = (const uint8_t *)band->in0.at + (size_t)p * job.pixel;
        for (j = 1; j < 4; j++) from[j] = j < job.pixels ? from[j - 1] + job.pixel : from[j - 1];
        job.take(job.x, from, l->c);
        run(&job, (uint8_t *)band->out + (size_t)p * out_bytes);
    }
}

void mnq_dot_mve(const struct mnq_layer *l, const struct mnq_band *band)
{
    if (l->op == MNQ_L_CONV) conv(l, band);
    else pw(l, band);
}
