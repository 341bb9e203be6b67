/* SPDX-License-Identifier: Apache-2.0
 * DWCONV on Helium: vectors of 8 channels. The taps of a window are found once a pixel and used for all channels; padding is
 * a pixel of its own.
 *
 * VMULLB and VMULLT give products of the channels with even and odd numbers, which stay apart up to the clamp; VMOVNT brings
 * them together. */
#include "helium/mve.h"

#include "mnq_port.h"
#include "requant_mve.h"

/* One call. */
struct job {
    const struct mnq_layer *l;
    const uint8_t **x; /* [taps]: pixels of a window; weights of tap t are at t * oc */
    uint8_t *pad;      /* a pixel of padding, as the input stores it */
    int32_t taps;
    int rising; /* shifts below 1 occur */
};

/* Every second value of 8 channels, the first of which is at p, widened; with m as far as there are channels. */
#define WORDS(p, m)      vldrwq_gather_shifted_offset_s32(p, vidupq_n_u32(0, 2))
#define BYTES(p, m)      vldrbq_gather_offset_s32(p, vidupq_n_u32(0, 2))
#define WORDS_REST(p, m) vldrwq_gather_shifted_offset_z_s32(p, vidupq_n_u32(0, 2), m)
#define BYTES_REST(p, m) vldrbq_gather_offset_z_s32(p, vidupq_n_u32(0, 2), m)

/* Four outputs, of channels c, c + 2, ... */
#define OUTPUT(name, words, bytes)                                                                                          \
    static inline int32x4_t name(const struct mnq_requant_params *q, int32_t c, int32x4_t acc, mve_pred16_t m, int rising)  \
    {                                                                                                                       \
        int32x4_t y = mnq_mve_requant(acc, words(q->mult + c, m), bytes(q->shift + c, m), rising);                          \
        (void)m;                                                                                                            \
        if (q->act != MNQ_A_CLAMP)                                                                                          \
            y = mnq_mve_requant(mnq_mve_gate(q, y), words(q->mult2 + c, m), bytes(q->shift2 + c, m), 1);                    \
        return mnq_mve_clamp(q, y);                                                                                         \
    }
OUTPUT(output, WORDS, BYTES)
OUTPUT(output_rest, WORDS_REST, BYTES_REST)

/* The outputs of 8 channels side by side. */
static inline int16x8_t together(int32x4_t even, int32x4_t odd)
{
    return vmovntq_s32(vreinterpretq_s16_s32(even), odd);
}

/* All channels of a pixel; at: bytes from the taps to it. */
#define PIXEL(name, input, weight, load_x, load_w, rest_x, rest_w)                                                          \
    static void name(const struct job *job, void *out, size_t at)                                                           \
    {                                                                                                                       \
        const struct mnq_requant_params *const q = &job->l->q;                                                              \
        const int32_t channels = job->l->c, taps = job->taps, rising = job->rising;                                         \
        int32_t c, t;                                                                                                       \
        for (c = 0; c + 8 <= channels; c += 8, at += 8 * sizeof(input)) {                                                   \
            const weight *w = (const weight *)job->l->weights + c;                                                          \
            const uint8_t *const *x = job->x;                                                                               \
            int32x4_t a = WORDS(q->bias + c, 0), b = WORDS(q->bias + c + 1, 0);                                             \
            for (t = taps; t > 0; t--, w += channels) {                                                                     \
                const int16x8_t u = load_x((const input *)(const void *)(*x++ + at)), v = load_w(w);                        \
                a = vaddq_s32(a, vmullbq_int_s16(u, v));                                                                    \
                b = vaddq_s32(b, vmulltq_int_s16(u, v));                                                                    \
            }                                                                                                               \
            a = output(q, c, a, 0, rising);                                                                                 \
            b = output(q, c + 1, b, 0, rising);                                                                             \
            if (q->out16) vstrhq_s16((int16_t *)out + c, together(a, b));                                                   \
            else vstrbq_s16((int8_t *)out + c, together(a, b));                                                             \
        }                                                                                                                   \
        if (c < channels) {                                                                                                 \
            const int32_t left = channels - c;                                                                              \
            const mve_pred16_t p = vctp16q((uint32_t)left), even = vctp32q((uint32_t)(left + 1) / 2),                       \
                               odd = vctp32q((uint32_t)left / 2);                                                           \
            const weight *w = (const weight *)job->l->weights + c;                                                          \
            int32x4_t a = WORDS_REST(q->bias + c, even), b = WORDS_REST(q->bias + c + 1, odd);                              \
            for (t = 0; t < taps; t++, w += channels) {                                                                     \
                const int16x8_t u = rest_x((const input *)(const void *)(job->x[t] + at), p), v = rest_w(w, p);             \
                a = vaddq_s32(a, vmullbq_int_s16(u, v));                                                                    \
                b = vaddq_s32(b, vmulltq_int_s16(u, v));                                                                    \
            }                                                                                                               \
            a = output_rest(q, c, a, even, rising);                                                                         \
            b = output_rest(q, c + 1, b, odd, rising);                                                                      \
            if (q->out16) vstrhq_p_s16((int16_t *)out + c, together(a, b), p);                                              \
            else vstrbq_p_s16((int8_t *)out + c, together(a, b), p);                                                        \
        }                                                                                                                   \
    }

PIXEL(pixel_8_8, int8_t, int8_t, vldrbq_s16, vldrbq_s16, vldrbq_z_s16, vldrbq_z_s16)
PIXEL(pixel_8_16, int8_t, int16_t, vldrbq_s16, vldrhq_s16, vldrbq_z_s16, vldrhq_z_s16)
PIXEL(pixel_16_8, int16_t, int8_t, vldrhq_s16, vldrbq_s16, vldrhq_z_s16, vldrbq_z_s16)
PIXEL(pixel_16_16, int16_t, int16_t, vldrhq_s16, vldrhq_s16, vldrhq_z_s16, vldrhq_z_s16)

/* The pixels of the window at row y, column x of the output. */
static inline void find_taps(const struct job *job, const struct mnq_band *band, int32_t y, int32_t x)
{
    const struct mnq_layer *const l = job->l;
    const int32_t top = y * l->sh - l->pt, left = x * l->sw - l->pl;
    const size_t bytes = (size_t)l->c << l->in16;
    const uint8_t **to = job->x;
    int32_t ky, kx;

    for (ky = 0; ky < l->kh; ky++) {
        const int32_t iy = top + ky;
        const uint8_t *const row = iy >= 0 && iy < l->h ? (const uint8_t *)mnq_view_row(&band->in0, iy) : NULL;
        for (kx = 0; kx < l->kw; kx++) {
            const int32_t ix = left + kx;
            *to++ = row != NULL && ix >= 0 && ix < l->w ? row + (size_t)ix * bytes : job->pad;
        }
    }
}

void mnq_dwconv_mve(const struct mnq_layer *l, const struct mnq_band *band)
{
    static void (*const table[2][2])(const struct job *, void *, size_t) = {{pixel_8_8, pixel_8_16},
                                                                            {pixel_16_8, pixel_16_16}};
    void (*const run)(const struct job *, void *, size_t) = table[l->in16][l->wtype == MNQ_W_S16];
    const size_t step = ((size_t)l->c << l->in16) * l->sw, out_bytes = (size_t)l->oc << l->q.out16;
    uint8_t *out = (uint8_t *)band->out;
    struct job job;
    size_t at = 0;
    int32_t y, x, i;

    job.l = l;
    job.taps = l->kh * l->kw;
    job.x = (const uint8_t **)band->scratch;
    job.pad = (uint8_t *)(job.x + job.taps);
    job.rising = 0;
    for (i = 0; i < l->c; i++) {
        if (l->in16) ((int16_t *)(void *)job.pad)[i] = l->pad[i];
        else ((int8_t *)job.pad)[i] = l->pad[i];
        job.rising |= l->q.shift[i] < 1;
    }
    for (y = band->y; y < band->y + band->n; y++) {
        const int inside = y * l->sh >= l->pt && y * l->sh - l->pt + l->kh <= l->h;
        for (x = 0; x < l->ow; x++, out += out_bytes) {
            const int32_t left = x * l->sw - l->pl;
            /* From one window that lies inside to the next. */
            if (inside && x > 0 && left - l->sw >= 0 && left + l->kw <= l->w) at += step;
            else find_taps(&job, band, y, x), at = 0;
            run(&job, out, at);
        }
    }
}
