/* SPDX-License-Identifier: Apache-2.0
 * Structured pruning: whole channels leave, the layers that read them make up for it, and the network is really narrower. */
#ifndef MNQ_CHANNELS_H
#define MNQ_CHANNELS_H

#include "dataset.h"
#include "prune_layer.h"
#include "passes/family.h"
#include "util/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_channel_opts {
    double ratio; /* share of all multiplications that leaves at least, in (0, 1) */
    int samples;  /* use at most this many, evenly spaced; 0 = MNQ_PRUNE_SAMPLES */
    int threads;
    const struct mnq_task *task; /* what the outputs mean, [mnq_graph_outputs()]; NULL: mnq_task_infer() */
};

/** Channels that stand or fall together. */
struct mnq_channel_group {
    const char *name; /* the first layer that makes them */
    int family;       /* of legal_f */
    int writers;      /* layers that make them: several meet in sums */
    int channels, left;
    int64_t saves; /* multiplications that one of them takes, all others there */
};

struct mnq_channel_report {
    struct mnq_channel_group *group; /* those that may lose channels, in order */
    int n_groups;
    int64_t macs_before, macs_after;
    int samples; /* 0 without data */
    struct mnq_calib_pass *pass;
    int n_passes;
    double error; /* noise over signal power at the logits, on held-back samples; NaN without data */
    struct mnq_bound drop;
    const char *no_estimate; /* why the samples that judge cannot tell it, or NULL */
};

/** A cut through the channels of a network. */
struct mnq_channels {
    struct mnq_families raw_f, legal_f;
    int *at;              /* [legal_f.n] family of raw_f, -1: all stay */
    unsigned char **gone; /* [legal_f.n] NULL: all stay */
};

/**
 * Chooses channels and fits what remains.
 * raw, legal  as imported, and mnq_graph_legalize() of it; not modified
 * data        samples (labels are not used), read through p; NULL: the smallest columns of weights go, nothing makes up
 * out         a graph with the nodes and shapes of `legal`: columns of weights that read a channel that leaves are zero.
 *             It may be tuned before it is cut
 * return      0, or -1 with e: nothing that can be cut, a ratio that cannot be reached, no samples
 * The same result for any number of threads.
 */
int mnq_prune_channels(const struct mnq_graph *raw, const struct mnq_graph *legal, const struct mnq_dataset *data,
                       const struct mnq_preprocess *p, const struct mnq_channel_opts *o, struct mnq_graph *out,
                       struct mnq_channels *cut, struct mnq_channel_report *r, struct mnq_arena *arena,
                       mnq_progress *progress, void *progress_ctx, struct mnq_err *e);

/**
 * The raw graph with the weights of `out`, without the channels that leave: for mnq_keras_make().
 * return  0, or -1 with e (out of memory, a value that is not finite)
 */
int mnq_channels_cut(const struct mnq_graph *raw, const struct mnq_graph *legal, const struct mnq_graph *out,
                     const struct mnq_channels *cut, struct mnq_graph *narrow, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
