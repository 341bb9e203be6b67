/* SPDX-License-Identifier: Apache-2.0
 * What the float network makes of the held samples: pre-activations at sampled pixels, the targets of the re-fit. */
#ifndef MNQ_TARGETS_H
#define MNQ_TARGETS_H

#include "observe.h"
#include "quantize/lower.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Which pixels of a node's output are looked at; the same for integers and floats. */
struct mnq_pixels {
    size_t per;    /* of every sample */
    size_t pixels; /* the node has */
};

/** Which samples are held back from fitting: the at-th of every `every` (0 or 1: none), 0 <= at < every. */
struct mnq_split {
    int every, at;
};

static inline bool mnq_held_back(struct mnq_split p, int s)
{
    return p.every > 1 && s % p.every == p.at;
}

/** How many of n samples are fitted to, and the j-th of them. */
static inline int mnq_fit_count(int n, struct mnq_split p)
{
    return p.every > 1 ? n - (n + p.every - 1 - p.at) / p.every : n;
}
static inline int mnq_fit_sample(int j, struct mnq_split p)
{
    if (p.every <= 1) return j;
    int group = j / (p.every - 1), k = j % (p.every - 1);
    return group * p.every + k + (k >= p.at);
}

/** Pixels of node i's output for `samples` samples: enough rows for the rank of its Gram matrix, few enough to be quick. */
struct mnq_pixels mnq_pixels_for(const struct mnq_graph *g, int node, int samples);

/** The k-th of sample s; spread evenly, another offset in each sample. */
size_t mnq_pixel(const struct mnq_pixels *p, int s, size_t k);

/** Targets of as many layers as fit the memory set aside; the float network runs again for the next ones. */
struct mnq_targets;

/**
 * samples  fitted ones: mnq_fit_sample(0 .. samples - 1, split) of the held ones
 * return   NULL with e
 */
struct mnq_targets *mnq_targets_new(const struct mnq_lowering *l, const struct mnq_stats *stats, int samples,
                                    struct mnq_split split, int threads, struct mnq_err *e);
void mnq_targets_free(struct mnq_targets *t);

/**
 * Pre-activations of a 1x1 or dense node: [samples][per][C_out], mnq_pixels_for() rows. Nodes are asked for in rising order.
 * NULL with e.
 */
const float *mnq_targets_of(struct mnq_targets *t, int node, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
