/* SPDX-License-Identifier: Apache-2.0
 * What a stage costs in memory and calls. */
#ifndef MNQ_STAGE_COST_H
#define MNQ_STAGE_COST_H

#include "pack/stage_net.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A whole tensor that the stage uses up, and one that it makes: the second may lie at most `shift` bytes behind the first.
 */
struct mnq_stage_pair {
    int dying, made; /* tensors; -1: none */
    int64_t shift;   /* multiple of 16, may be negative */
    uint64_t saved;  /* bytes */
};

/** What stages that begin with one layer cost. */
struct mnq_stage_costs {
    uint64_t rows[MNQ_STAGE_MOST + 1]; /* [n] bytes of n layers in bands */
    int64_t work[MNQ_STAGE_MOST + 1];
    uint64_t whole; /* bytes of the first layer alone, at once */
};

/** Bytes of tensor t. */
uint64_t mnq_stage_whole(const struct mnq_stage_net *n, int t);

/** Bytes of scratch that layers a .. b - 1 share. */
uint64_t mnq_stage_scratch(const struct mnq_stage_net *n, int a, int b);

/** Rows of tensor t's ring in a stage a .. b - 1 that s has run; all of them if it is needed whole. */
int mnq_stage_ring(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int b, int t);

/** The pair of a stage a .. b - 1 that saves most. return 0, or -1 without memory */
int mnq_stage_best_pair(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int b, struct mnq_stage_pair *best);

/** Costs of all stages that begin with s->a. return 0, or -1 without memory */
int mnq_stage_costs(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, struct mnq_stage_costs *c);

#ifdef __cplusplus
}
#endif
#endif
