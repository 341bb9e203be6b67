/* SPDX-License-Identifier: Apache-2.0
 * The file's fixed-size records, field by field as FORMAT.md lists them. */
#ifndef MNQ_RECORD_H
#define MNQ_RECORD_H

#include "kernels.h"
#include "mnq/mnq.h"
#include "variants.h"

enum {
    MNQ_HEADER_BYTES = 48,
    MNQ_SECTION_BYTES = 16,
    MNQ_TENSOR_BYTES = 32,
    MNQ_LAYER_BYTES = 64,
    MNQ_MAX_RECORDS = 4096, /* tensors, layers */
    MNQ_NO_TENSOR = 0xffff,
    MNQ_SHARED_TIMES = 8,      /* arrays of all layers: at most so many times DATA, */
    MNQ_SHARED_FREE = 4 << 20, /* and these bytes */
};

#define MNQ_NO_ARRAY 0xffffffffu

/** One LAYR record; offsets are into DATA. */
struct mnq_record {
    uint8_t op, wtype, act, frac;
    uint8_t kh, kw, sh, sw, pt, pl, pb, pr;
    uint16_t in0, in1, out, mult;
    int32_t lo, hi;
    uint32_t weights, weights_size;
    uint32_t bias, m, r, m2, r2, pad, table;
};

/** Reads layer record i, i < n_layers; nothing is validated. */
void mnq_record_read(const struct mnq_model *m, unsigned i, struct mnq_record *rec);

/** Whether tensor i is one of the outputs: kept to the end. */
int mnq_is_output(const struct mnq_model *m, unsigned i);

/** The three tensors of a layer; in1 may be MNQ_NO_TENSOR. */
struct mnq_links {
    unsigned in0, in1, out;
};

/** Reads nothing but the tensors of layer i. */
void mnq_links_read(const struct mnq_model *m, unsigned i, struct mnq_links *l);

/** Reads tensor record i, i < n_tensors; nothing is validated, `size` is cut to 32 bits. */
void mnq_tensor_read(const struct mnq_model *m, unsigned i, struct mnq_tensor *t);

/** Bytes of a tensor of this shape and type: may exceed 32 bits before validation. */
uint64_t mnq_tensor_bytes(const struct mnq_tensor *t);

/**
 * Layer i, whose record was validated, as the kernels want it.
 * offset  filled with the arena offsets of output, input 0 and input 1 (0 if there is none)
 */
void mnq_layer_read(const struct mnq_model *m, unsigned i, struct mnq_layer *l, uint32_t offset[3]);

/** The layer's kernel. An exported library has one table for all layers. */
static inline mnq_kernel *mnq_kernel_of(const struct mnq_model *m, const struct mnq_layer *l)
{
#if MNQ_FLASH
    return m->kernels->find(l);
#else
    return mnq_kernel_for(m->kernels, l);
#endif
}

#endif
