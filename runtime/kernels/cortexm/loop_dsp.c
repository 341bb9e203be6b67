/* SPDX-License-Identifier: Apache-2.0
 * Which of block_dsp.S a layer takes. */
#include "block_dsp.h"

/* Labels of block_dsp.S. */
void mnq_dsp_block8_loop(void), mnq_dsp_block8_s8(void), mnq_dsp_block8_u13(void), mnq_dsp_block8_s14(void);
void mnq_dsp_block8_sums(void), mnq_dsp_block16_loop(void), mnq_dsp_block16_s8(void), mnq_dsp_block16_u13(void);
void mnq_dsp_block16_s14(void), mnq_dsp_block16_sums(void), mnq_dsp_block8_s16(void), mnq_dsp_block16_s16(void);

/* The weights may be int8, may be int16. */
#define NARROW     ((MNQ_VARIANTS_BLOCK & 0xff) != 0)
#define WIDE(wide) ((MNQ_VARIANTS_BLOCK & 0xff00) != 0 && (!NARROW || (wide)))

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

static mnq_dsp_gather *gather_of(const struct mnq_layer *l)
{
    if ((MNQ_VARIANTS_IN & 4) && l->in16) return mnq_dsp_gather_s16;
    if ((MNQ_VARIANTS_IN & 2) && l->in_flip) return mnq_dsp_gather_u8;
    return MNQ_VARIANTS_IN & 1 ? mnq_dsp_gather_s8 : NULL;
}

void mnq_dsp_loop_of(struct mnq_dsp_blocks *s, const struct mnq_layer *l, enum mnq_dsp_clamp clamp)
{
    const int wide = l->wtype == MNQ_W_S16;
    const int32_t pairs = mnq_dsp_pairs(l);

    s->run = WIDE(wide) ? mnq_dsp_block16 : mnq_dsp_block8;
    s->gather = gather_of(l);
    s->words = 4;
    s->b.tail = tail_of(wide, clamp);
    s->b.entry = entry_of(wide, pairs, s->b.tail);
    s->tail = tail_of(wide, MNQ_DSP_SUMS);
    s->entry = entry_of(wide, pairs, s->tail);
}
