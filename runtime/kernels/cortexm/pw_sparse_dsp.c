/* SPDX-License-Identifier: Apache-2.0
 * PW with sparse weights on a Cortex-M with the DSP extension: eight pixels at a time, one output channel after
 * the other. */
#include "cortexm/dsp.h"
#include "finish_dsp.h"
#include "mnq_port.h"
#include "sparse_dsp.h"
#include "variants.h"

enum { PIXELS = 8, PLACE_R = 8 /* of a record's shift */ };

static uint32_t word_at(const uint8_t *p)
{
    uint32_t w;

    memcpy(&w, p, sizeof w);
    return w;
}

/* Four int8, or bytes to be flipped, as two pairs of neighbours. */
static void put_four(uint32_t *to, uint32_t bytes)
{
    uint32_t even, odd, pair;

    __asm__("sxtb16 %0, %1" : "=r"(even) : "r"(bytes));
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(bytes));
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(even), "r"(odd));
    to[0] = pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(odd), "r"(even));
    to[PIXELS] = pair;
}

/* A pixel's inputs from number k on into every eighth word; half of a last pair may be left over. */
static void take(uint32_t *to, const uint8_t *from, int32_t k, const struct mnq_layer *l)
{
    const uint32_t flip = l->in_flip * 0x01010101u;
    int32_t n = l->c - k;

    to += (size_t)k / 2 * PIXELS;
    from += (size_t)k << l->in16;

    if (l->in16) {
        for (; n >= 2; n -= 2, from += 4, to += PIXELS) *to = word_at(from);
        if (n > 0) *to = from[0] | (uint32_t)from[1] << 8;
        return;
    }
    for (; n >= 4; n -= 4, from += 4, to += 2 * PIXELS) put_four(to, word_at(from) ^ flip);
    for (; n > 0; n -= 2, from += 2, to += PIXELS) {
        const uint32_t second = n > 1 ? (uint32_t)(int8_t)(from[1] ^ l->in_flip) : 0;
        *to = (uint16_t)(int8_t)(from[0] ^ l->in_flip) | second << 16;
    }
}

/* Inputs of eight pixels, the first at `from`, as x wants them; those behind number `wanted` are its like. */
static void take_all(uint32_t *x, const uint8_t *from, int32_t wanted, const struct mnq_layer *l)
{
    const size_t pixel = (size_t)l->c << l->in16;
    const int32_t quads = l->in16 || l->in_flip ? 0 : l->c / 4;
    const uint8_t *p[PIXELS];
    int32_t j;

    for (j = 0; j < PIXELS; j++) {
        p[j] = from;
        if (j < wanted - 1) from += pixel;
    }
    if (quads > 0) {
        mnq_dsp_sparse_take(x, p, quads);
        mnq_dsp_sparse_take(x + 4, p + 4, quads);
    }
    for (j = 0; j < PIXELS && quads * 4 < l->c; j++) take(x + j, p[j], quads * 4, l);
}

static uintptr_t tail_of(enum mnq_dsp_clamp clamp)
{
#define HAS(bit, label) ((MNQ_VARIANTS_SPARSE >> (bit)&1) != 0 ? (label) : mnq_dsp_sparse_sums)
    static void (*const tail[5])(void) = {HAS(0, mnq_dsp_sparse_s8), HAS(1, mnq_dsp_sparse_u13), HAS(2, mnq_dsp_sparse_s14),
                                          mnq_dsp_sparse_sums, HAS(4, mnq_dsp_sparse_s16)};

    return (uintptr_t)tail[clamp];
}

/* Bytes of the record at w. */
static size_t record(const uint8_t *w)
{
    return mnq_dsp_sparse_record(word_at(w + 8) >> 16);
}

/* All channels of the pixels in x; plainly: all of them by way of sums, else those that say so. */
static void run(const struct mnq_layer *l, struct mnq_dsp_sparse *b, int plainly, int32_t pixels, uint8_t *out)
{
    const uintptr_t tail = tail_of(mnq_dsp_block_clamp_of(&l->q));
    int32_t sums[PIXELS], o = 0;

    while (o < l->oc) {
        uint8_t *const to = out + ((size_t)o << l->q.out16);
        b->w_end = b->w;
        if (plainly || b->w[PLACE_R] == MNQ_DSP_PLAIN) {
            b->w_end += record(b->w);
            b->out = sums;
            b->tail = (uintptr_t)mnq_dsp_sparse_sums;
            mnq_dsp_sparse(b);
            mnq_dsp_finish(&l->q, o++, sums, pixels, to, b->stride);
        } else {
            do {
                b->w_end += record(b->w_end);
                o++;
            } while (o < l->oc && b->w_end[PLACE_R] != MNQ_DSP_PLAIN);
            b->out = to;
            b->tail = tail;
            mnq_dsp_sparse(b);
        }
        b->w = b->w_end;
    }
}

void mnq_pw_sparse_dsp(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t pixel = (size_t)l->c << l->in16;
    const int32_t pixels = band->n * l->w, wanted = pixels < PIXELS ? pixels : PIXELS;
    const uint8_t *const packed = (const uint8_t *)l->packed;
    const enum mnq_dsp_clamp clamp = mnq_dsp_block_clamp_of(&l->q);
    const int plainly = clamp == MNQ_DSP_SUMS || wanted < PIXELS, mixed = plainly || packed[0] != 0;
    uint32_t *const x = (uint32_t *)band->scratch;
    struct mnq_dsp_sparse b;
    int32_t p;

    b.x = x;
    b.stride = (size_t)l->oc << l->q.out16;
    b.zp2 = 2 * l->q.zp + 1;
    b.loop = (uintptr_t)mnq_dsp_sparse_loop;
    for (p = 0; p < pixels; p += PIXELS) {
        if (p > pixels - wanted) p = pixels - wanted; /* some are computed again */
        take_all(x, (const uint8_t *)band->in0.at + (size_t)p * pixel, wanted, l);
        b.w = packed + MNQ_DSP_HEADER;
        b.out = (uint8_t *)band->out + (size_t)p * b.stride;
        if (mixed) {
            run(l, &b, plainly, wanted, (uint8_t *)b.out);
            continue;
        }
        b.w_end = packed + (word_at(packed) >> 8);
        b.tail = tail_of(clamp);
        mnq_dsp_sparse(&b);
    }
}
