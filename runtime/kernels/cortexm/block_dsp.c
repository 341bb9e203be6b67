/* SPDX-License-Identifier: Apache-2.0
 * All output channels of four pixels. */
#include "block_dsp.h"

#include "finish_dsp.h"

/* Labels of block_dsp.S. */
void mnq_dsp_block8_loop(void), mnq_dsp_block8_s8(void), mnq_dsp_block8_u13(void), mnq_dsp_block8_s14(void);
void mnq_dsp_block8_sums(void), mnq_dsp_block16_loop(void), mnq_dsp_block16_s8(void), mnq_dsp_block16_u13(void);
void mnq_dsp_block16_s14(void), mnq_dsp_block16_sums(void), mnq_dsp_block8_s16(void), mnq_dsp_block16_s16(void);

/* The weights may be int8, may be int16. */
#define NARROW     ((MNQ_VARIANTS_BLOCK & 0xff) != 0)
#define WIDE(wide) ((MNQ_VARIANTS_BLOCK & 0xff00) != 0 && (!NARROW || (wide)))
#define SUMS       ((MNQ_VARIANTS_BLOCK & 0x808) != 0)

enum { UNROLLED = 8, STEP8 = 52, STEP16 = 44 }; /* steps of the loop, bytes of a step */

static uintptr_t tail_of(int wide, enum mnq_dsp_clamp clamp)
{
#define HAS(bit, label) ((MNQ_VARIANTS_BLOCK >> (bit)&1) != 0 ? (label) : NULL)
    static void (*const tail[2][5])(void) = {
        {HAS(0, mnq_dsp_block8_s8), HAS(1, mnq_dsp_block8_u13), HAS(2, mnq_dsp_block8_s14), HAS(3, mnq_dsp_block8_sums),
         HAS(4, mnq_dsp_block8_s16)},
        {HAS(8, mnq_dsp_block16_s8), HAS(9, mnq_dsp_block16_u13), HAS(10, mnq_dsp_block16_s14),
         HAS(11, mnq_dsp_block16_sums), HAS(12, mnq_dsp_block16_s16)}};

    return (uintptr_t)tail[wide][clamp];
}

/* Where the loop begins; a single pair leaves it out. */
static uintptr_t entry_of(int wide, int32_t pairs, uintptr_t tail)
{
    const int32_t rest = (pairs - 1) % UNROLLED;
    const uintptr_t loop = WIDE(wide) ? (uintptr_t)mnq_dsp_block16_loop : (uintptr_t)mnq_dsp_block8_loop;

    if (pairs == 1) return tail;
    return rest == 0 ? loop : loop + (uintptr_t)(UNROLLED - rest) * (wide ? STEP16 : STEP8);
}

/* From pixel to pixel of the output, so that those which are the same are written to the same place. */
static void set_strides(struct mnq_dsp_block *b, size_t stride, int32_t pixels)
{
    b->stride = pixels < 3 ? 0 : stride;
    b->stride3 = stride * (size_t)(pixels - 1);
}

void mnq_dsp_blocks_start(struct mnq_dsp_blocks *s, const struct mnq_layer *l, uint32_t *x, int32_t pixels)
{
    const int wide = l->wtype == MNQ_W_S16;
    const int32_t pairs = mnq_dsp_pairs(l);
    const uint8_t *const packed = (const uint8_t *)l->packed;
    const enum mnq_dsp_clamp clamp = mnq_dsp_block_clamp_of(&l->q);
    struct mnq_dsp_block *const b = &s->b;

    s->l = l;
    s->pixels = pixels;
    s->stride = (size_t)l->oc << l->q.out16;
    s->down = 0;
    s->run = WIDE(wide) ? mnq_dsp_block16 : mnq_dsp_block8;
    s->simple = (!SUMS || (clamp != MNQ_DSP_SUMS && packed[0] == 0)) && l->oc % 2 == 0;
    if (SUMS) s->entry = entry_of(wide, pairs, tail_of(wide, MNQ_DSP_SUMS));
    b->x = x;
    b->x_end = x + (size_t)pairs * 4;
    b->tail = tail_of(wide, clamp);
    b->entry = entry_of(wide, pairs, b->tail);
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
    b.tail = tail_of(l->wtype == MNQ_W_S16, MNQ_DSP_SUMS);
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
