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

/* ---- the engine ---- */

struct dealing {
    const struct mnq_trial *t;
    mnq_trial_run *run;
    mnq_trial_take *take;
    void *run_ctx, *take_ctx;
    double deadline;
};

static int work(void *ctx, int i, void *result, struct mnq_err *e)
{
    const struct dealing *d = ctx;
    return d->run(d->run_ctx, &d->t[i], result, e);
}

static int take_one(void *ctx, int i, const void *result, struct mnq_err *e)
{
    const struct dealing *d = ctx;
    return d->take(d->take_ctx, i, result, e);
}

static bool over(void *ctx)
{
    const struct dealing *d = ctx;
    return d->deadline > 0 && mnq_trials_now() >= d->deadline;
}

static int deal(void *self, const struct mnq_trial *t, int n, mnq_trial_run *run, void *run_ctx, mnq_trial_take *take,
                void *take_ctx, double deadline, struct mnq_err *e)
{
    (void)self;
    struct dealing d = {t, run, take, run_ctx, take_ctx, deadline};
    struct mnq_arena scratch = {0};
    struct mnq_spread_tasks tasks = {
        .n = n, .bytes = sizeof(struct mnq_trial_result), .work = work, .take = take_one, .over = over, .ctx = &d};
    tasks.result = mnq_arena_array(&scratch, (size_t)n, sizeof(struct mnq_trial_result));
    tasks.done = mnq_arena_array(&scratch, (size_t)n, sizeof *tasks.done);
    int rc = mnq_spread_settle(tasks.result == NULL || tasks.done == NULL ? mnq_fail_nomem(e) : 0, e);
    if (rc == 0) rc = mnq_spread_tasks(&tasks, e);
    mnq_arena_free(&scratch);
    return rc;
}

const struct mnq_trial_engine mnq_trials_here = {deal, NULL};

/* ---- with a journal ---- */

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
    for (int i = 0; journal != NULL && i < n; i++) mnq_journal_asked(journal, &t[i]);
    mnq_arena_free(&scratch);
    return rc;
}
