/* SPDX-License-Identifier: Apache-2.0
 * Writes .mnq files in memory from field values, right or wrong: FORMAT.md for tests, without the packer. */
#ifndef MNQ_BYTES_WRITER_H
#define MNQ_BYTES_WRITER_H

#include "kernels.h"
#include "mnq/mnq.h"

enum { MNQ_BYTES_MAX = 64 }; /* tensors, layers */

/** Absent array or second input, as the file spells it. */
#define MNQ_BYTES_NONE      0xffffffffu
#define MNQ_BYTES_NO_TENSOR 0xffffu

/** A TENS record. */
struct mnq_bytes_tensor {
    unsigned h, w, c, dtype;
    int32_t zp;
    uint32_t offset;
};

/** A LAYR record; arrays are offsets in DATA, from mnq_bytes_array(). */
struct mnq_bytes_layer {
    unsigned op, wtype, act, frac;
    unsigned in0, in1, out;
    unsigned kh, kw, sh, sw, pt, pl, pb, pr, mult;
    int32_t lo, hi;
    uint32_t weights, weights_size, bias, m, r, m2, r2, pad;
};

/** A model in the making; set fields freely before mnq_bytes_file(). Starts as {0}. */
struct mnq_bytes {
    struct mnq_bytes_tensor tensor[MNQ_BYTES_MAX];
    struct mnq_bytes_layer layer[MNQ_BYTES_MAX];
    unsigned n_tensors, n_layers, input, output;
    unsigned n_outs, outs[MNQ_BYTES_MAX]; /* further outputs; no section without */
    uint32_t arena_size;
    uint8_t *data;
    size_t data_size;
    uint32_t random; /* state of mnq_bytes_random() */
};

/** The operator of mnq_bytes_random_layer(); zero fields mean 1 (kernel, stride, mult) or none. */
struct mnq_bytes_op {
    unsigned op, wtype, act, in0, in1; /* in1: ADD and MUL */
    unsigned oc;                       /* CONV, PW; compressed weight types choose their `mult` */
    unsigned kh, kw, sh, sw, pt, pl, pb, pr, mult;
    unsigned wide_out; /* 1: the output is S16 */
    unsigned bits;     /* of a wide output: lo and hi; 0 means 16 */
};

/** Adds a tensor behind all others in the arena; returns its index. */
unsigned mnq_bytes_tensor(struct mnq_bytes *b, unsigned h, unsigned w, unsigned c, unsigned dtype, int32_t zp);

/** Adds count values of size 1, 2 or 4 bytes to DATA, little-endian, 16-byte aligned; returns their offset. */
uint32_t mnq_bytes_array(struct mnq_bytes *b, const void *values, size_t size, size_t count);

/** Adds a layer; returns its index. */
unsigned mnq_bytes_layer(struct mnq_bytes *b, const struct mnq_bytes_layer *l);

/**
 * Adds a layer with random weights whose accumulators hold and whose outputs spread over their range, and its output
 * tensor, which becomes the model's output. Returns the output tensor's index.
 */
unsigned mnq_bytes_random_layer(struct mnq_bytes *b, const struct mnq_bytes_op *op);

/** The next of a sequence of 24-bit random numbers. */
uint32_t mnq_bytes_random(struct mnq_bytes *b);

/** The file, 16-byte aligned, with its checksum; the caller frees it. */
uint8_t *mnq_bytes_file(const struct mnq_bytes *b, size_t *n);

/** Recomputes the checksum of a file of n bytes after bytes were changed. */
void mnq_bytes_seal(uint8_t *file, size_t n);

/** Frees what the builder holds (not the files it made). */
void mnq_bytes_free(struct mnq_bytes *b);

/**
 * A model of every operator, weight type, activation and combination of input types, about `channels` wide:
 * U8 h x w x 3 in, S16 probabilities out. Same seed, same bytes.
 */
void mnq_bytes_zoo(struct mnq_bytes *b, uint32_t seed, unsigned h, unsigned w, unsigned channels);

#endif
