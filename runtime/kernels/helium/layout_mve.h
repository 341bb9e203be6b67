/* SPDX-License-Identifier: Apache-2.0
 * How weights of CONV and PW are packed for a Cortex-M with Helium. Plain C, shared by the packer and the kernels.
 *
 * The inputs of one output are runs that are contiguous in memory: kh rows of kw * c values, or the c values of a pixel.
 * One run follows the other; the last vector, of 8 int16 or 16 int8, is filled up with zeros. The few inputs of a picture's
 * first layer have a kernel of their own, image_mve.c.
 *
 *     packed:  header 16 bytes, then a record per pair of output channels (an odd last channel is paired with the one before
 *              it, which is then computed twice)
 *     header:  u8 1 if outputs need mnq_output_plain(), else 0; 15 x 0
 *     record:  for every vector of inputs w0[lanes], w1[lanes], int8 or int16; of 4 bits a byte of both, w0's the lower
 *              half; i32 bias[2]; i32 m[2]; i32 -(r + 1)[2]. Of 4 bits, bias and r are those of 16 times the weights */
#ifndef MNQ_LAYOUT_MVE_H
#define MNQ_LAYOUT_MVE_H

#include "kernels.h"

enum { MNQ_MVE_UP = 4, MNQ_MVE_HEADER = 16, MNQ_MVE_AFTER = 24, MNQ_MVE_LANES = 8, MNQ_MVE_BYTES = 16, MNQ_MVE_WINDOW = 32 };

/** Runs of inputs, inputs in a run, vectors of all. */
static inline int32_t mnq_mve_runs(const struct mnq_layer *l)
{
    return l->op == MNQ_L_CONV ? l->kh : 1;
}

static inline int32_t mnq_mve_run(const struct mnq_layer *l)
{
    return l->op == MNQ_L_CONV ? l->kw * l->c : l->c;
}

/** Whether image_mve.c serves a packed layer: runs of 16 bytes and windows of 32 at most. */
static inline int mnq_mve_image(const struct mnq_layer *l)
{
    return l->op == MNQ_L_CONV && !l->in16 && mnq_mve_run(l) <= 16 && l->kh * mnq_mve_run(l) <= 32 && l->ow >= 4;
}

/** Values of a vector: 16 int8 by int8, else 8 int16. */
static inline int32_t mnq_mve_lanes(const struct mnq_layer *l)
{
    if (l->wtype == MNQ_W_S16 || l->in16) return MNQ_MVE_LANES;
    return l->op != MNQ_L_CONV || mnq_mve_run(l) % 16 == 0 || mnq_mve_image(l) ? 16 : MNQ_MVE_LANES;
}

static inline int32_t mnq_mve_vectors(const struct mnq_layer *l)
{
    const int32_t n = mnq_mve_runs(l) * mnq_mve_run(l);

    return mnq_mve_lanes(l) == 16 ? (n + 15) / 16 : (n + 7) / 8;
}

/** Whether runs begin in the middle of vectors, and vectors that hold one run. */
static inline int mnq_mve_ragged(const struct mnq_layer *l)
{
    return mnq_mve_runs(l) > 1 && mnq_mve_run(l) % MNQ_MVE_LANES != 0 && !mnq_mve_image(l);
}

static inline int32_t mnq_mve_run_vectors(const struct mnq_layer *l)
{
    return mnq_mve_lanes(l) == 16 ? (mnq_mve_run(l) + 15) / 16 : (mnq_mve_run(l) + 7) / 8;
}

/** Pointers to rows of a window that a call keeps; an even number of them. */
static inline int32_t mnq_mve_rows_kept(const struct mnq_layer *l)
{
    return (l->kh + 1) / 2 * 2;
}

/** Columns of the input that four windows of image_mve.c reach over, and its scratch. Plain C. */
static inline int32_t mnq_mve_columns(const struct mnq_layer *l)
{
    return 3 * l->sw + l->kw;
}

size_t mnq_mve_image_scratch(const struct mnq_layer *l);

/** Bytes of a record. */
static inline size_t mnq_mve_record(const struct mnq_layer *l)
{
    const size_t bytes = l->wtype == MNQ_W_S4 ? 1 : l->wtype == MNQ_W_S8 ? 2 : 4; /* of a lane */

    return (size_t)(mnq_mve_vectors(l) * mnq_mve_lanes(l)) * bytes + MNQ_MVE_AFTER;
}

#endif
