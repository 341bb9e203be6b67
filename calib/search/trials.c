/* SPDX-License-Identifier: Apache-2.0
 * A list of independent trials, run by an engine. */
#include "trials.h"
#include "util/spread.h"

#include <time.h>

double mnq_trials_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int one_by_one(void *self, const struct mnq_trial *t, int n, mnq_trial_run *run, void *run_ctx, mnq_trial_take *take,
                      void *take_ctx, double deadline, struct mnq_err *e)
{
    (void)self;
    for (int i = 0; i < n; i++) {
        struct mnq_trial_result r;
        if (deadline > 0 && mnq_spread_any(mnq_trials_now() >= deadline)) return 0;
        if (run(run_ctx, &t[i], &r, e) != 0 || take(take_ctx, i, &r, e) != 0) return -1;
    }
    return 0;
}

const struct mnq_trial_engine mnq_trials_here = {one_by_one, NULL};

struct taking {
    const struct mnq_trial *t;
    const int *place; /* of trial i in the whole list */
    struct mnq_trial_result *r;
    struct mnq_journal *journal;
};

static int take(void *ctx, int i, const struct mnq_trial_result *r, struct mnq_err *e)
{
    const struct taking *x = ctx;
    x->r[x->place[i]] = *r;
    return x->journal == NULL ? 0 : mnq_journal_add(x->journal, &x->t[i], r, e);
}

int mnq_trials_run(const struct mnq_trial *t, int n, struct mnq_trial_result *r, struct mnq_journal *journal,
                   const struct mnq_trial_engine *engine, mnq_trial_run *run, void *run_ctx, double deadline,
                   struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct mnq_trial *left = mnq_arena_array(&scratch, (size_t)n, sizeof *left);
    int *place = mnq_arena_array(&scratch, (size_t)n, sizeof *place), open = 0;
    int rc = left == NULL || place == NULL ? mnq_fail_nomem(e) : 0;
    for (int i = 0; rc == 0 && i < n; i++) {
        r[i] = mnq_trial_nothing();
        if (journal != NULL && mnq_journal_find(journal, &t[i], &r[i])) continue;
        left[open] = t[i];
        place[open++] = i;
    }
    struct taking x = {left, place, r, journal};
    if (rc == 0 && open > 0) rc = engine->map(engine->self, left, open, run, run_ctx, take, &x, deadline, e);
    mnq_arena_free(&scratch);
    return rc;
}
