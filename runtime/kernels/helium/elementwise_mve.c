/* SPDX-License-Identifier: Apache-2.0
 * ADD, MUL and AVGPOOL on Helium: vectors of four channels, whose numbers stay in registers for all pixels.
 *
 * Of each loop there is one for tensors of bytes and one for int16, whose shifts are 1 and more and whose outputs are only
 * clamped; and one for everything else, which also serves the channels behind the last four. */
#include "helium/mve.h"

#include "mnq_port.h"
#include "requant_mve.h"

#define INTO static inline __attribute__((always_inline)) /* a loop per kind */

enum kind { BYTES, WORDS, ANY };

/* Four channels from c on of one call. */
struct four {
    const struct mnq_layer *l;
    const struct mnq_band *band;
    int32_t c;
    mve_pred16_t p; /* how many of them */
};

INTO int32x4_t load(enum kind kind, int in16, const uint8_t *x, mve_pred16_t p)
{
    if (kind == BYTES) return vldrbq_s32((const int8_t *)x);
    if (kind == WORDS) return vldrhq_s32((const int16_t *)(const void *)x);
    return in16 ? vldrhq_z_s32((const int16_t *)(const void *)x, p) : vldrbq_z_s32((const int8_t *)x, p);
}

INTO void store(enum kind kind, int out16, uint8_t *to, int32x4_t y, mve_pred16_t p)
{
    if (kind == BYTES) vstrbq_s32((int8_t *)to, y);
    else if (kind == WORDS) vstrhq_s32((int16_t *)(void *)to, y);
    else if (out16) vstrhq_p_s32((int16_t *)(void *)to, y, p);
    else vstrbq_p_s32((int8_t *)to, y, p);
}

/* Requantization of the four channels: copies, which no store changes. */
struct scale {
    int32x4_t m, r; /* r: -r */
    int32_t zp, lo, hi;
};

static inline struct scale scale_of(const struct four *f)
{
    const struct mnq_requant_params *const q = &f->l->q;
    struct scale s;

    s.m = vldrwq_z_s32(q->mult + f->c, f->p);
    s.r = vnegq_s32(vldrbq_z_s32(q->shift + f->c, f->p));
    s.zp = q->zp;
    s.lo = q->lo;
    s.hi = q->hi;
    return s;
}

static MNQ_APART int32x4_t output_any(const struct four *f, int32x4_t acc)
{
    const struct mnq_requant_params *const q = &f->l->q;
    const int32_t c = f->c;
    const mve_pred16_t p = f->p;

    acc = mnq_mve_requant(acc, vldrwq_z_s32(q->mult + c, p), vldrbq_z_s32(q->shift + c, p), 1);
    if (q->act != MNQ_A_CLAMP)
        acc = mnq_mve_requant(mnq_mve_gate(q, acc), vldrwq_z_s32(q->mult2 + c, p), vldrbq_z_s32(q->shift2 + c, p), 1);
    return mnq_mve_clamp(q, acc);
}

INTO int32x4_t output(enum kind kind, const struct four *f, const struct scale *s, int32x4_t acc)
{
    if (kind == ANY) return output_any(f, acc);
    acc = vrshlq_s32(vmulhq_s32(acc, s->m), s->r);
    return vmaxq_s32(vminq_s32(vaddq_n_s32(acc, s->zp), vdupq_n_s32(s->hi)), vdupq_n_s32(s->lo));
}

/* The channel c of a tensor's first pixel; bytes from pixel to pixel. */
static inline const uint8_t *first(const void *base, int32_t c, int wide)
{
    return (const uint8_t *)base + ((size_t)c << wide);
}

INTO void add_four(enum kind kind, const struct four *f)
{
    const struct mnq_layer *const l = f->l;
    const struct mnq_band *const b = f->band;
    const int16_t *const u = (const int16_t *)l->weights + f->c;
    const int32x4_t u0 = vldrhq_z_s32(u, f->p), u1 = vldrhq_z_s32(u + l->c, f->p);
    const int32x4_t bias = vldrwq_z_s32(l->q.bias + f->c, f->p);
    const struct scale s = scale_of(f);
    const int in16 = l->in16, in16b = l->in16b, out16 = l->q.out16;
    const int32_t c = l->c;
    const mve_pred16_t p = f->p;
    const uint8_t *x = first(b->in0.at, f->c, in16), *y = first(b->in1.at, f->c, in16b);
    uint8_t *to = (uint8_t *)b->out + ((size_t)f->c << out16);
    int32_t n;

    for (n = b->n * l->w; n > 0; n--, x += (size_t)c << in16, y += (size_t)c << in16b, to += (size_t)c << out16) {
        const int32x4_t sum = vaddq_s32(vmulq_s32(load(kind, in16, x, p), u0), bias);
        store(kind, out16, to, output(kind, f, &s, vaddq_s32(sum, vmulq_s32(load(kind, in16b, y, p), u1))), p);
    }
}

/* By a gate of one pixel: (x - z) y = x y - z y. */
INTO void gate_four(enum kind kind, const struct four *f)
{
    const struct mnq_layer *const l = f->l;
    const struct mnq_band *const b = f->band;
    const int32x4_t y = vsubq_n_s32(load(ANY, l->in16b, first(b->in1.at, f->c, l->in16b), f->p), l->zp1);
    const int32x4_t bias = vmulq_n_s32(y, -l->zp0);
    const struct scale s = scale_of(f);
    const int in16 = l->in16, out16 = l->q.out16;
    const int32_t c = l->c;
    const mve_pred16_t p = f->p;
    const uint8_t *x = first(b->in0.at, f->c, in16);
    uint8_t *to = (uint8_t *)b->out + ((size_t)f->c << out16);
    int32_t n;

    for (n = b->n * l->w; n > 0; n--, x += (size_t)c << in16, to += (size_t)c << out16)
        store(kind, out16, to, output(kind, f, &s, vaddq_s32(vmulq_s32(load(kind, in16, x, p), y), bias)), p);
}

INTO void multiply_four(const struct four *f)
{
    const struct mnq_layer *const l = f->l;
    const struct mnq_band *const b = f->band;
    const uint8_t *x = first(b->in0.at, f->c, l->in16), *y = first(b->in1.at, f->c, l->in16b);
    uint8_t *to = (uint8_t *)b->out + ((size_t)f->c << l->q.out16);
    int32_t n;

    for (n = b->n * l->w; n > 0; n--) {
        const int32x4_t u = vsubq_n_s32(load(ANY, l->in16, x, f->p), l->zp0);
        const int32x4_t v = vsubq_n_s32(load(ANY, l->in16b, y, f->p), l->zp1);
        store(ANY, l->q.out16, to, output_any(f, vmulq_s32(u, v)), f->p);
        x += (size_t)l->c << l->in16;
        y += (size_t)l->c << l->in16b;
        to += (size_t)l->c << l->q.out16;
    }
}

INTO void pool_four(enum kind kind, const struct four *f)
{
    const struct mnq_layer *const l = f->l;
    const struct mnq_band *const b = f->band;
    const int32x4_t bias = vldrwq_z_s32(l->q.bias + f->c, f->p);
    const struct scale s = scale_of(f);
    const int in16 = l->in16, out16 = l->q.out16;
    const size_t pixel = (size_t)l->c << in16;
    const mve_pred16_t p = f->p;
    uint8_t *to = (uint8_t *)b->out + ((size_t)f->c << out16);
    int32_t y, x, ky, kx;

    for (y = b->y; y < b->y + b->n; y++) {
        for (x = 0; x < l->ow; x++, to += (size_t)l->c << out16) {
            int32x4_t acc = bias;
            for (ky = 0; ky < l->kh; ky++) {
                const uint8_t *at = first(mnq_view_row(&b->in0, y * l->sh + ky), f->c, in16) + (size_t)(x * l->sw) * pixel;
                for (kx = l->kw; kx > 0; kx--, at += pixel) acc = vaddq_s32(acc, load(kind, in16, at, p));
            }
            store(kind, out16, to, output(kind, f, &s, acc), p);
        }
    }
}

/* Whether the channels from c on have a fast loop; second: input 1 is read with them. */
static enum kind kind_of(const struct mnq_layer *l, int32_t c, int second)
{
    const int32x4_t r = vldrbq_z_s32(l->q.shift + c, vctp32q((uint32_t)(l->c - c)));

    if (l->c - c < 4 || l->q.act != MNQ_A_CLAMP || l->in16 != l->q.out16 || vcmpltq_n_s32(r, 1) != 0) return ANY;
    if (second && l->in16b != l->in16) return ANY;
    return l->in16 ? WORDS : BYTES;
}

#define EACH(name, each, second)                                                                                            \
    static MNQ_APART void each##_bytes(const struct four *f)                                                                \
    {                                                                                                                       \
        each(BYTES, f);                                                                                                     \
    }                                                                                                                       \
    static MNQ_APART void each##_words(const struct four *f)                                                                \
    {                                                                                                                       \
        each(WORDS, f);                                                                                                     \
    }                                                                                                                       \
    static MNQ_APART void each##_any(const struct four *f)                                                                  \
    {                                                                                                                       \
        each(ANY, f);                                                                                                       \
    }                                                                                                                       \
    void name(const struct mnq_layer *l, const struct mnq_band *band)                                                       \
    {                                                                                                                       \
        struct four f;                                                                                                      \
        f.l = l;                                                                                                            \
        f.band = band;                                                                                                      \
        for (f.c = 0; f.c < l->c; f.c += 4) {                                                                               \
            const enum kind kind = kind_of(l, f.c, second);                                                                 \
            f.p = vctp32q((uint32_t)(l->c - f.c));                                                                          \
            (kind == BYTES ? each##_bytes : kind == WORDS ? each##_words : each##_any)(&f);                                 \
        }                                                                                                                   \
    }

EACH(mnq_add_mve, add_four, 1)
EACH(mnq_gate_mve, gate_four, 0)
EACH(mnq_avgpool_mve, pool_four, 0)

void mnq_mul_mve(const struct mnq_layer *l, const struct mnq_band *band)
{
    struct four f;

    f.l = l;
    f.band = band;
    for (f.c = 0; f.c < l->c; f.c += 4) {
        f.p = vctp32q((uint32_t)(l->c - f.c));
        multiply_four(&f);
    }
}
