/* SPDX-License-Identifier: Apache-2.0
 * Parts of the samples, as stand-ins for data that the network was not trained on, and what they say of a change's price.
 *
 * Calibration data is often training data: the network is right there, sure of it, and a change of the weights turns few of
 * its decisions. A part of a picture is new to the network, and its confidence in it is that of the real world. */
#ifndef MNQ_VIEWS_H
#define MNQ_VIEWS_H

#include "observe.h"
#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Views of the held samples: 2/3 of each side, centre or a corner in turn, resized to the input. */
struct mnq_views {
    const struct mnq_graph *g;
    const struct mnq_preprocess *p;
    const struct mnq_stats *stats;
    int per, threads;   /* views of each sample */
    float *want;        /* [held * per][stats->judge.n], the float network's */
    double temperature; /* of its probabilities, drop.h; 1 without labels */
};

/**
 * Runs the float network over `per` views of each sample (1 .. 5 differ). Arrays are in arena; what is pointed to must stay.
 * The same for any number of threads.
 */
int mnq_views_make(const struct mnq_graph *g, const struct mnq_preprocess *p, const struct mnq_stats *stats, int per,
                   int threads, struct mnq_views *v, struct mnq_arena *arena, mnq_progress *progress, void *progress_ctx,
                   struct mnq_err *e);

/** Points that q, a lowering of the same graph, is expected to lose: mnq_task_drop() on the views. */
int mnq_views_drop(const struct mnq_views *v, const struct mnq_qmodel *q, double *drop, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
