/* SPDX-License-Identifier: Apache-2.0
 * Between the parts of structured pruning. */
#ifndef MNQ_CHANNEL_PARTS_H
#define MNQ_CHANNEL_PARTS_H

#include "channels.h"
#include "prune_parts.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Numbers of channels that are tried, of each group. */
enum { MNQ_CHANNEL_LEVELS = 9 };

/** A group while its channels are chosen. */
struct mnq_channel_choice {
    int *order;                            /* [channels] in which they would leave */
    double *error;                         /* [channels] by its readers' own measure once that many have left */
    int levels, leave[MNQ_CHANNEL_LEVELS]; /* how many channels, rising from 0 */
    double cost[MNQ_CHANNEL_LEVELS];       /* noise over signal that this alone makes at the logits (without data: error) */
    float **w[MNQ_CHANNEL_LEVELS], **b[MNQ_CHANNEL_LEVELS]; /* [readers] of its readers at that level; level 0: NULL */
};

struct mnq_channel_work {
    struct mnq_pruning *p;
    struct mnq_channels *cut;
    struct mnq_channel_report *r;
    struct mnq_channel_choice *choice; /* [n_groups] */
};

static inline const struct mnq_family *mnq_channel_family(const struct mnq_channel_work *x, int group)
{
    return &x->cut->legal_f.family[x->r->group[group].family];
}

/** One layer that reads a group, for mnq_channel_order(). */
struct mnq_channel_reader {
    double *inverse; /* [n][n] of its damped covariance, destroyed; NULL: the identity */
    double *w;       /* [n][outputs], destroyed */
    int outputs;
    double weight; /* of its error */
};

/**
 * In which order n channels leave by the surgeon's measure: the one next whose loss, after all weights behind it are fitted
 * anew, adds least to the readers' errors.
 * order, error  [n]; the last is never asked for and comes last
 */
int mnq_channel_order(struct mnq_channel_reader *reader, int n_readers, int n, int *order, double *error, struct mnq_err *e);

/** With data: order, levels and cost of every group. */
int mnq_channel_probe(struct mnq_channel_work *x, struct mnq_err *e);

/** Front to back: readers of what was cut fitted anew to the dense network, everything behind them too. */
int mnq_channel_refit(struct mnq_channel_work *x, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
