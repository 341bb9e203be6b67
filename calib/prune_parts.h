/* SPDX-License-Identifier: Apache-2.0
 * Between the parts of pruning. */
#ifndef MNQ_PRUNE_PARTS_H
#define MNQ_PRUNE_PARTS_H

#include "prune.h"

/** Never more of a layer than this: a layer without weights would cut the network in two. */
#define MNQ_PRUNE_MOST 0.98

/** One pruning under way. */
struct mnq_pruning {
    const struct mnq_graph *legal;
    struct mnq_graph *out;
    const struct mnq_prune_opts *o;
    struct mnq_prune_report *r;
    struct mnq_arena *arena;
    mnq_progress *progress;
    void *progress_ctx;
    double *fixed;      /* [n_layers] ratio that a rule sets, < 0: none */
    int64_t want;       /* zeros in all layers together */
    int64_t *want_here; /* [n_layers] zeros, -1: free */
};

/** Zeros that a pattern forces on a layer in which it holds everywhere. */
int64_t mnq_prune_implied(const struct mnq_prune_layer *l);

/** Most zeros that a layer may get. */
int64_t mnq_prune_limit(const struct mnq_prune_layer *l);

/** Masks by magnitude alone: zeroes weights of p->out. */
int mnq_prune_magnitude(struct mnq_pruning *p, struct mnq_err *e);

#endif
