/* SPDX-License-Identifier: Apache-2.0
 * Dangerous work in a child process that can do nothing but answer questions. */
#define _GNU_SOURCE
#include "util/worker.h"

#include "util/cleanup.h"
#include "util/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { STARVED = 78, NO_LIMITS = 79, TICK = 200, MAX_SAID = 1 << 16, CHANNEL = 3, CHILD_FD = 4, AT_ONCE = 1 << 12 };

struct mnq_worker {
    struct mnq_worker_job job;
    int fd;
    pid_t pid;
    int open;           /* questions without an answer */
    uint64_t left;      /* bytes of the answer not yet taken */
    struct mnq_err end; /* why there will be no more answers */
    size_t at, end_at;  /* of what came, the part not yet taken */
    uint8_t came[AT_ONCE];
};

/* In front of every answer. */
struct head {
    uint64_t size;
    int32_t code; /* 0, or of the error; then the bytes are its message, NUL, and what else there is */
};

/* ---- the child ---- */

/* What came from the channel: questions, each behind its size. */
struct inbox {
    uint8_t bytes[sizeof(uint32_t) + MNQ_WORKER_QUESTION];
    size_t n;
};

/* At least n bytes of it. */
static int receive(struct inbox *in, size_t n)
{
    while (in->n < n) {
        ssize_t got = read(CHANNEL, in->bytes + in->n, sizeof in->bytes - in->n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        in->n += (size_t)got;
    }
    return 0;
}

static int write_all(int fd, const void *from, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t put = write(fd, (const uint8_t *)from + at, n - at);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return -1;
        at += (size_t)put;
    }
    return 0;
}

/* While a library starts, a failure is for want of memory: no input was seen yet. */
static bool preparing;

/* A library that did not look whether it got its memory. */
static void on_fault(int sig)
{
    if (preparing || errno == ENOMEM) _exit(STARVED);
    signal(sig, SIG_DFL);
    raise(sig);
    _exit(1);
}

/* A library that ends the program. */
static void on_exit_called(void)
{
    _exit(preparing || errno == ENOMEM ? STARVED : 1);
}

static int send_answer(const struct mnq_worker_job *job, const uint8_t *question, size_t n)
{
    struct mnq_reply r = {NULL, 0};
    struct mnq_err e = {0};
    errno = 0;
    int rc = job->answer(job->ctx, question, n, &r, &e);
    if (rc != 0 && errno == ENOMEM) {
        e.code = 0;
        mnq_fail(&e, MNQ_EXIT_FAILED, "%s: %s", job->name, job->starved);
    }
    size_t said = strlen(e.msg) + 1;
    struct head h = {r.n + (rc != 0 ? said : 0), rc != 0 ? e.code != 0 ? e.code : MNQ_EXIT_FAILED : 0};
    uint8_t first[AT_ONCE]; /* a small answer is one call here and one there */
    size_t n_first = sizeof h;
    memcpy(first, &h, sizeof h);
    if (rc != 0) {
        memcpy(first + n_first, e.msg, said);
        n_first += said;
    }
    size_t small = r.n <= sizeof first - n_first ? r.n : 0;
    if (small > 0) memcpy(first + n_first, r.p, small);
    rc = write_all(CHANNEL, first, n_first + small);
    if (rc == 0 && small < r.n) rc = write_all(CHANNEL, r.p, r.n);
    free(r.p);
    return rc;
}

/* Brings the channel to 3 and the file to 4; neither is below 3 (the descriptors were made so). */
static int arrange(int channel, int fd)
{
    if (fd == CHANNEL && (fd = fcntl(fd, F_DUPFD, CHILD_FD + 1)) < 0) return -1;
    if (channel != CHANNEL && dup2(channel, CHANNEL) < 0) return -1;
    if (fd >= 0 && fd != CHILD_FD && dup2(fd, CHILD_FD) < 0) return -1;
    return 0;
}

static _Noreturn void serve(const struct mnq_worker_job *job, int channel, const sigset_t *mask, pid_t parent)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    static uint8_t aside[1 << 16];
    static struct inbox in;
    const stack_t stack = {.ss_sp = aside, .ss_size = sizeof aside}; /* a library may recurse without end */
    struct sigaction act = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
    mnq_cleanup_child();
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigaction(faults[i], &act, NULL);
    signal(SIGPIPE, SIG_DFL);
#ifdef __linux__
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent) _exit(1);
#endif
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (arrange(channel, job->fd) != 0 || mnq_confine_speech() != 0) _exit(NO_LIMITS);
    errno = 0;
    preparing = true;
    atexit(on_exit_called);
    if (job->prepare != NULL && job->prepare(job->ctx, job->fd >= 0 ? CHILD_FD : -1) != 0) _exit(STARVED);
    preparing = false;
    if (mnq_confine(job->fd >= 0 ? CHILD_FD + 1 : CHANNEL + 1, job->memory) != 0) _exit(NO_LIMITS);
    for (uint32_t n; receive(&in, sizeof n) == 0;) {
        memcpy(&n, in.bytes, sizeof n);
        if (n > MNQ_WORKER_QUESTION || receive(&in, sizeof n + n) != 0) break;
        if (send_answer(job, in.bytes + sizeof n, n) != 0) break;
        in.n -= sizeof n + n;
        memmove(in.bytes, in.bytes + sizeof n + n, in.n);
    }
    _exit(0); /* no exit handlers, no flush of inherited buffers */
}

/* ---- this process ---- */

/* Once something went wrong, every question gets the first error. */
static int say_end(const struct mnq_worker *w, struct mnq_err *e)
{
    return mnq_fail(e, w->end.code, "%s", w->end.msg);
}

static int fail(struct mnq_worker *w, const char *what, struct mnq_err *e)
{
    mnq_fail(&w->end, MNQ_EXIT_FAILED, "%s: %s", w->job.name, what);
    return say_end(w, e);
}

/* How the child ended. */
static int fail_end(struct mnq_worker *w, struct mnq_err *e)
{
    int status = 0;
    pid_t rc = -1;
    kill(w->pid, SIGKILL);
    if (w->pid > 0)
        while ((rc = waitpid(w->pid, &status, 0)) < 0 && errno == EINTR) continue;
    pid_t pid = w->pid;
    w->pid = 0;
    bool exited = rc == pid && WIFEXITED(status);
    if (exited && WEXITSTATUS(status) == STARVED) return fail(w, w->job.starved, e);
    if (exited && WEXITSTATUS(status) == NO_LIMITS) return fail(w, "cannot limit what the process that reads it may do", e);
    return fail(w, w->job.crash, e);
}

/* Processor time of the child in seconds; -1 when it is gone. */
static double child_time(const struct mnq_worker *w)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(w->pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return -1;
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* At least a byte of what the child says, at most n; start: its processor time at the first tick, -1 before. */
static size_t hear(struct mnq_worker *w, void *to, size_t n, double *start, struct mnq_err *e)
{
    for (;;) {
        ssize_t got = recv(w->fd, to, n, 0); /* TICK at most */
        if (got > 0) return (size_t)got;
        if (got < 0 && errno == EINTR) continue;
        if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) break;
        double now = child_time(w);
        if (*start < 0) *start = now;
        if (now - *start <= (double)w->job.seconds) continue;
        mnq_fail(&w->end, MNQ_EXIT_FAILED, "%s: %s (it takes more than %u s)", w->job.name, w->job.crash, w->job.seconds);
        break;
    }
    fail_end(w, e);
    return 0;
}

static int take(struct mnq_worker *w, void *to, size_t n, struct mnq_err *e)
{
    double start = -1;
    for (size_t at = 0; at < n;) {
        if (w->at < w->end_at) {
            size_t some = w->end_at - w->at < n - at ? w->end_at - w->at : n - at;
            memcpy((uint8_t *)to + at, w->came + w->at, some);
            w->at += some;
            at += some;
        } else if (n - at >= sizeof w->came) {
            size_t got = hear(w, (uint8_t *)to + at, n - at, &start, e);
            if (got == 0) return -1;
            at += got;
        } else {
            w->at = 0;
            if ((w->end_at = hear(w, w->came, sizeof w->came, &start, e)) == 0) return -1;
        }
    }
    return 0;
}

static struct mnq_worker *new_worker(const struct mnq_worker_job *job, int pair[2], struct mnq_err *e)
{
    struct mnq_worker *w = calloc(1, sizeof *w);
    int fd[2];
    if (w == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    w->job = *job;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot start a process to read it: %s", job->name, strerror(errno));
        free(w);
        return NULL;
    }
    for (int i = 0; i < 2; i++) { /* above the standard ones, should those be closed */
        pair[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 3);
        close(fd[i]);
    }
    const struct timeval tick = {.tv_usec = TICK * 1000};
    if (pair[0] >= 0 && pair[1] >= 0 && setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick) == 0) return w;
    mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot start a process to read it: %s", job->name, strerror(errno));
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0) close(pair[i]);
    free(w);
    return NULL;
}

struct mnq_worker *mnq_worker_start(const struct mnq_worker_job *job, struct mnq_err *e)
{
    int pair[2];
    struct mnq_worker *w = new_worker(job, pair, e);
    if (w == NULL) return NULL;
    struct sigaction chld;
    if (sigaction(SIGCHLD, NULL, &chld) == 0 && chld.sa_handler == SIG_IGN)
        signal(SIGCHLD, SIG_DFL); /* or none could be waited for */
    sigset_t all, mask;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mask); /* a handler of this process must not run in the child */
    pid_t parent = getpid();
    w->pid = fork();
    int why = errno;
    if (w->pid == 0) serve(&w->job, pair[1], &mask, parent);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    close(pair[1]);
    w->fd = pair[0];
    if (w->pid > 0) return w;
    mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot start a process to read it: %s", job->name, strerror(why));
    close(w->fd);
    free(w);
    return NULL;
}

static int take_error(struct mnq_worker *w, const struct head *h, struct mnq_err *e)
{
    char said[1001] = "";
    if (h->size > MAX_SAID || h->code < 0 || h->code > 255) return fail(w, w->job.crash, e);
    char *all = malloc((size_t)h->size + 1);
    if (all == NULL) {
        mnq_fail_nomem(&w->end);
        return say_end(w, e);
    }
    if (take(w, all, (size_t)h->size, e) != 0) {
        free(all);
        return -1;
    }
    all[h->size] = '\0';
    size_t n = strnlen(all, sizeof said - 1);
    memcpy(said, all, n);
    if (w->job.note != NULL && n + 1 < h->size) w->job.note(all + n + 1);
    free(all);
    return mnq_fail(e, h->code, "%s", said);
}

int mnq_worker_post(struct mnq_worker *w, const void *question, size_t n, struct mnq_err *e)
{
    uint8_t all[sizeof(uint32_t) + MNQ_WORKER_QUESTION];
    uint32_t n32 = (uint32_t)n;
    if (w->end.code != 0) return say_end(w, e);
    if (n > MNQ_WORKER_QUESTION) return fail(w, w->job.crash, e);
    memcpy(all, &n32, sizeof n32);
    memcpy(all + sizeof n32, question, n);
    bool busy = w->open > 0; /* with an answer, maybe, that fills the channel: it hears nothing until that is taken */
    for (size_t at = 0; at < sizeof n32 + n;) {
        ssize_t put = send(w->fd, all + at, sizeof n32 + n - at, MSG_NOSIGNAL | (busy ? MSG_DONTWAIT : 0));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && busy) return 1; /* also if the child is gone: what it said before comes first */
        if (put < 0 || (busy && (size_t)put < sizeof n32 + n)) return fail_end(w, e); /* half a question: never waited for */
        at += (size_t)put;
    }
    w->open++;
    return 0;
}

int mnq_worker_next(struct mnq_worker *w, uint64_t *size, struct mnq_err *e)
{
    struct head h;
    if (w->end.code != 0) return say_end(w, e);
    if (w->left != 0 || w->open == 0) return fail(w, w->job.crash, e);
    if (take(w, &h, sizeof h, e) != 0) return -1;
    w->open--;
    if (h.code != 0) return take_error(w, &h, e);
    w->left = *size = h.size;
    return 0;
}

int mnq_worker_ask(struct mnq_worker *w, const void *question, size_t n, uint64_t *size, struct mnq_err *e)
{
    if (w->left != 0 || w->open != 0) return w->end.code != 0 ? say_end(w, e) : fail(w, w->job.crash, e);
    return mnq_worker_post(w, question, n, e) != 0 ? -1 : mnq_worker_next(w, size, e);
}

int mnq_worker_take(struct mnq_worker *w, void *to, size_t n, struct mnq_err *e)
{
    if (w->end.code != 0 || n > w->left) return fail(w, w->job.crash, e);
    w->left -= n;
    return take(w, to, n, e);
}

double mnq_worker_seconds(const struct mnq_worker *w)
{
    double now = w->pid > 0 ? child_time(w) : 0;
    return now > 0 ? now : 0;
}

void mnq_worker_end(struct mnq_worker *w)
{
    if (w == NULL) return;
    close(w->fd);
    if (w->pid > 0) {
        kill(w->pid, SIGKILL);
        while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    free(w);
}
