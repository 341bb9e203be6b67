/* SPDX-License-Identifier: Apache-2.0
 * Work over threads whose results do not depend on their number. */
#ifndef MNQ_POOL_H
#define MNQ_POOL_H

#include "util/err.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * One item of work. Must write only what belongs to item i or to worker w.
 * w       0 .. threads-1: which thread runs it, to index per-thread workspaces
 * return  0, or -1 with e filled
 */
typedef int mnq_work(void *ctx, int i, int w, struct mnq_err *e);

/**
 * Calls work for every i in [0, n), in increasing order of start, on `threads` threads (1 = the caller's).
 * On failure no further item starts; the error of the lowest failing i is reported, for any thread count.
 */
int mnq_pool_for(int n, int threads, mnq_work *work, void *ctx, struct mnq_err *e);

/**
 * Calls tick(ctx) after every item that a calling thread itself works off: a sign that work goes on. NULL: nothing. Set it
 * before there are other threads.
 */
void mnq_pool_watch(void (*tick)(void *ctx), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
