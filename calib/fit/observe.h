/* SPDX-License-Identifier: Apache-2.0
 * The float pass over the sample data: histograms of every tensor, and a few samples held back for later steps. */
#ifndef MNQ_OBSERVE_H
#define MNQ_OBSERVE_H

#include "calib_opts.h"
#include "dataset.h"
#include "logits.h"
#include "pack/qmodel.h"
#include "util/progress.h"
#include "quantize/hist.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Statistics of all samples, and `held` samples spread evenly over them. Memory does not grow with the sample count. */
struct mnq_stats {
    struct mnq_hist *hist; /* [g->n], outputs */
    double *pre_max;       /* [g->n], largest |pre-activation| */
    int samples;
    int held;       /* samples kept */
    uint8_t *input; /* [held] pictures */
    size_t input_bytes;
    int channels;            /* of the pictures */
    int64_t **pre_q30;       /* [g->n]: [held][C] mean pre-activation times 2^30; NULL for nodes without weights */
    struct mnq_logits judge; /* the network's logits */
    float *logits;           /* [held][judge.n] */
    int *label;              /* [held] classes; NULL if the data does not name as many as the network tells apart */
};

/**
 * Runs the float graph over the samples (o->samples of them, evenly spaced; 0 = all) on o->threads threads.
 * max_held   upper limit for stats->held
 * The result is the same for any number of threads. Arrays are in arena.
 */
int mnq_observe_run(const struct mnq_graph *g, const struct mnq_dataset *data, const struct mnq_preprocess *p,
                    const struct mnq_calib_opts *o, int max_held, struct mnq_stats *stats, struct mnq_arena *arena,
                    mnq_progress *progress, void *progress_ctx, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
