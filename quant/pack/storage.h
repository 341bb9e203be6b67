/* SPDX-License-Identifier: Apache-2.0
 * Which 1x1 layers are stored sparse: by bytes, or by what the generic kernels take. */
#ifndef MNQ_STORAGE_H
#define MNQ_STORAGE_H

#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What decides; a layer is never stored sparse when that takes more bytes. */
enum mnq_storage_mode {
    MNQ_STORAGE_BYTES, /* sparse whenever it is smaller, of 4 bits by an eighth */
    MNQ_STORAGE_SPEED, /* sparse where it is smaller and expected to be faster */
    MNQ_STORAGE_DENSE  /* never */
};

/** One 1x1 or dense layer that has the choice. */
struct mnq_storage_layer {
    int layer;                      /* index in the model */
    double zeros;                   /* share of weights that are 0 */
    int64_t bytes_dense;            /* as int8, or int4 where the layer is that */
    int64_t bytes_sparse;           /* bitmap and non-zeros with the best block length */
    int block;                      /* that block length, 1..16 */
    double time_dense, time_sparse; /* expected, in multiply-accumulates of the dense generic kernel */
    double even_bytes, even_time;   /* share of scattered zeros from which sparse is smaller, is faster; above 1: never */
    bool sparse;                    /* the choice */
};

struct mnq_storage_report {
    struct mnq_storage_layer *layer; /* in order, in the model's arena */
    int n;
    int64_t bytes_dense, bytes_chosen; /* over these layers */
};

/** The weight type that the weights of a sparse type have without a bitmap; others as they are. */
uint8_t mnq_storage_dense(uint8_t wtype);

/**
 * Chooses between dense and sparse for every PW layer of S8, S4, SPARSE or SPARSE4 weights: bits of a weight stay; sets wtype
 * and block. The weights and
 * the outputs stay what they are. Before planning or after, before packing.
 */
int mnq_choose_storage(struct mnq_qmodel *q, enum mnq_storage_mode mode, struct mnq_storage_report *report,
                       struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
