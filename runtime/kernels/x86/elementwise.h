/* SPDX-License-Identifier: Apache-2.0
 * ADD, MUL and AVGPOOL of the x86 kernels: 2 * LANES channels at a time as int16, two values of a channel side by side so
 * that one product takes both. */
#ifndef MNQ_X86_ELEMENTWISE_H
#define MNQ_X86_ELEMENTWISE_H

#include "emit_x86.h"
#include "scratch_x86.h"

/* Included behind one of lanes_*.h. */

enum { WIDE = 2 * LANES, RUN = 32 };

/* A tensor, or rows of one. */
struct rows {
    const uint8_t *at;
    size_t n; /* values */
    int in16;
    vec flip;
};

/* WIDE values from value i on; what lies behind the last is 0. */
MNQ_INLINE vec take(const struct rows *x, size_t i)
{
    const uint8_t *p = x->at + (i << x->in16);
    uint8_t copy[sizeof(vec)];

    if (i + WIDE > x->n) {
        memset(copy, 0, sizeof copy);
        memcpy(copy, p, (x->n - i) << x->in16);
        p = copy;
    }
    return x->in16 ? v_load(p) : v_widen(p, x->flip);
}

static struct rows rows_of(const void *at, size_t n, int in16, uint8_t flip)
{
    struct rows r;

    r.at = (const uint8_t *)at;
    r.n = n;
    r.in16 = in16;
    r.flip = v_set8(flip);
    return r;
}

/* One run of pixels of the channels from o on. a, b: multipliers of the low and the high half. */
struct pair {
    vec low, high;
};

MNQ_INLINE void run_pairs(int32_t *acc, const int32_t *bias, const struct rows *x, const struct rows *y, size_t i, size_t c,
                          int count, struct pair w, vec offset)
{
    int p;

    for (p = 0; p < count; p++, i += c, acc += WIDE) {
        const vec u = v_add16(take(x, i), offset), v = y != NULL ? take(y, i) : u;
        v_store(acc, v_pairs(v_load(bias), v_lo16(u, v), w.low));
        v_store(acc + LANES, v_pairs(v_load(bias + LANES), v_hi16(u, v), w.high));
    }
}

/* g = gate - zp1 of MUL: multipliers of (x - zp0, anything). */
MNQ_INLINE struct pair gate_of(const struct mnq_layer *l, const struct rows *gate, int32_t o)
{
    const vec g = v_add16(take(gate, (size_t)o), v_set16(-l->zp1)), zero = v_set16(0);
    const struct pair w = {v_lo16(g, zero), v_hi16(g, zero)};
    return w;
}

MNQ_INLINE void elementwise(const struct mnq_layer *l, const struct mnq_band *b, int multiply)
{
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    const struct mnq_emit e = mnq_emit_of(l);
    const uint8_t *const weights = (const uint8_t *)h + h->weights;
    const int32_t *const bias = (const int32_t *)(const void *)((const uint8_t *)h + h->bias);
    const int32_t pixels = b->n * l->w;
    const size_t c = (size_t)l->c, n = (size_t)pixels * c;
    const struct rows x = rows_of(b->in0.at, n, l->in16, l->in_flip), y = rows_of(b->in1.at, multiply ? c : n, l->in16b, 0);
    const vec offset = v_set16(multiply ? -l->zp0 : 0);
    int32_t *const acc = (int32_t *)(void *)mnq_x86_aligned(b->scratch);
    int32_t p, o;

    for (p = 0; p < pixels; p += RUN) {
        const int count = pixels - p < RUN ? (int)(pixels - p) : RUN;
        for (o = 0; o < l->c; o += WIDE) {
            struct pair w;
            if (multiply) {
                w = gate_of(l, &y, o);
            } else {
                w.low = v_load(weights + (size_t)o * 4);
                w.high = v_load(weights + (size_t)o * 4 + sizeof(vec));
            }
            run_pairs(acc, bias + o, &x, multiply ? NULL : &y, (size_t)p * c + (size_t)o, c, count, w, offset);
            MNQ_X86_NAME(mnq_emit)(&e, acc, count, o, 2, (uint8_t *)b->out + (((size_t)p * c) << e.out16));
        }
    }
}

void MNQ_X86_NAME(mnq_add)(const struct mnq_layer *l, const struct mnq_band *b)
{
    elementwise(l, b, 0);
}

void MNQ_X86_NAME(mnq_mul)(const struct mnq_layer *l, const struct mnq_band *b)
{
    elementwise(l, b, 1);
}

/* The sums over one window, channels from o on. */
MNQ_INLINE void window(const struct mnq_layer *l, const struct mnq_view *in, int32_t y, int32_t x, int32_t o,
                       const int32_t *bias, int32_t *acc)
{
    const vec one = v_set16(1), zero = v_set16(0);
    vec low = v_load(bias), high = v_load(bias + LANES);
    const size_t c = (size_t)l->c;
    int ky, kx;

    for (ky = 0; ky < l->kh; ky++) {
        const struct rows r = rows_of(mnq_view_row(in, y + ky), (size_t)l->w * c, l->in16, l->in_flip);
        size_t i = (size_t)x * c + (size_t)o;
        for (kx = 0; kx < l->kw; kx += 2, i += 2 * c) {
            const vec u = take(&r, i), v = kx + 1 < l->kw ? take(&r, i + c) : zero;
            low = v_pairs(low, v_lo16(u, v), one);
            high = v_pairs(high, v_hi16(u, v), one);
        }
    }
    v_store(acc, low);
    v_store(acc + LANES, high);
}

void MNQ_X86_NAME(mnq_avgpool)(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    const struct mnq_emit e = mnq_emit_of(l);
    const int32_t *const bias = (const int32_t *)(const void *)((const uint8_t *)h + h->bias);
    const size_t pixel = (size_t)l->oc << e.out16;
    int32_t *const acc = (int32_t *)(void *)mnq_x86_aligned(b->scratch);
    uint8_t *out = (uint8_t *)b->out;
    int32_t y, x, o, p;

    for (y = b->y; y < b->y + b->n; y++)
        for (x = 0; x < l->ow; x += RUN) {
            const int32_t count = l->ow - x < RUN ? l->ow - x : RUN;
            for (o = 0; o < l->oc; o += WIDE) {
                for (p = 0; p < count; p++) window(l, &b->in0, y * l->sh, (x + p) * l->sw, o, bias + o, acc + p * WIDE);
                MNQ_X86_NAME(mnq_emit)(&e, acc, (int)count, o, 2, out);
            }
            out += (size_t)count * pixel;
        }
}

#endif
