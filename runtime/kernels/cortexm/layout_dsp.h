/* SPDX-License-Identifier: Apache-2.0
 * How weights of CONV and PW are packed for a Cortex-M with the DSP extension. Plain C, shared by the packer and the
 * kernels.
 *
 * The inputs of one output are runs that are contiguous in memory: kh rows of kw * c values, or the c values of a pixel. The
 * core multiplies pairs of them. SXTB16 unpacks bytes 0 and 2 of a word, then 1 and 3, so of every four int8 the pairs are
 * (0, 2) and (1, 3); what is left at the end of a run, and all of int16, is paired in order, the last one with 0.
 *
 *     packed:  header 4 bytes, then a record per pair of output channels (an odd last channel is paired with the one before
 *              it, which is then computed twice)
 *     header:  u8 1 if some record's outputs need mnq_output_plain(), else 0; 3 x 0
 *     record:  i32 bias[2]; weights; i32 m[2]; u8 r[2], which is r - 1, or MNQ_DSP_PLAIN in both; 2 x 0
 *     weights: for every pair of inputs (k, l), int8: w0[k] w1[k] w0[l] w1[l]; int16: w0[k] w0[l] w1[k] w1[l];
 *              4 bits: of two pairs the bytes of int8, the first's in the lower halves; the record's bias and r are those of
 * 16 times the weights
 *
 * Sparse weights: pairs of neighbours, in order, that are not both 0; where these would take more bytes than int8, they are
 * packed as int8.
 *
 *     packed:  u8 as above, u24 bytes of all, then a record per output channel, padded to words, with a byte to spare
 *     record:  i32 bias; i32 m; u8 r - 1, or MNQ_DSP_PLAIN; u8 where in the loop to begin, in words; u16 n, 2 or more; n
 * entries entry:   w[k]; u8 pairs passed over, times MNQ_DSP_SPARSE_PAIR; w[k + 1] */
#ifndef MNQ_LAYOUT_DSP_H
#define MNQ_LAYOUT_DSP_H

#include "kernels.h"

enum {
    MNQ_DSP_HEADER = 4,
    MNQ_DSP_BEFORE = 8,     /* bytes of a record before its weights */
    MNQ_DSP_AFTER = 12,     /* and after them */
    MNQ_DSP_S4_LAYER = 128, /* bytes of scratch for a layer's copy */
    MNQ_DSP_PLAIN = 0xff    /* a record whose outputs mnq_output_plain() computes */
};

enum {
    MNQ_DSP_SPARSE_BEFORE = 12,
    MNQ_DSP_SPARSE_LEAST = 2, /* entries of a record */
    MNQ_DSP_SPARSE_PAIR = 32, /* bytes of a pair of inputs of eight pixels */
    MNQ_DSP_SPARSE_STEP = 56, /* bytes of code, */
    MNQ_DSP_SPARSE_LOOP = 8   /* of so many steps in the loop, which comes after a first one */
};

/** How an output stage ends: in which clamp. */
enum mnq_dsp_clamp {
    MNQ_DSP_S8,
    MNQ_DSP_U13,
    MNQ_DSP_S14,
    MNQ_DSP_SUMS, /* none that SSAT and USAT have */
    MNQ_DSP_S16   /* blocks alone: logits */
};

/** Runs of inputs, and inputs in a run. */
static inline int32_t mnq_dsp_runs(const struct mnq_layer *l)
{
    return l->op == MNQ_L_CONV ? l->kh : 1;
}

static inline int32_t mnq_dsp_run(const struct mnq_layer *l)
{
    return l->op == MNQ_L_CONV ? l->kw * l->c : l->c;
}

/** Pairs of inputs. */
static inline int32_t mnq_dsp_pairs(const struct mnq_layer *l)
{
    return mnq_dsp_runs(l) * ((mnq_dsp_run(l) + 1) / 2);
}

/** Bytes of a record. */
static inline size_t mnq_dsp_record(const struct mnq_layer *l)
{
    const size_t pairs = (size_t)mnq_dsp_pairs(l);

    return MNQ_DSP_BEFORE + (l->wtype == MNQ_W_S4 ? (pairs + 1) / 2 * 4 : pairs << (l->wtype == MNQ_W_S16 ? 3 : 2)) +
           MNQ_DSP_AFTER;
}

/** The clamp of a layer's outputs. */
static inline enum mnq_dsp_clamp mnq_dsp_clamp_of(const struct mnq_requant_params *q)
{
    if (q->act != MNQ_A_CLAMP) return MNQ_DSP_SUMS;
    if (!q->out16) return q->lo == -128 && q->hi == 127 ? MNQ_DSP_S8 : MNQ_DSP_SUMS;
    if (q->hi != 8191) return MNQ_DSP_SUMS;
    return q->lo == 0 ? MNQ_DSP_U13 : q->lo == -8192 ? MNQ_DSP_S14 : MNQ_DSP_SUMS;
}

/** The same of blocks. */
static inline enum mnq_dsp_clamp mnq_dsp_block_clamp_of(const struct mnq_requant_params *q)
{
    if (q->act == MNQ_A_CLAMP && q->out16 && q->lo == -32768 && q->hi == 32767) return MNQ_DSP_S16;
    return mnq_dsp_clamp_of(q);
}

/**
 * Whether rounding and zero point of channel c may be added to the high product at once: (2 zp + 1) 2^(r - 1) and its sum
 * with a number in [-2^30, 2^30) stay within 32 bits.
 */
static inline int mnq_dsp_folds(const struct mnq_requant_params *q, int32_t c)
{
    return q->shift[c] >= 1 && q->shift[c] <= (q->zp != 0 ? 23 : 31);
}

/** The packer of CONV and PW: see struct mnq_packing. */
size_t mnq_dsp_packed_bytes(const struct mnq_layer *l);
void mnq_dsp_pack(const struct mnq_layer *l, void *mem);

/** The same of stored pairs of sparse weights; bytes 0: they would take more than int8. */
size_t mnq_dsp_sparse_bytes(const struct mnq_layer *l);
void mnq_dsp_sparse_pack(const struct mnq_layer *l, void *mem);

/** The first stored weight of sparse ones; weight k of row o, where *w is the row's next stored weight, moved if it is
 * this. */
const int8_t *mnq_dsp_sparse_first(const struct mnq_layer *l);
int8_t mnq_dsp_sparse_weight(const struct mnq_layer *l, int32_t o, int32_t k, const int8_t **w);

/** Scratch of a layer's kernel: see struct mnq_kernels. */
size_t mnq_dsp_scratch(const struct mnq_layer *l);

/** Bytes of a sparse record of n entries; the core reads one byte behind the last. */
static inline size_t mnq_dsp_sparse_record(uint32_t n)
{
    return MNQ_DSP_SPARSE_BEFORE + ((size_t)n * 3 / 4 + 1) * 4;
}

#endif
