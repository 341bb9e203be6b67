/* SPDX-License-Identifier: Apache-2.0
 * Pruning: weights of 1x1 and dense layers become zero, the others make up for them as far as they can. */
#ifndef MNQ_PRUNE_H
#define MNQ_PRUNE_H

#include "dataset.h"
#include "prune_layer.h"
#include "util/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Prunes a legal graph.
 * legal   from mnq_graph_legalize(), not modified
 * data    samples for OBS (labels are not used), read through p; NULL for MAGNITUDE without error measurement
 * out     a graph with the same nodes; changed arrays are its own, in arena
 * return  0, or -1 with e: the ratio cannot be reached, a ratio that the pattern does not allow, nothing to prune, no
 * samples The same result for any number of threads.
 */
int mnq_prune(const struct mnq_graph *legal, const struct mnq_dataset *data, const struct mnq_preprocess *p,
              const struct mnq_prune_opts *o, struct mnq_graph *out, struct mnq_prune_report *r, struct mnq_arena *arena,
              mnq_progress *progress, void *progress_ctx, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
