/* SPDX-License-Identifier: Apache-2.0
 * Work over processes, whose results do not depend on their number.
 *
 * Every process runs the whole program. What is dear is dealt out item by item (mnq_spread_for), and what the items left
 * behind is brought to all, so that everything in between is done alike everywhere. With one process, the usual case, this
 * is mnq_pool_for(). Only the engine knows how processes talk. */
#ifndef MNQ_SPREAD_H
#define MNQ_SPREAD_H

#include "util/err.h"
#include "util/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where results lie: item i left its own in the bytes [i * bytes, (i + 1) * bytes) from base on. */
struct mnq_spread_part {
    void *base;
    size_t bytes;
};

/** What is added up over processes, element by element; integers wrap, so that any order gives the same bits. */
enum mnq_spread_how { MNQ_SPREAD_SUM_U32, MNQ_SPREAD_SUM_U64, MNQ_SPREAD_MAX_I32, MNQ_SPREAD_MIN_F32, MNQ_SPREAD_MAX_F32 };

struct mnq_spread_array {
    void *value; /* [n] */
    size_t n;
    enum mnq_spread_how how;
};

/** Long pieces of work that need nothing of each other, and whose length nobody knows. */
struct mnq_spread_tasks {
    int n;
    size_t bytes; /* of a result */
    void *result; /* [n] */
    bool *done;   /* [n] which results there are, all false before */
    int (*work)(void *ctx, int i, void *result, struct mnq_err *e);
    /** Told of each result, one at a time: the first process as soon as it is there, even between items of its own work. */
    int (*take)(void *ctx, int i, const void *result, struct mnq_err *e);
    bool (*over)(void *ctx); /* begin no further one; the first process decides */
    void *ctx;
};

/** How processes talk. All of them call the same functions in the same order. */
struct mnq_spread_engine {
    void *ctx;
    int rank, ranks;
    /**
     * The processes agree whether all went well. After a failure they all have the same error, now and in later calls.
     * key     INT64_MAX: nothing failed here; else the lowest is reported, and key % ranks is this process
     * op      what is done next, a number that must be the same everywhere
     */
    int (*agree)(void *ctx, int64_t key, int64_t op, struct mnq_err *e);
    /** Process r has the items start[r] .. start[r + 1] - 1; after this all have all. */
    int (*gather)(void *ctx, const struct mnq_spread_part *part, const int *start, struct mnq_err *e);
    int (*sum)(void *ctx, const struct mnq_spread_array *array, struct mnq_err *e);
    /** See mnq_spread_fold(); the rows first .. end - 1 are this process's. */
    int (*fold)(void *ctx, float *row, int first, int end, size_t n, struct mnq_err *e);
    /** Runs those of the tasks here that the first process gives to this one, which takes what all have done.
     * return  0, or -1 with e and a key for agree(): the lowest that failed here */
    int (*deal)(void *ctx, const struct mnq_spread_tasks *t, int64_t *key, struct mnq_err *e);
    /** Called now and then by the thread that started the program: a sign of life. */
    void (*tick)(void *ctx);
};

/** Deals work to this engine from now on; NULL: one process. */
void mnq_spread_use(const struct mnq_spread_engine *engine);

/** How many processes there are, which one this is, and whether it is the one that writes and prints (the first). */
int mnq_spread_processes(void);
int mnq_spread_rank(void);
bool mnq_spread_writes(void);

struct mnq_spread_job {
    int n, threads;
    mnq_work *work; /* as of mnq_pool_for() */
    void *ctx;
    const struct mnq_spread_part *part; /* [n_parts] what items leave behind for all processes */
    int n_parts;
    const int *start; /* [processes + 1] whose items are whose, NULL: mnq_spread_start() of each */
};

/** The first item of n that process r has; r may be the number of processes. */
int mnq_spread_start(int n, int r);

/**
 * Calls work for every i in [0, n), each in one process, and brings what they left to all of them.
 * return  0; -1 with e: the error of the lowest i that failed, in every process
 */
int mnq_spread_for(const struct mnq_spread_job *job, struct mnq_err *e);

/**
 * Each task goes to the process that is free next, where its own mnq_spread_*() are those of one process. Fewer tasks than
 * processes are done one after the other by all, which deal out what is in them.
 * return  0: what is done has been told and is known in all processes; -1 with e: the error of the lowest that failed
 */
int mnq_spread_tasks(const struct mnq_spread_tasks *t, struct mnq_err *e);

/**
 * What items left behind in other processes than it is needed in. start as of mnq_spread_job, for these items; NULL: as
 * mnq_spread_start() has it for n items.
 */
int mnq_spread_gather(const struct mnq_spread_part *part, int n_parts, int n, const int *start, struct mnq_err *e);

/**
 * The sum of rows, one after the other in their order as one process adds them, over all processes; all get it.
 * row     [rows][n], of which this process knows those that mnq_spread_start() gives it; the first becomes the sum
 */
int mnq_spread_fold(float *row, int rows, size_t n, struct mnq_err *e);

/** Of n items, how many are done when this process did `done`, for a progress line. */
int mnq_spread_done(int done, int n);

/** Adds up n arrays over all processes; all get the sums. */
int mnq_spread_sum(const struct mnq_spread_array *array, int n, struct mnq_err *e);

/** Whether `here` holds in any process: for what clocks decide. */
bool mnq_spread_any(bool here);

/**
 * Before results appear, and at the end: whether the command succeeded in every process.
 * code    below 0: it failed here, with e
 * return  code; -1 with e if it failed in any
 */
int mnq_spread_settle(int code, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
