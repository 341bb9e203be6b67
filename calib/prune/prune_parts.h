/* SPDX-License-Identifier: Apache-2.0
 * Between the parts of pruning. */
#ifndef MNQ_PRUNE_PARTS_H
#define MNQ_PRUNE_PARTS_H

#include "logits.h"
#include "prune_fit.h"
#include "prune_layer.h"
#include "split.h"
#include "util/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

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
    /* with data */
    struct mnq_pictures pictures;
    struct mnq_logits judge; /* the dense network's logits */
    float *logits;           /* [pictures.n][judge.n] */
    int64_t *zeros;          /* [n_layers] what was chosen */
    double damping;          /* of all fits */
};

/** Every MNQ_PRUNE_HOLDOUT-th sample is fitted to by nothing: it judges, here and in what follows (split.h). */
enum { MNQ_PRUNE_HOLDOUT = MNQ_SPLIT_FOLDS };

/** Bytes of tensors that each of the two streams may keep. */
#define MNQ_PRUNE_BUDGET ((size_t)400 << 20)

/** The samples, and what the dense network makes of them: p->pictures, judge, logits. */
int mnq_prune_look(struct mnq_pruning *p, const struct mnq_dataset *data, const struct mnq_preprocess *pp,
                   struct mnq_err *e);

/** What p->out is expected to lose: p->r->drop. */
int mnq_prune_expect(struct mnq_pruning *p, struct mnq_err *e);

/** Moves the bias of node i of p->out so that its mean pre-activation is the dense network's. */
int mnq_prune_correct_bias(struct mnq_pruning *p, struct mnq_stream *dense, struct mnq_stream *now, int i,
                           struct mnq_err *e);

/** How the weights of a node are fitted. */
struct mnq_fit_opts mnq_prune_fit_opts(const struct mnq_pruning *p, int node);

/** Copies all weights and biases from one graph to another with the same nodes. */
void mnq_prune_copy_weights(const struct mnq_graph *from, struct mnq_graph *to);

/** Rows for a layer with so many inputs. */
size_t mnq_prune_rows(int inputs);

/** Noise over signal power of g's logits against the dense ones, on held-back samples. */
int mnq_prune_logits_error(struct mnq_pruning *p, const struct mnq_graph *g, double *error, struct mnq_err *e);

/** Chooses p->zeros of the free layers by the error that each layer alone adds at the logits. */
int mnq_prune_allocate(struct mnq_pruning *p, struct mnq_err *e);

/** Layer after layer: p->zeros of every layer by OBS, everything else fitted anew. */
int mnq_prune_sequential(struct mnq_pruning *p, struct mnq_err *e);

/** Masks by magnitude alone: zeroes weights of p->out. */
int mnq_prune_magnitude(struct mnq_pruning *p, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
