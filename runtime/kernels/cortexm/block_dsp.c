/* SPDX-License-Identifier: Apache-2.0
 * All output channels of four pixels. */
#include "block_dsp.h"

#include "finish_dsp.h"

/* Whether sums are ever finished one by one. */
#define SUMS ((MNQ_VARIANTS_BLOCK & 0x080808) != 0)

/* From pixel to pixel of the output, so that those which are the same are written to the same place. */
static void set_strides(struct mnq_dsp_block *b, size_t stride, int32_t pixels)
{
    b->stride = pixels < 3 ? 0 : stride;
    b->stride3 = stride * (size_t)(pixels - 1);
}

void mnq_dsp_blocks_start(struct mnq_dsp_blocks *s, const struct mnq_layer *l, uint32_t *x, int32_t pixels)
{
    const uint8_t *const packed = (const uint8_t *)l->packed;
    const enum mnq_dsp_clamp clamp = mnq_dsp_block_clamp_of(&l->q);
    struct mnq_dsp_block *const b = &s->b;

    s->l = l;
    s->pixels = pixels;
    s->stride = (size_t)l->oc << l->q.out16;
    s->down = 0;
    mnq_dsp_loop_of(s, l, clamp);
    s->simple = (!SUMS || (clamp != MNQ_DSP_SUMS && packed[0] == 0)) && l->oc % 2 == 0;
    b->x = x;
    b->x_end = x + (size_t)mnq_dsp_pairs(l) * s->words;
    set_strides(b, s->stride, pixels);
    b->zp2 = 2 * l->q.zp + 1;
    b->w = packed + MNQ_DSP_HEADER;
    b->w_end = b->w + (size_t)((l->oc + 1) / 2) * mnq_dsp_record(l);
}

void mnq_dsp_blocks_part(struct mnq_dsp_blocks *s, size_t stride, int down)
{
    s->stride = stride;
    s->down = down;
    set_strides(&s->b, stride, s->pixels);
}

/* The pair of channels o, o + 1, output by output. */
static void run_plain(const struct mnq_dsp_blocks *s, const uint8_t *w, size_t record, void *out, int32_t o)
{
    const struct mnq_layer *const l = s->l;
    struct mnq_dsp_block b = s->b;
    const size_t stride = s->stride;
    uint8_t *const to = (uint8_t *)out + ((size_t)o << l->q.out16);
    int32_t sums[2][4], i;

    b.w = w;
    b.w_end = w + record;
    b.entry = s->entry;
    b.tail = s->tail;
    b.out = sums;
    s->run(&b);
    for (i = 0; i < 8 && s->down > 0; i++) sums[i / 4][i % 4] >>= s->down;
    for (i = 0; i < 2 && s->pixels == 2; i++) sums[i][1] = sums[i][3];
    mnq_dsp_finish(&l->q, o, sums[0], s->pixels, to, stride);
    mnq_dsp_finish(&l->q, o + 1, sums[1], s->pixels, to + ((size_t)1 << l->q.out16), stride);
}

void mnq_dsp_blocks_mixed(struct mnq_dsp_blocks *s, void *out)
{
    const struct mnq_layer *const l = s->l;
    const uint8_t *const packed = (const uint8_t *)l->packed;
    const size_t record = mnq_dsp_record(l);
    const int32_t even = l->oc / 2 * 2, mixed = SUMS && packed[0];
    const int all_plain = SUMS && mnq_dsp_block_clamp_of(&l->q) == MNQ_DSP_SUMS;
    const uint8_t *w = packed + MNQ_DSP_HEADER;
    int32_t first = 0;

    while (first < l->oc) {
        /* Records that go together; an odd last channel, and a plain record, go alone. */
        const int32_t o = first < even ? first : l->oc - 2;
        if (SUMS && (all_plain || w[record - 4] == MNQ_DSP_PLAIN)) {
            run_plain(s, w, record, out, o);
            w += record;
            first += 2;
            continue;
        }
        s->b.w = w;
        do {
            w += record;
            first += 2;
        } while (first < even && (!mixed || w[record - 4] != MNQ_DSP_PLAIN));
        s->b.w_end = w;
        s->b.out = (uint8_t *)out + ((size_t)o << l->q.out16);
        s->run(&s->b);
    }
}
