/* SPDX-License-Identifier: Apache-2.0
 * Work over threads whose results do not depend on their number. */
#include "util/pool.h"

#include <pthread.h>
#include <stdlib.h>

/* Bytes of a thread's stack, many times what any work uses: not what the limit of the whole process says, which may be
 * too little. */
enum { STACK_BYTES = 1 << 20 };

static void (*watch)(void *);
static void *watch_ctx;

void mnq_pool_watch(void (*tick)(void *ctx), void *ctx)
{
    watch = tick;
    watch_ctx = ctx;
}

struct pool {
    pthread_mutex_t lock;
    mnq_work *work;
    void *ctx;
    int n, next, failed_at;
    struct mnq_err err;
};

struct worker {
    struct pool *pool;
    int id;
};

static void *run(void *arg)
{
    struct worker *me = arg;
    struct pool *p = me->pool;
    for (;;) {
        pthread_mutex_lock(&p->lock);
        int i = p->failed_at >= 0 ? p->n : p->next;
        if (i < p->n) p->next++;
        pthread_mutex_unlock(&p->lock);
        if (i >= p->n) return NULL;

        struct mnq_err e = {0};
        int rc = p->work(p->ctx, i, me->id, &e);
        if (me->id == 0 && watch != NULL) watch(watch_ctx);
        if (rc == 0) continue;
        pthread_mutex_lock(&p->lock);
        if (p->failed_at < 0 || i < p->failed_at) {
            p->failed_at = i;
            p->err = e;
        }
        pthread_mutex_unlock(&p->lock);
    }
}

static int start(pthread_t *thread, struct worker *w)
{
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0) return -1;
    int rc = pthread_attr_setstacksize(&attr, STACK_BYTES);
    if (rc == 0) rc = pthread_create(thread, &attr, run, w);
    pthread_attr_destroy(&attr);
    return rc == 0 ? 0 : -1;
}

int mnq_pool_for(int n, int threads, mnq_work *work, void *ctx, struct mnq_err *e)
{
    struct pool p = {.work = work, .ctx = ctx, .n = n, .failed_at = -1};
    if (threads > n) threads = n;
    if (threads < 1) threads = 1;
    pthread_t *thread = calloc((size_t)threads, sizeof *thread);
    struct worker *worker = calloc((size_t)threads, sizeof *worker);
    int started = 0;
    if (thread == NULL || worker == NULL || pthread_mutex_init(&p.lock, NULL) != 0) {
        free(thread);
        free(worker);
        return mnq_fail_nomem(e);
    }
    for (int t = 1; t < threads; t++) {
        worker[t] = (struct worker){&p, t};
        if (start(&thread[t], &worker[t]) != 0) break; /* fewer threads, same result */
        started = t;
    }
    worker[0] = (struct worker){&p, 0};
    run(&worker[0]);
    for (int t = 1; t <= started; t++) pthread_join(thread[t], NULL);
    pthread_mutex_destroy(&p.lock);
    free(thread);
    free(worker);
    if (p.failed_at < 0) return 0;
    if (e != NULL) *e = p.err;
    return -1;
}
