/* SPDX-License-Identifier: Apache-2.0
 * Blocks of 2 output channels x 4 pixels on a Cortex-M with the DSP extension: block_dsp.S and gather_dsp.S, and what calls
 * them for all channels of four pixels. */
#ifndef MNQ_BLOCK_DSP_H
#define MNQ_BLOCK_DSP_H

#include "layout_dsp.h"
#include "variants.h"

/**
 * What block_dsp.S works on.
 * w         the first record, 4-byte aligned; w_end: behind the last one
 * x, x_end  inputs of four pixels: for every pair of inputs four words, one a pixel, of two int16
 * entry     where in the loop to begin, and
 * tail      how to end: addresses of code
 * out       where the record's first output of the first pixel is written; of sums int32[2][4] a record, one behind
 *           the other
 * stride    bytes from pixel to pixel of the output; stride3: to the fourth
 * zp2       2 zp + 1
 */
struct mnq_dsp_block {
    const uint8_t *w;
    const uint32_t *x, *x_end;
    uintptr_t entry, tail;
    void *out;
    size_t stride, stride3;
    int32_t zp2;
    const uint8_t *w_end;
};

/** The sums of 8-bit weights, of 16-bit weights. */
void mnq_dsp_block8(const struct mnq_dsp_block *b);
void mnq_dsp_block16(const struct mnq_dsp_block *b);

/**
 * Unpacks n inputs of each of four pixels, int16 or int8; u8: bytes to be flipped. Any alignment.
 * to      as x above, 4 * ((n + 1) / 2) words; p0 .. p3: the pixels' first inputs; n > 0
 * return  nothing
 */
typedef void mnq_dsp_gather(uint32_t *to, const void *p0, const void *p1, const void *p2, const void *p3, size_t n);
mnq_dsp_gather mnq_dsp_gather_s8, mnq_dsp_gather_u8, mnq_dsp_gather_s16;

/** All channels of blocks of four pixels. */
struct mnq_dsp_blocks {
    struct mnq_dsp_block b;
    const struct mnq_layer *l;
    void (*run)(const struct mnq_dsp_block *b);
    mnq_dsp_gather *gather; /* takes inputs */
    size_t words;           /* of x for a pair of inputs */
    uintptr_t entry, tail;  /* of sums */
    int32_t pixels;  /* different ones of four: mnq_dsp_pixel() */
    size_t stride;   /* of the output, whatever b has */
    int down;        /* bits that sums are larger than those of the layer's weights */
    int simple;      /* every output is fused: one call, two if oc is odd */
};

/** Fills in what depends on the core: run, gather, words, entry and tail of b and of sums. loop_dsp.c, loop_m3.c */
void mnq_dsp_loop_of(struct mnq_dsp_blocks *s, const struct mnq_layer *l, enum mnq_dsp_clamp clamp);

/** Which of `pixels` different pixels the j-th of four is: such that STRIDE and STRIDE3 can write none that is not there. */
static inline int32_t mnq_dsp_pixel(int32_t pixels, int32_t j)
{
    if (pixels == 2) return j / 3;
    return j < pixels ? j : pixels - 1;
}

/** Fills *s for a layer and blocks of `pixels` pixels; x is their scratch, mnq_dsp_pairs(l) * words * 4 bytes. */
void mnq_dsp_blocks_start(struct mnq_dsp_blocks *s, const struct mnq_layer *l, uint32_t *x, int32_t pixels);

/** After mnq_dsp_blocks_start(): some of a layer's channels, `stride` bytes from pixel to pixel, weights 2^down times as
 * large. */
void mnq_dsp_blocks_part(struct mnq_dsp_blocks *s, size_t stride, int down);

/** Everything but what mnq_dsp_blocks_run() does by itself. */
void mnq_dsp_blocks_mixed(struct mnq_dsp_blocks *s, void *out);

/** All channels of the pixels whose inputs stand in the scratch; out: the first pixel's first output. */
static inline void mnq_dsp_blocks_run(struct mnq_dsp_blocks *s, void *out)
{
    if (!s->simple) {
        mnq_dsp_blocks_mixed(s, out);
        return;
    }
    s->b.out = out;
    s->run(&s->b);
}

/** All pixels of a band of a 1x1 layer l, whose blocks were started for its pixels or four, whichever is less: four at a
 * time; the last four may overlap those before them. x: the blocks' scratch; out: the first pixel's first output. */
static inline void mnq_dsp_blocks_band(struct mnq_dsp_blocks *s, const struct mnq_layer *l, const struct mnq_band *band,
                                       uint32_t *x, uint8_t *out)
{
    const size_t c = (size_t)l->c, in_bytes = c << l->in16, out_bytes = (size_t)l->oc << l->q.out16;
    const int32_t pixels = band->n * l->w;
    mnq_dsp_gather *const gather = s->gather;
    const uint8_t *in = (const uint8_t *)band->in0.at;
    int32_t left;

    if (pixels < 4) {
        const uint8_t *const last = in + (size_t)(pixels - 1) * in_bytes;
        gather(x, in, pixels == 3 ? in + in_bytes : in, pixels == 3 ? last : in, last, c);
        mnq_dsp_blocks_run(s, out);
        return;
    }
    for (left = pixels; left > 0; left -= 4) {
        if (left < 4) {
            in -= (size_t)(4 - left) * in_bytes;
            out -= (size_t)(4 - left) * out_bytes;
        }
        gather(x, in, in + in_bytes, in + 2 * in_bytes, in + 3 * in_bytes, c);
        mnq_dsp_blocks_run(s, out);
        in += 4 * in_bytes;
        out += 4 * out_bytes;
    }
}

#endif
