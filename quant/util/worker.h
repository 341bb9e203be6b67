/* SPDX-License-Identifier: Apache-2.0
 * Dangerous work in a child process that can do nothing but answer questions.
 *
 * For libraries that corrupt memory, abort or spin on hostile input: the child (util/confine.h) does all of the work and
 * hands over what it found; this process never does the same work itself. What comes back is data from a stranger: check
 * its size and its content. */
#ifndef MNQ_WORKER_H
#define MNQ_WORKER_H

#include "util/err.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_worker;

/** An answer: malloc'd bytes, freed by the child. With an error they are what else there is to say of it. */
struct mnq_reply {
    uint8_t *p;
    size_t n;
};

struct mnq_worker_job {
    const char *name;    /* in front of messages: the file */
    const char *crash;   /* said when the child dies */
    const char *starved; /* said when it got no memory */
    unsigned seconds;    /* processor time for one answer */
    size_t memory;       /* bytes, beyond what this process has in use */
    int fd;              /* the child keeps it, under another number; this process may close it; -1: none */
    void *ctx;
    /** In the child, before it gives up its rights; may be NULL. Not 0: it got no memory. */
    int (*prepare)(void *ctx, int fd);
    /** In the child: answers one question of n bytes; 0, or -1 with e. */
    int (*answer)(void *ctx, const uint8_t *question, size_t n, struct mnq_reply *r, struct mnq_err *e);
    void (*finish)(void *ctx);      /* where the work is done in this process after all (tests), at the end */
    void (*note)(const char *text); /* here: gets what an error's reply held; may be NULL */
};

enum { MNQ_WORKER_QUESTION = 1 << 16 };

/**
 * Starts a child. It dies with the thread that called this.
 * job     its strings must live as long as the worker
 * return  NULL with e: no process, no memory, no limits
 */
struct mnq_worker *mnq_worker_start(const struct mnq_worker_job *job, struct mnq_err *e);

/**
 * Asks; not from two threads at once. The answer is taken in full by mnq_worker_take() before the next question.
 * n       at most MNQ_WORKER_QUESTION
 * size    bytes of the answer
 * return  0; -1 with e: what the child said, or how it ended
 */
int mnq_worker_ask(struct mnq_worker *w, const void *question, size_t n, uint64_t *size, struct mnq_err *e);

/**
 * The same in two steps, so that the child works on a question while the answer to another is taken. Answers come in the
 * order of the questions, each of which must get its mnq_worker_next().
 * return  of mnq_worker_post(): 1 when it was not asked, for answers must be taken before
 */
int mnq_worker_post(struct mnq_worker *w, const void *question, size_t n, struct mnq_err *e);
int mnq_worker_next(struct mnq_worker *w, uint64_t *size, struct mnq_err *e);
int mnq_worker_take(struct mnq_worker *w, void *to, size_t n, struct mnq_err *e);

/** A worker for a single answer, to a question of no bytes; *out is malloc'd. */
int mnq_worker_once(const struct mnq_worker_job *job, uint8_t **out, size_t *n, struct mnq_err *e);

/** Processor time that the child took so far, seconds. */
double mnq_worker_seconds(const struct mnq_worker *w);

/** Ends the child; NULL is nothing. */
void mnq_worker_end(struct mnq_worker *w);

#ifdef __cplusplus
}
#endif
#endif
