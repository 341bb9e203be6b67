/* SPDX-License-Identifier: Apache-2.0
 * A graph on its way through all samples, layer by layer.
 *
 * While a graph is changed from front to back, what the samples gave so far is kept where it fits in memory, so that the
 * next layer costs the next layer and not the whole network. */
#ifndef MNQ_PRUNE_STREAM_H
#define MNQ_PRUNE_STREAM_H

#include "dataset.h"
#include "graph/float_worker.h"
#include "util/spread.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Pictures in memory, evenly spaced over a dataset. */
struct mnq_pictures {
    uint8_t *pixels; /* [n][bytes] */
    size_t bytes;
    int n;
    struct mnq_preprocess preprocess;
    const int *label; /* [n] class numbers, -1 unknown; NULL: the data has none */
    int classes;      /* of the data, 0 without labels */
    bool names;       /* they have names, so all are there */
};

/** Loads at most `most` samples (0: all), and their labels. Arrays are in the arena. */
int mnq_pictures_load(const struct mnq_dataset *d, const struct mnq_preprocess *p, struct mnq_shape input, int most,
                      int threads, struct mnq_pictures *out, struct mnq_arena *arena, struct mnq_err *e);

/** Opaque. */
struct mnq_stream;

/**
 * Called for every sample when a node has been computed.
 * pre     the node's output before its activation, out.h * out.w * out.c floats, valid during the call
 * x       for the tensors of the node's inputs: mnq_exec_tensor()
 */
typedef void mnq_visit(void *ctx, int sample, int worker, const float *pre, struct mnq_exec *x);

/** g stays the caller's; its weights may change between calls unless they are `constant`. budget: bytes for what is kept. */
struct mnq_stream *mnq_stream_new(const struct mnq_graph *g, const struct mnq_pictures *s, int threads, size_t budget,
                                  bool constant, struct mnq_err *e);
void mnq_stream_free(struct mnq_stream *s);

enum { MNQ_STREAM_PARTS = 4 };

/** From now on only the last of every `every` samples is run; nothing is kept then. */
void mnq_stream_only(struct mnq_stream *s, int every);

/**
 * Computes `node` for all samples and visits it.
 * settled  nodes up to this one (<= node) will not change any more: their results may be kept; -1: none
 * part     [n_parts] what visits leave behind, an item for each sample; at most MNQ_STREAM_PARTS
 */
int mnq_stream_run(struct mnq_stream *s, int node, int settled, mnq_visit *visit, void *ctx,
                   const struct mnq_spread_part *part, int n_parts, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
