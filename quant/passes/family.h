/* SPDX-License-Identifier: Apache-2.0
 * Channels that stand or fall together: what an activation, a depthwise layer, a sum or a product ties channel by channel.
 */
#ifndef MNQ_FAMILY_H
#define MNQ_FAMILY_H

#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Tensors whose channels are the same ones. */
struct mnq_family {
    int channels;
    bool fixed;       /* all of them stay: the input, an output, or an operator that mixes or moves channels is among them */
    int *writer;      /* [n_writers] convolutions and dense layers that make them, rising */
    int *reader;      /* [n_readers] convolutions and dense layers that read them, rising */
    int *channelwise; /* [n_channelwise] depthwise layers among them, rising */
    int n_writers, n_readers, n_channelwise;
};

struct mnq_families {
    struct mnq_family *family; /* by their first node */
    int n;
    int *of; /* [g->n] the family of a node's output */
};

/** The families of a raw or legal graph with shapes; arrays in arena. 0, or -1 with e (out of memory). */
int mnq_families_of(const struct mnq_graph *g, struct mnq_families *f, struct mnq_arena *arena, struct mnq_err *e);

/**
 * Where the families of a legal graph are in the raw one that it came from; what cannot be cut there becomes fixed here.
 * at      [legal_f->n] family of raw_f, -1: fixed
 * return  0, or -1 with e (out of memory)
 */
int mnq_families_match(const struct mnq_graph *raw, const struct mnq_families *raw_f, const struct mnq_graph *legal,
                       struct mnq_families *legal_f, int *at, struct mnq_err *e);

/**
 * The graph without the channels that leave: fewer outputs of their writers, inputs of their readers, channels of what lies
 * between.
 * gone   [f->n] each NULL (all stay) or [channels], nonzero: leaves; of fixed families NULL; one stays at least
 * out    arrays that change are new, in arena; names and paths are g's. Gains of folding are dropped: its weights cannot be
 *        restored into the source any more
 * return 0, or -1 with e
 */
int mnq_narrow(const struct mnq_graph *g, const struct mnq_families *f, const unsigned char *const *gone,
               struct mnq_graph *out, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
