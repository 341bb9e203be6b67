/* SPDX-License-Identifier: Apache-2.0
 * How a model stores its weights: format, bytes and zeros, layer by layer and in all. */
#ifndef MNQ_STORED_H
#define MNQ_STORED_H

#include "subject.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Formats that a report tells apart; BINARY with its number of bases. */
enum mnq_stored_format {
    MNQ_STORED_NONE, /* no weights, or the channel weights of an addition, which are arithmetic */
    MNQ_STORED_FLOAT,
    MNQ_STORED_INT16,
    MNQ_STORED_INT8,
    MNQ_STORED_INT4,
    MNQ_STORED_SPARSE,
    MNQ_STORED_SPARSE4,
    MNQ_STORED_TERNARY,
    MNQ_STORED_BINARY,
    MNQ_STORED_XNOR,
    MNQ_STORED_FORMATS
};

/** One layer. */
struct mnq_stored_layer {
    const char *name;
    enum mnq_stored_format format;
    int bases;       /* BINARY */
    bool pointwise;  /* 1x1 convolution or dense */
    int64_t weights; /* dense count, without biases */
    int64_t zeros;   /* of them */
    int64_t bytes;   /* mnq_qlayer_weight_bytes(): as the file holds them */
    int64_t macs;
};

/** A whole model. Integer: one row per layer of the file, in its order. Float: the raw graph's layers that have weights. */
struct mnq_stored {
    struct mnq_stored_layer *layer;
    int n;
    int64_t weights, bytes, macs;
    int64_t weights_1x1, zeros_1x1;         /* of pointwise layers: integer zeros, or exact float zeros */
    int64_t weights_as[MNQ_STORED_FORMATS]; /* weights by format */
};

/** Counts; 0, or -1 when out of memory. */
int mnq_stored_read(const struct mnq_subject *s, struct mnq_stored *out, struct mnq_arena *arena, struct mnq_err *e);

/** "int8", "sparse", "float", ...; "" for NONE. */
const char *mnq_stored_name(enum mnq_stored_format f);

/** Bits per weight of the dense count: 8 bytes / weights; NaN without weights. Float models have 32. */
double mnq_stored_bits(int64_t bytes, int64_t weights);

#ifdef __cplusplus
}
#endif
#endif
