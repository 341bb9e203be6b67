/* SPDX-License-Identifier: Apache-2.0
 * How many weights leave each output of a layer. */
#ifndef MNQ_PRUNE_CHOOSE_H
#define MNQ_PRUNE_CHOOSE_H

#include "prune_fit.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A step of an output's trace: how many leave, at which rate of error. */
struct mnq_fit_step {
    double rate;
    int output, count;
};

/** The steps of all outputs, by rising rate. */
struct mnq_fit_steps {
    struct mnq_fit_step *step;
    size_t n;
};

/** Steps of a traced layer, in the arena; -1 without memory. */
int mnq_fit_steps(const struct mnq_fit *f, struct mnq_fit_steps *s, struct mnq_arena *arena);

/** How many leave each output for the least error with `zeros` of the layer's weights gone. */
void mnq_fit_choose(const struct mnq_fit *f, const struct mnq_fit_steps *s, int64_t zeros, int *per_output);

#ifdef __cplusplus
}
#endif
#endif
