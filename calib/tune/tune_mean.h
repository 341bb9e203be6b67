/* SPDX-License-Identifier: Apache-2.0
 * The running mean of what is trained: steady where single steps are not (Polyak and Juditsky 1992). */
#ifndef MNQ_TUNE_MEAN_H
#define MNQ_TUNE_MEAN_H

#include "train/backward.h"
#include "train/train_grid.h"
#include "util/err.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One array that is trained, and its mean. */
struct mnq_tune_mean_part {
    float *live, *mean;
    size_t n;
};

struct mnq_tune_mean {
    const struct mnq_training *t;
    struct mnq_train_grid *const *grid; /* [g->n] or NULL: weights seen on a grid, of those values and levels have means */
    struct mnq_tune_mean_part *part;
    int n, steps;
    int window; /* steps that a mean reaches back, about; 1: the mean is the last step */
};

/** Means that begin with what there is. 0, or -1 with e: out of memory. */
int mnq_tune_mean_init(struct mnq_tune_mean *m, const struct mnq_training *t, struct mnq_train_grid *const *grid, int window,
                       struct mnq_arena *arena, struct mnq_err *e);

/** Begins anew with what there is. */
void mnq_tune_mean_restart(struct mnq_tune_mean *m);

/** After a step. */
void mnq_tune_mean_add(struct mnq_tune_mean *m);

/** Puts the means where the network's weights are, and those in their place; once more puts everything back. */
void mnq_tune_mean_swap(struct mnq_tune_mean *m);

#ifdef __cplusplus
}
#endif
#endif
