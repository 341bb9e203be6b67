/* SPDX-License-Identifier: Apache-2.0
 * A list of independent trials, run by an engine: one after the other here, or dealt out. */
#ifndef MNQ_TRIALS_H
#define MNQ_TRIALS_H

#include "journal.h"
#include "util/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Runs one trial. 0, also where its recipe is to blame that nothing comes of it (UNFIT); -1 with e: nothing further should
 * run. */
typedef int mnq_trial_run(void *ctx, const struct mnq_trial *t, struct mnq_trial_result *r, struct mnq_err *e);

/** Takes the result of trial i, in any order; -1 stops the engine. */
typedef int mnq_trial_take(void *ctx, int i, const struct mnq_trial_result *r, struct mnq_err *e);

/** How trials are run. */
struct mnq_trial_engine {
    /**
     * Calls run for every trial, here or elsewhere, and take for every result, here and one at a time, until all have run or
     * `deadline` (of mnq_trials_now(); 0: none) passed before the next began.
     */
    int (*map)(void *self, const struct mnq_trial *t, int n, mnq_trial_run *run, void *run_ctx, mnq_trial_take *take,
               void *take_ctx, double deadline, struct mnq_err *e);
    void *self;
};

/** One after the other; over several processes, each by the one that is free next (mnq_spread_tasks()). */
extern const struct mnq_trial_engine mnq_trials_here;

/** Seconds of a clock that only runs forward. */
double mnq_trials_now(void);

/**
 * Results of all trials: those that the journal knows (NULL: there is none), and those that run now, which it gets.
 * r       [n]; state OPEN: the deadline was before it
 * return  0, or -1 with e
 */
int mnq_trials_run(const struct mnq_trial *t, int n, struct mnq_trial_result *r, struct mnq_journal *journal,
                   const struct mnq_trial_engine *engine, mnq_trial_run *run, void *run_ctx, double deadline,
                   struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
