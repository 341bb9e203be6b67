/* SPDX-License-Identifier: Apache-2.0
 * What the loader proves before anything runs. */
#ifndef MNQ_CHECK_H
#define MNQ_CHECK_H

#include "record.h"

/** What an operator allows or demands. */
enum {
    MNQ_R_WEIGHTS_S8 = 1,
    MNQ_R_WEIGHTS_S16 = 2,
    MNQ_R_TWO_INPUTS = 4,
    MNQ_R_WINDOW = 8, /* kernel and strides */
    MNQ_R_PADDING = 16,
    MNQ_R_MULTIPLIER = 32,   /* depth multiplier */
    MNQ_R_INPUT_U8 = 64,     /* beside S8 and S16 */
    MNQ_R_ONLY_S16 = 128,    /* input and output */
    MNQ_R_PER_CHANNEL = 256, /* bias, m and r per output channel, then an activation */
    MNQ_R_COMPRESSED = 512,  /* weights may be S4, SPARSE, SPARSE4, BINARY or XNOR */
    MNQ_R_MARGIN = 1024,     /* windows may reach over the border, where nothing counts */
    MNQ_R_SELECT = 2048,     /* one input or two; weights may be MAP */
    MNQ_R_BLOCKS = 4096      /* kernel: pixels that stand for one */
};

/** The rules of a known operator. */
unsigned mnq_rules_of(uint8_t op);

/** FORMAT.md, TENS: every field of every tensor. On failure m->bad is the tensor. */
enum mnq_status mnq_check_tensors(struct mnq_model *m);

/**
 * Bytes of arrays that proving layer i looks at, at most; the tensors that it names are there. The same array counts for
 * every layer that names it: FORMAT.md, DATA, has the sum.
 */
uint64_t mnq_proof_bytes(const struct mnq_model *m, unsigned i);

/** FORMAT.md, LAYR: every field of every layer, with the two checks below. On failure m->bad is the layer. */
enum mnq_status mnq_check_layers(struct mnq_model *m);

/** FORMAT.md, DATA: the arrays of layer i, whose other fields were validated, are there and inside DATA. */
enum mnq_status mnq_check_arrays(const struct mnq_model *m, unsigned i);

/**
 * FORMAT.md, compressed weights: the bytes that the weights of a PW layer of type S4, SPARSE, SPARSE4, BINARY or XNOR
 * take. The fields of the record but for its arrays were validated. The bitmap of SPARSE and SPARSE4 is counted; if it is not inside DATA, its own
 * bytes are all that is returned. c, oc  channels of input and output
 */
uint64_t mnq_compressed_bytes(const struct mnq_model *m, const struct mnq_record *rec, uint32_t c, uint32_t oc);

/**
 * FORMAT.md and NUMERICS.md section 4: compressed weights and coefficients are in their ranges, bits and nibbles behind the
 * last are 0, and no accumulator leaves 32 bits.
 * l  a PW layer whose weights have their size and place
 * a  magnitude of the input
 */
enum mnq_status mnq_check_compressed(const struct mnq_layer *l, uint32_t a);

/**
 * NUMERICS.md section 1: what bounds |q| of the inputs of layer i, whose record and whose predecessors were validated.
 * a  filled with the magnitudes of inputs 0 and 1 (0 if there is none); padding counts as part of input 0
 */
void mnq_magnitudes(const struct mnq_model *m, unsigned i, uint32_t a[2]);

/**
 * NUMERICS.md sections 4 to 7: S8 and S16 weights are in their ranges and no accumulator leaves 32 bits; MUL has no bias.
 * l  an ordinary layer (not SOFTMAX, LOGISTIC) with its arrays in place
 * a  magnitudes of the inputs
 */
enum mnq_status mnq_check_bounds(const struct mnq_layer *l, const uint32_t a[2]);

/**
 * NUMERICS.md: the values of layer i, whose record was validated, are in their ranges and no accumulator
 * leaves 32 bits.
 */
enum mnq_status mnq_check_values(const struct mnq_model *m, unsigned i);

/**
 * Layers *first .. *last - 1 run while tensor i is needed: those after its writer up to its last reader.
 * return  0 if it is read before it is written, or not written by exactly one layer (the input: by none)
 */
int mnq_tensor_life(const struct mnq_model *m, unsigned i, unsigned *first, unsigned *last);

/**
 * The static memory plan: every tensor is written before it is read, by one layer, and nothing that is
 * still needed is overwritten. On failure m->bad is a tensor. Quadratic in tensors and layers.
 */
enum mnq_status mnq_check_plan(struct mnq_model *m);

/**
 * A plan of stages, after mnq_check_plan(): run without data. No row is read before it is made or after it is overwritten,
 * and every layer makes all of its rows. Linear in the plan.
 * pushed  the picture arrives by rows
 */
enum mnq_status mnq_check_stages(const struct mnq_model *m, const struct mnq_plan *p, int pushed);

#endif
