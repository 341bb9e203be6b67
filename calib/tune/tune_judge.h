/* SPDX-License-Identifier: Apache-2.0
 * Judging a student by pictures that it does not learn from. */
#ifndef MNQ_TUNE_JUDGE_H
#define MNQ_TUNE_JUDGE_H

#include "tune_cache.h"
#include "train/trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The student as its weights stand, on the records of the cache that judge, in the trainer's workspaces. */
int mnq_tune_judge(const struct mnq_tune_cache *c, struct mnq_trainer *t, int threads, struct mnq_tune_held *held,
                   struct mnq_err *e);

/** Whether pictures that nothing was fitted to say clearly: the divergence fell by 5 %, and the agreement did not fall. */
bool mnq_tune_better(const struct mnq_tune_held *before, const struct mnq_tune_held *after);

#ifdef __cplusplus
}
#endif
#endif
