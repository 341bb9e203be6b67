/* SPDX-License-Identifier: Apache-2.0
 * In the place of quant/util/worker.c: the work is done in this process, so that crashes show, coverage is seen and
 * allocations are counted. */
#include "util/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POSTED = 4 };

struct mnq_worker {
    struct mnq_worker_job job;
    uint8_t *question[POSTED]; /* those without an answer */
    size_t n_question[POSTED];
    int open;
    struct mnq_reply reply;
    size_t taken;
    int fd;
};

struct mnq_worker *mnq_worker_start(const struct mnq_worker_job *job, struct mnq_err *e)
{
    struct mnq_worker *w = calloc(1, sizeof *w);
    if (w == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    w->job = *job;
    w->fd = job->fd >= 0 ? dup(job->fd) : -1;
    if (job->prepare == NULL || job->prepare(job->ctx, w->fd) == 0) return w;
    mnq_fail_nomem(e);
    if (w->fd >= 0) close(w->fd);
    free(w);
    return NULL;
}

static void forget(struct mnq_worker *w)
{
    free(w->reply.p);
    w->reply = (struct mnq_reply){NULL, 0};
    w->taken = 0;
}

int mnq_worker_post(struct mnq_worker *w, const void *question, size_t n, struct mnq_err *e)
{
    if (w->open == POSTED) return 1;
    if ((w->question[w->open] = malloc(n + 1)) == NULL) return mnq_fail_nomem(e);
    memcpy(w->question[w->open], question, n);
    w->n_question[w->open++] = n;
    return 0;
}

int mnq_worker_next(struct mnq_worker *w, uint64_t *size, struct mnq_err *e)
{
    if (w->open == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: nothing was asked", w->job.name);
    uint8_t *question = w->question[0];
    size_t n = w->n_question[0];
    w->open--;
    for (int i = 0; i < w->open; i++) {
        w->question[i] = w->question[i + 1];
        w->n_question[i] = w->n_question[i + 1];
    }
    if (w->taken != w->reply.n) {
        free(question);
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: out of memory before", w->job.name);
    }
    forget(w);
    errno = 0;
    struct mnq_err why = {0};
    int rc = w->job.answer(w->job.ctx, question, n, &w->reply, &why);
    int said = errno;
    free(question);
    errno = said;
    if (rc == 0) {
        *size = w->reply.n;
        return 0;
    }
    if (errno == ENOMEM) {
        why.code = 0;
        mnq_fail(&why, MNQ_EXIT_FAILED, "%s: %s", w->job.name, w->job.starved);
    }
    forget(w);
    return mnq_fail(e, why.code, "%s", why.msg);
}

int mnq_worker_ask(struct mnq_worker *w, const void *question, size_t n, uint64_t *size, struct mnq_err *e)
{
    if (w->open != 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: answers are awaited", w->job.name);
    return mnq_worker_post(w, question, n, e) != 0 ? -1 : mnq_worker_next(w, size, e);
}

int mnq_worker_take(struct mnq_worker *w, void *to, size_t n, struct mnq_err *e)
{
    if (n > w->reply.n - w->taken) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: answers too little", w->job.name);
    memcpy(to, w->reply.p + w->taken, n);
    w->taken += n;
    return 0;
}

double mnq_worker_seconds(const struct mnq_worker *w)
{
    (void)w;
    return 0;
}

void mnq_worker_end(struct mnq_worker *w)
{
    if (w == NULL) return;
    if (w->job.finish != NULL) w->job.finish(w->job.ctx);
    forget(w);
    for (int i = 0; i < w->open; i++) free(w->question[i]);
    if (w->fd >= 0) close(w->fd);
    free(w);
}
