/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW on Helium: the inputs of four pixels as int16 side by side, then block_mve.S for all channels. The last four
 * pixels of a row may overlap those before them. */
#include "helium/mve.h"

#include "mnq_port.h"
#include "records_mve.h"

#include <arm_mve.h>

/* One call. */
struct job {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    void (*take)(int16_t *to, const uint8_t *const from[4], int32_t n);
    void (*ragged)(int16_t *to, const uint8_t *const from[4], int32_t n, const uint16_t *at);
    int16_t *x;
    uint16_t *at;           /* [runs][vectors of a run][8]: places of their values in x, in bytes; NULL: none is ragged */
    uint8_t *rows;          /* [4][kw * c]: rows of windows put together */
    const uint8_t **window; /* [kh]: rows of the input */
    int32_t n, run_vectors; /* of a run */
    size_t pixel, step;     /* bytes of a pixel of the input, from window to window */
    struct mnq_mve_records r;
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

/* The same, a run that begins in the middle of a vector: at has the places of its vectors; what is written behind its end
 * the next run writes again. */
#define TAKE_RAGGED(name, type, load, rest)                                                                                 \
    static void name(int16_t *to, const uint8_t *const from[4], int32_t n, const uint16_t *at)                              \
    {                                                                                                                       \
        const type *a = (const type *)(const void *)from[0], *b = (const type *)(const void *)from[1],                      \
                   *c = (const type *)(const void *)from[2], *d = (const type *)(const void *)from[3];                      \
        for (; n > 0; n -= 8, at += 8, a += 8, b += 8, c += 8, d += 8) {                                                    \
            const uint16x8_t places = vldrhq_u16(at);                                                                       \
            const mve_pred16_t p = vctp16q((uint32_t)n);                                                                    \
            vstrhq_scatter_offset_s16(to, places, rest(a, p));                                                              \
            vstrhq_scatter_offset_s16(to + 8, places, rest(b, p));                                                          \
            vstrhq_scatter_offset_s16(to + 16, places, rest(c, p));                                                         \
            vstrhq_scatter_offset_s16(to + 24, places, rest(d, p));                                                         \
        }                                                                                                                   \
    }

#define LOAD_U8(p)    flip(vldrbq_u16(p))
#define REST_U8(p, m) flip(vldrbq_z_u16(p, m))
TAKE(take_s8, int8_t, vldrbq_s16, vldrbq_z_s16)
TAKE(take_u8, uint8_t, LOAD_U8, REST_U8)
TAKE(take_s16, int16_t, vldrhq_s16, vldrhq_z_s16)

/* The same as int8, 16 to a vector. */
#define TAKE_BYTES(name, load, rest)                                                                                        \
    static void name(int16_t *to, const uint8_t *const from[4], int32_t n)                                                  \
    {                                                                                                                       \
        const uint8_t *a = from[0], *b = from[1], *c = from[2], *d = from[3];                                               \
        for (; n >= 16; n -= 16, to += 32, a += 16, b += 16, c += 16, d += 16) {                                            \
            vst1q_u8((uint8_t *)to, load(a));                                                                               \
            vst1q_u8((uint8_t *)(to + 8), load(b));                                                                         \
            vst1q_u8((uint8_t *)(to + 16), load(c));                                                                        \
            vst1q_u8((uint8_t *)(to + 24), load(d));                                                                        \
        }                                                                                                                   \
        if (n > 0) {                                                                                                        \
            const mve_pred16_t p = vctp8q((uint32_t)n);                                                                     \
            vst1q_u8((uint8_t *)to, rest(a, p));                                                                            \
            vst1q_u8((uint8_t *)(to + 8), rest(b, p));                                                                      \
            vst1q_u8((uint8_t *)(to + 16), rest(c, p));                                                                     \
            vst1q_u8((uint8_t *)(to + 24), rest(d, p));                                                                     \
        }                                                                                                                   \
    }
#define FLIP_U8(p)      veorq_u8(vld1q_u8(p), vdupq_n_u8(0x80))
#define FLIP_Z_U8(p, m) veorq_u8(vldrbq_z_u8(p, m), vdupq_n_u8(0x80))
TAKE_BYTES(bytes_s8, vld1q_u8, vldrbq_z_u8)
TAKE_BYTES(bytes_u8, FLIP_U8, FLIP_Z_U8)

TAKE_RAGGED(ragged_s8, int8_t, vldrbq_s16, vldrbq_z_s16)
TAKE_RAGGED(ragged_u8, uint8_t, LOAD_U8, REST_U8)
TAKE_RAGGED(ragged_s16, int16_t, vldrhq_s16, vldrhq_z_s16)

/* The places of ragged runs' values in x. */
static MNQ_APART void find_places(const struct mnq_layer *l, uint16_t *at)
{
    const int32_t values = mnq_mve_run_vectors(l) * MNQ_MVE_LANES, run = mnq_mve_run(l);
    int32_t i, k;

    for (i = 0; i < l->kh; i++)
        for (k = 0; k < values; k++, at++)
            *at = (uint16_t)((i * run + k) / MNQ_MVE_LANES * 64 + (i * run + k) % MNQ_MVE_LANES * 2);
}

static void start(struct job *job, const struct mnq_layer *l, const struct mnq_band *band, int32_t pixels)
{
    const int32_t vectors = mnq_mve_vectors(l);

    job->l = l;
    job->band = band;
    job->window = (const uint8_t **)band->scratch;
    job->x = (int16_t *)(void *)(job->window + (l->op == MNQ_L_CONV ? mnq_mve_rows_kept(l) : 0));
    job->pixel = (size_t)l->c << l->in16;
    job->step = job->pixel * l->sw;
    mnq_mve_records_begin(&job->r, l, pixels < 4 ? pixels : 4, job->x);
    job->take = l->in16 ? take_s16 : l->in_flip ? take_u8 : take_s8;
    if (mnq_mve_lanes(l) == 16) job->take = l->in_flip ? bytes_u8 : bytes_s8;
    job->ragged = l->in16 ? ragged_s16 : l->in_flip ? ragged_u8 : ragged_s8;
    job->rows = (uint8_t *)(job->x + (size_t)vectors * 4 * MNQ_MVE_LANES);
    job->n = mnq_mve_run(l);
    job->run_vectors = mnq_mve_run_vectors(l);
    job->at = NULL;
    if (mnq_mve_ragged(l)) {
        job->at = (uint16_t *)(void *)(job->rows + 4 * MNQ_MVE_LANES * 2);
        find_places(l, job->at);
        job->rows = (uint8_t *)(job->at + (size_t)(l->kh * mnq_mve_run_vectors(l)) * MNQ_MVE_LANES);
    }
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

/* Row ky of four windows, the first of which starts at column left; row: NULL outside. */
static MNQ_APART void mend(const struct job *job, const uint8_t *row, int32_t left, const uint8_t *from[4])
{
    const struct mnq_layer *const l = job->l;
    const size_t bytes = (size_t)mnq_mve_run(l) << l->in16;
    int32_t j;

    for (j = 0; j < 4; j++) {
        const int32_t x = left + (j < job->r.pixels ? j : job->r.pixels - 1) * l->sw;
        uint8_t *const own = job->rows + (size_t)j * bytes;
        from[j] = own;
        if (row != NULL && x >= 0 && x + l->kw <= l->w) from[j] = row + (size_t)x * job->pixel;
        else fill_row(job, own, row, x);
    }
}

/* The windows of four outputs from column ox on; rows: of the input, NULL outside. */
static void take_windows(const struct job *job, const uint8_t *const *rows, int32_t ox)
{
    const struct mnq_layer *const l = job->l;
    const int32_t n = job->n, vectors = job->run_vectors, kh = l->kh, left = ox * l->sw - l->pl;
    const int inside = job->r.pixels == 4 && left >= 0 && left + 3 * l->sw + l->kw <= l->w;
    const size_t first = (size_t)left * job->pixel, step = job->step;
    int16_t *to = job->x;
    const uint16_t *at = job->at;
    int32_t ky;

    for (ky = 0; ky < kh; ky++) {
        const uint8_t *const row = rows[ky];
        const uint8_t *from[4];
        if (inside && row != NULL) {
            from[0] = row + first;
            from[1] = from[0] + step;
            from[2] = from[1] + step;
            from[3] = from[2] + step;
        } else {
            mend(job, row, left, from);
        }
        if (at != NULL) {
            job->ragged(to, from, n, at);
            at += vectors * MNQ_MVE_LANES;
        } else {
            job->take(to, from, n);
            to += vectors * 32;
        }
    }
}

static void conv(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t out_bytes = (size_t)l->oc << l->q.out16;
    struct job job;
    const uint8_t **rows;
    int32_t y, ox, ky;

    start(&job, l, band, l->ow);
    rows = job.window;
    for (y = 0; y < band->n; y++) {
        for (ky = 0; ky < l->kh; ky++) {
            const int32_t iy = (band->y + y) * l->sh - l->pt + ky;
            rows[ky] = iy >= 0 && iy < l->h ? (const uint8_t *)mnq_view_row(&band->in0, iy) : NULL;
        }
        for (ox = 0; ox < l->ow; ox += 4) {
            if (ox + job.r.pixels > l->ow) ox = l->ow - job.r.pixels;
            take_windows(&job, rows, ox);
            mnq_mve_records_run(&job.r, (uint8_t *)band->out + (size_t)(y * l->ow + ox) * out_bytes);
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
        if (p + job.r.pixels > pixels) p = pixels - job.r.pixels;
        from[0] = (const uint8_t *)band->in0.at + (size_t)p * job.pixel;
        for (j = 1; j < 4; j++) from[j] = j < job.r.pixels ? from[j - 1] + job.pixel : from[j - 1];
        job.take(job.x, from, l->c);
        mnq_mve_records_run(&job.r, (uint8_t *)band->out + (size_t)p * out_bytes);
    }
}

void mnq_dot_mve(const struct mnq_layer *l, const struct mnq_band *band)
{
    if (l->op == MNQ_L_CONV) conv(l, band);
    else pw(l, band);
}
