/* SPDX-License-Identifier: Apache-2.0
 * Work over processes, whose results do not depend on their number. */
#include "util/spread.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

static const struct mnq_spread_engine *engine;

void mnq_spread_use(const struct mnq_spread_engine *x)
{
    engine = x;
    mnq_pool_watch(x == NULL ? NULL : x->tick, x == NULL ? NULL : x->ctx);
}

int mnq_spread_processes(void)
{
    return engine == NULL ? 1 : engine->ranks;
}

int mnq_spread_rank(void)
{
    return engine == NULL ? 0 : engine->rank;
}

bool mnq_spread_writes(void)
{
    return engine == NULL || engine->rank == 0;
}

int mnq_spread_start(int n, int r)
{
    return (int)((int64_t)n * r / mnq_spread_processes());
}

int mnq_spread_done(int done, int n)
{
    int64_t all = (int64_t)done * mnq_spread_processes();
    return all < n ? (int)all : n;
}

struct dealt {
    const struct mnq_spread_job *job;
    int first;
    atomic_int failed; /* the lowest item that failed, INT_MAX: none */
};

static int one(void *ctx, int i, int w, struct mnq_err *e)
{
    struct dealt *d = ctx;
    int at = d->first + i, rc = d->job->work(d->job->ctx, at, w, e), before = atomic_load(&d->failed);
    while (rc != 0 && at < before && !atomic_compare_exchange_weak(&d->failed, &before, at)) continue;
    return rc;
}

/* A number for a kind of step and its size. */
static int64_t step(int kind, size_t a, size_t b)
{
    return (int64_t)((((uint64_t)a * 1000003u + (uint64_t)b) * 16u + (uint64_t)kind) & INT64_MAX);
}

int mnq_spread_for(const struct mnq_spread_job *job, struct mnq_err *e)
{
    if (engine == NULL) return mnq_pool_for(job->n, job->threads, job->work, job->ctx, e);
    const int ranks = engine->ranks;
    struct mnq_err mine = {0};
    int *even = NULL;
    const int *start = job->start;
    if (start == NULL) {
        even = malloc(((size_t)ranks + 1) * sizeof *even);
        for (int r = 0; even != NULL && r <= ranks; r++) even[r] = mnq_spread_start(job->n, r);
        start = even;
    }
    int64_t key = INT64_MAX;
    if (start == NULL) {
        mnq_fail_nomem(&mine);
        key = engine->rank;
    } else {
        struct dealt d = {job, start[engine->rank], INT_MAX};
        if (mnq_pool_for(start[engine->rank + 1] - d.first, job->threads, one, &d, &mine) != 0) {
            int at = atomic_load(&d.failed); /* INT_MAX: the threads did not start */
            key = (at == INT_MAX ? 0 : (int64_t)at + 1) * ranks + engine->rank;
        }
    }
    int rc = engine->agree(engine->ctx, key, step(1, (size_t)job->n, (size_t)job->n_parts), &mine);
    for (int k = 0; rc == 0 && k < job->n_parts; k++) rc = engine->gather(engine->ctx, &job->part[k], start, &mine);
    free(even);
    if (rc != 0) mnq_fail(e, mine.code, "%s", mine.msg);
    return rc;
}

/* One after the other, by all processes. */
static int together(const struct mnq_spread_tasks *t, struct mnq_err *e)
{
    for (int i = 0; i < t->n; i++) {
        char *result = (char *)t->result + (size_t)i * t->bytes;
        if (mnq_spread_any(t->over(t->ctx))) return 0;
        if (t->work(t->ctx, i, result, e) != 0) return -1;
        t->done[i] = true;
        if (t->take(t->ctx, i, result, e) != 0) return -1;
    }
    return 0;
}

/* In one process, for which there are no others meanwhile. */
static int alone(void *ctx, int i, void *result, struct mnq_err *e)
{
    const struct mnq_spread_tasks *t = ctx;
    const struct mnq_spread_engine *all = engine;
    engine = NULL;
    int rc = t->work(t->ctx, i, result, e);
    engine = all;
    return rc;
}

static int take_alone(void *ctx, int i, const void *result, struct mnq_err *e)
{
    const struct mnq_spread_tasks *t = ctx;
    return t->take(t->ctx, i, result, e);
}

static bool over_alone(void *ctx)
{
    const struct mnq_spread_tasks *t = ctx;
    return t->over(t->ctx);
}

int mnq_spread_tasks(const struct mnq_spread_tasks *t, struct mnq_err *e)
{
    if (engine == NULL || engine->ranks == 1 || t->n < engine->ranks) return together(t, e);
    struct mnq_spread_tasks dealt = *t;
    const struct mnq_spread_part part[] = {{t->result, t->bytes}, {t->done, sizeof *t->done}};
    int *first = malloc(((size_t)engine->ranks + 1) * sizeof *first), rc = 0; /* the first process has all results */
    struct mnq_err mine = {0};
    int64_t key = INT64_MAX;
    dealt.work = alone;
    dealt.take = take_alone;
    dealt.over = over_alone;
    dealt.ctx = (void *)t;
    for (int r = 0; first != NULL && r <= engine->ranks; r++) first[r] = r == 0 ? 0 : t->n;
    if (first == NULL) mnq_fail_nomem(&mine);
    rc = engine->agree(engine->ctx, first != NULL ? key : engine->rank, step(6, (size_t)t->n, t->bytes), &mine);
    if (rc == 0) {
        engine->deal(engine->ctx, &dealt, &key, &mine);
        rc = engine->agree(engine->ctx, key, step(7, (size_t)t->n, t->bytes), &mine);
    }
    for (int k = 0; rc == 0 && k < 2; k++) rc = engine->gather(engine->ctx, &part[k], first, &mine);
    free(first);
    for (int i = 0; rc == 0 && engine->rank != 0 && i < t->n; i++)
        if (t->done[i]) rc = t->take(t->ctx, i, (const char *)t->result + (size_t)i * t->bytes, &mine);
    if (rc != 0) mnq_fail(e, mine.code, "%s", mine.msg);
    return rc;
}

int mnq_spread_gather(const struct mnq_spread_part *part, int n_parts, int n, const int *start, struct mnq_err *e)
{
    if (engine == NULL) return 0;
    const int ranks = engine->ranks;
    int *even = start != NULL ? NULL : malloc(((size_t)ranks + 1) * sizeof *even), rc = 0;
    struct mnq_err mine = {0};
    for (int r = 0; even != NULL && r <= ranks; r++) even[r] = mnq_spread_start(n, r);
    if (start == NULL) start = even;
    if (start == NULL) rc = mnq_fail_nomem(&mine);
    rc = engine->agree(engine->ctx, rc == 0 ? INT64_MAX : engine->rank, step(4, (size_t)n, (size_t)n_parts), &mine);
    for (int k = 0; rc == 0 && k < n_parts; k++) rc = engine->gather(engine->ctx, &part[k], start, &mine);
    free(even);
    if (rc != 0) mnq_fail(e, mine.code, "%s", mine.msg);
    return rc;
}

int mnq_spread_fold(float *row, int rows, size_t n, struct mnq_err *e)
{
    if (engine != NULL) {
        int first = mnq_spread_start(rows, engine->rank), end = mnq_spread_start(rows, engine->rank + 1);
        if (engine->agree(engine->ctx, INT64_MAX, step(5, n, (size_t)rows), e) != 0) return -1;
        return engine->fold(engine->ctx, row, first, end, n, e);
    }
    for (int k = 1; k < rows; k++)
        for (size_t i = 0; i < n; i++) row[i] += row[(size_t)k * n + i];
    return 0;
}

int mnq_spread_sum(const struct mnq_spread_array *array, int n, struct mnq_err *e)
{
    if (engine == NULL) return 0;
    size_t all = 0;
    for (int k = 0; k < n; k++) all += array[k].n;
    int rc = engine->agree(engine->ctx, INT64_MAX, step(2, all, (size_t)n), e);
    for (int k = 0; rc == 0 && k < n; k++) rc = engine->sum(engine->ctx, &array[k], e);
    return rc;
}

bool mnq_spread_any(bool here)
{
    int any = here;
    const struct mnq_spread_array one_flag = {&any, 1, MNQ_SPREAD_MAX_I32};
    struct mnq_err e = {0};
    return mnq_spread_sum(&one_flag, 1, &e) != 0 || any; /* an error is met again by what comes next */
}

int mnq_spread_settle(int code, struct mnq_err *e)
{
    if (engine == NULL) return code;
    struct mnq_err mine = *e;
    if (engine->agree(engine->ctx, code < 0 ? engine->rank : INT64_MAX, step(3, 0, 0), &mine) == 0) return code;
    *e = mine;
    return -1;
}
