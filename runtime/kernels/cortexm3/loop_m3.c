/* SPDX-License-Identifier: Apache-2.0
 * Which of block_m3.S a layer takes. */
#include "cortexm/block_dsp.h"
#include "layout_m3.h"

/* Code of block_m3.S and gather_m3.S: weights of 8 and of 16 bits, lanes. */
void mnq_m3_block8(const struct mnq_dsp_block *b), mnq_m3_block16(const struct mnq_dsp_block *b);
void mnq_m3_blockl(const struct mnq_dsp_block *b);
mnq_dsp_gather mnq_m3_gather_s8, mnq_m3_gather_u8, mnq_m3_gather_s16, mnq_m3_lanes_s8, mnq_m3_lanes_u8;

#define LABELS(name)                                                                                                        \
    void name##_loop(void), name##_s8(void), name##_u13(void), name##_s14(void), name##_sums(void), name##_s16(void)
LABELS(mnq_m3_block8);
LABELS(mnq_m3_block16);
LABELS(mnq_m3_blockl);

/* A loop, and how it may end. */
struct code {
    void (*run)(const struct mnq_dsp_block *b);
    void (*loop)(void);
    void (*tail[5])(void); /* by enum mnq_dsp_clamp */
    int32_t steps, bytes;  /* in the loop, of a step */
};

#define HAS(bit, label) ((MNQ_VARIANTS_BLOCK >> (bit)&1) != 0 ? (label) : NULL)
#define CODE(name, at, steps, bytes)                                                                                        \
    {                                                                                                                       \
        (MNQ_VARIANTS_BLOCK >> (at)&0xff) != 0 ? (name) : NULL, (MNQ_VARIANTS_BLOCK >> (at)&0xff) != 0 ? name##_loop : NULL, \
            {HAS(at, name##_s8), HAS(at + 1, name##_u13), HAS(at + 2, name##_s14), HAS(at + 3, name##_sums),                \
             HAS(at + 4, name##_s16)},                                                                                      \
            steps, bytes                                                                                                    \
    }

static const struct code codes[3] = {CODE(mnq_m3_block8, 0, 3, 96), CODE(mnq_m3_block16, 8, 3, 96),
                                     CODE(mnq_m3_blockl, 16, 4, 56)};

static mnq_dsp_gather *gather_of(const struct mnq_layer *l)
{
    const int lanes = mnq_m3_lanes(l);

    if ((MNQ_VARIANTS_IN & 4) && l->in16) return mnq_m3_gather_s16;
    if ((MNQ_VARIANTS_IN & 16) && lanes && l->in_flip) return mnq_m3_lanes_u8;
    if ((MNQ_VARIANTS_IN & 8) && lanes) return mnq_m3_lanes_s8;
    if ((MNQ_VARIANTS_IN & 2) && l->in_flip) return mnq_m3_gather_u8;
    return MNQ_VARIANTS_IN & 1 ? mnq_m3_gather_s8 : NULL;
}

void mnq_dsp_loop_of(struct mnq_dsp_blocks *s, const struct mnq_layer *l, enum mnq_dsp_clamp clamp)
{
    const struct code *const c = &codes[mnq_m3_lanes(l) ? 2 : l->wtype == MNQ_W_S16];
    const int32_t rest = mnq_dsp_pairs(l) % c->steps;

    s->run = c->run;
    s->gather = gather_of(l);
    s->words = mnq_m3_words(l);
    s->b.tail = (uintptr_t)c->tail[clamp];
    s->tail = (uintptr_t)c->tail[MNQ_DSP_SUMS];
    s->entry = (uintptr_t)c->loop + (uintptr_t)(rest == 0 ? 0 : (c->steps - rest) * c->bytes);
    s->b.entry = s->entry;
}
