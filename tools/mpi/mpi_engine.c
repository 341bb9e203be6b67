/* SPDX-License-Identifier: Apache-2.0
 * Processes that talk by MPI.
 *
 * Every operation begins with an agreement, three numbers of which all get the least: whether somebody failed, and whether
 * all are about to do the same. A failure therefore reaches everybody at the next operation, and nobody waits for a process
 * that gave up. Operations are started and then asked for now and then, so that a waiting process can look at the clock and
 * say that it is alive: others do so between items of work (tick). Who has not been heard of for too long has died with its
 * host, or hangs: then all end. */
#include "mpi_engine.h"

#include "util/cleanup.h"

#include <mpi.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ALIVE = 1, SUM = 2, ASK = 3, GIVE = 4, HOST = 64 };

struct said {
    int code;
    char msg[sizeof((struct mnq_err *)NULL)->msg];
};

/* What a process says when it is free; the result follows. */
struct asking {
    _Alignas(max_align_t) int done; /* -1: nothing yet */
    int failed;
};

/* The first process, while it deals tasks. */
struct dealer {
    const struct mnq_spread_tasks *tasks; /* NULL: it does not */
    int next, asking;                     /* the task to give next; processes that will ask again */
    bool stopped;
    int64_t key; /* of what failed here */
    struct mnq_err err;
};

static struct {
    struct mnq_spread_engine engine;
    MPI_Comm work, life;
    char host[HOST], *hosts; /* hosts: [ranks][HOST] */
    double stall, sent;
    double *heard;         /* [ranks] */
    int *counts, *at;      /* [ranks] */
    int *signs, *received; /* [ranks] signs of life sent and received */
    int neighbours;
    struct said failed; /* code 0: nothing failed yet */
    struct dealer dealer;
    _Alignas(max_align_t) char room[4096]; /* for an asking and a result */
    struct mnq_mpi_traffic traffic;
} m;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- signs of life ---- */

static void say_alive(int to)
{
    MPI_Request r;
    MPI_Isend(NULL, 0, MPI_BYTE, to, ALIVE, m.life, &r);
    MPI_Request_free(&r);
    m.signs[to]++;
}

static void hear(void)
{
    for (int there = 1; there;) {
        MPI_Status s;
        MPI_Iprobe(MPI_ANY_SOURCE, ALIVE, m.life, &there, &s);
        if (!there) break;
        MPI_Recv(NULL, 0, MPI_BYTE, s.MPI_SOURCE, ALIVE, m.life, MPI_STATUS_IGNORE);
        m.heard[s.MPI_SOURCE] = now();
        m.received[s.MPI_SOURCE]++;
    }
}

/* ---- tasks for who is free ---- */

/* Something failed here with task i: no further one begins. */
static void stop_dealing(int i, const struct mnq_err *e)
{
    struct dealer *d = &m.dealer;
    int64_t key = ((int64_t)i + 1) * m.engine.ranks;
    d->stopped = true;
    if (key >= d->key) return;
    d->key = key;
    d->err = *e;
}

static int give(void)
{
    struct dealer *d = &m.dealer;
    const struct mnq_spread_tasks *t = d->tasks;
    if (!d->stopped && d->next < t->n) d->stopped = t->over(t->ctx);
    return d->stopped || d->next == t->n ? -1 : d->next++;
}

static void take(int i, const void *result)
{
    const struct mnq_spread_tasks *t = m.dealer.tasks;
    char *to = (char *)t->result + (size_t)i * t->bytes;
    struct mnq_err e = {0};
    if (to != result) memcpy(to, result, t->bytes);
    t->done[i] = true;
    if (t->take(t->ctx, i, to, &e) != 0) stop_dealing(i, &e);
}

/* Answers those that have asked. */
static void serve(void)
{
    struct dealer *d = &m.dealer;
    for (int there = d->tasks != NULL; there;) {
        MPI_Status s;
        MPI_Iprobe(MPI_ANY_SOURCE, ASK, m.life, &there, &s);
        if (!there) break;
        struct asking a;
        MPI_Recv(m.room, (int)(sizeof a + d->tasks->bytes), MPI_BYTE, s.MPI_SOURCE, ASK, m.life, MPI_STATUS_IGNORE);
        memcpy(&a, m.room, sizeof a);
        if (a.failed) d->stopped = true;
        else if (a.done >= 0) take(a.done, m.room + sizeof a);
        int next = give();
        if (next < 0) d->asking--;
        MPI_Send(&next, 1, MPI_INT, s.MPI_SOURCE, GIVE, m.life);
    }
}

/* The first process hears all others, which hear the first. */
static void tick(void *ctx)
{
    (void)ctx;
    serve();
    double t = now(), period = m.stall / 8 < 1 ? m.stall / 8 : 1;
    if (m.heard == NULL || t - m.sent < period) return;
    m.sent = t;
    if (m.engine.rank != 0) say_alive(0);
    for (int r = 1; m.engine.rank == 0 && r < m.engine.ranks; r++) say_alive(r);
    hear();
}

static _Noreturn void give_up(int rank)
{
    dprintf(STDERR_FILENO,
            "mnquant: process %d on %s gave no sign of life for %g s: all end, nothing is written (--stall)\n", rank,
            m.hosts + (size_t)rank * HOST, m.stall);
    mnq_cleanup_now();
    alarm(5); /* should MPI itself hang */
    MPI_Abort(MPI_COMM_WORLD, MNQ_EXIT_FAILED);
    _exit(MNQ_EXIT_FAILED);
}

static void look_around(void)
{
    double t = now();
    if (m.heard == NULL) return;
    int last = m.engine.rank == 0 ? m.engine.ranks - 1 : 0;
    for (int r = m.engine.rank == 0 ? 1 : 0; r <= last; r++)
        if (t - m.heard[r] > m.stall) give_up(r);
}

/* Waits; soon without keeping the processor busy, which may be another process's. */
static void wait_for(MPI_Request *r)
{
    enum { EAGER = 200, LONGEST = 500000 };
    double start = now();
    long pause = 20000;
    m.traffic.exchanges++;
    for (int done = 0, tries = 0;; tries++) {
        MPI_Test(r, &done, MPI_STATUS_IGNORE);
        if (done) break;
        if (tries < EAGER) {
            sched_yield();
            continue;
        }
        tick(NULL);
        look_around();
        nanosleep(&(struct timespec){0, pause}, NULL);
        if (pause < LONGEST) pause += pause / 4;
    }
    m.traffic.waited += now() - start;
}

/* ---- the engine ---- */

static int say_failed(struct mnq_err *e)
{
    if (e != NULL) {
        e->code = m.failed.code;
        e->unfit = MNQ_UNFIT_NOT;
        memcpy(e->msg, m.failed.msg, sizeof e->msg);
    }
    return -1;
}

static int agree(void *ctx, int64_t key, int64_t op, struct mnq_err *e)
{
    (void)ctx;
    if (m.failed.code != 0) return say_failed(e);
    int64_t mine[3] = {key, op, -op}, least[3];
    MPI_Request r;
    MPI_Iallreduce(mine, least, 3, MPI_INT64_T, MPI_MIN, m.work, &r);
    m.traffic.bytes += (int64_t)sizeof mine;
    wait_for(&r);
    if (least[0] == INT64_MAX && least[1] == -least[2]) return 0;
    if (least[0] == INT64_MAX) {
        m.failed.code = MNQ_EXIT_FAILED;
        snprintf(m.failed.msg, sizeof m.failed.msg,
                 "the processes do different things: do all have the same program, the same arguments and the same data?");
        return say_failed(e);
    }
    int owner = (int)(least[0] % m.engine.ranks);
    if (owner == m.engine.rank) {
        bool alone = key == owner && owner != 0; /* not what every process would say */
        m.failed.code = e != NULL && e->code != 0 ? e->code : MNQ_EXIT_FAILED;
        const char *msg = e != NULL && e->code != 0 ? e->msg : "failed without a reason";
        if (alone) snprintf(m.failed.msg, sizeof m.failed.msg, "process %d on %s: %.800s", owner, m.host, msg);
        else snprintf(m.failed.msg, sizeof m.failed.msg, "%s", msg);
    }
    MPI_Ibcast(&m.failed, (int)sizeof m.failed, MPI_BYTE, owner, m.work, &r);
    wait_for(&r);
    return say_failed(e);
}

static int gather(void *ctx, const struct mnq_spread_part *part, const int *start, struct mnq_err *e)
{
    (void)ctx;
    (void)e;
    MPI_Datatype item;
    MPI_Request r;
    int own = start[m.engine.rank + 1] - start[m.engine.rank];
    for (int k = 0; k < m.engine.ranks; k++) {
        m.counts[k] = start[k + 1] - start[k];
        m.at[k] = start[k];
    }
    MPI_Type_contiguous((int)part->bytes, MPI_BYTE, &item);
    MPI_Type_commit(&item);
    MPI_Iallgatherv(MPI_IN_PLACE, 0, item, part->base, m.counts, m.at, item, m.work, &r);
    m.traffic.bytes += (int64_t)part->bytes * own;
    wait_for(&r);
    MPI_Type_free(&item);
    return 0;
}

static int sum(void *ctx, const struct mnq_spread_array *array, struct mnq_err *e)
{
    const size_t n = array->n;
    const enum mnq_spread_how how = array->how;
    (void)ctx;
    (void)e;
    enum { AT_ONCE = 1 << 24 };
    const struct {
        MPI_Datatype type;
        MPI_Op op;
        size_t bytes;
    } of[] = {[MNQ_SPREAD_SUM_U32] = {MPI_UINT32_T, MPI_SUM, 4},
              [MNQ_SPREAD_SUM_U64] = {MPI_UINT64_T, MPI_SUM, 8},
              [MNQ_SPREAD_MAX_I32] = {MPI_INT32_T, MPI_MAX, 4},
              [MNQ_SPREAD_MIN_F32] = {MPI_FLOAT, MPI_MIN, 4},
              [MNQ_SPREAD_MAX_F32] = {MPI_FLOAT, MPI_MAX, 4}};
    for (size_t at = 0; at < n; at += AT_ONCE) {
        size_t len = n - at < AT_ONCE ? n - at : AT_ONCE;
        MPI_Request r;
        MPI_Iallreduce(MPI_IN_PLACE, (char *)array->value + at * of[how].bytes, (int)len, of[how].type, of[how].op, m.work,
                       &r);
        m.traffic.bytes += (int64_t)(len * of[how].bytes);
        wait_for(&r);
    }
    return 0;
}

/* One process after the other adds its rows to what came from the one before; the last one's sum is everybody's. Processes
 * before the first row have none. */
static int fold(void *ctx, float *row, int first, int end, size_t n, struct mnq_err *e)
{
    (void)ctx;
    (void)e;
    enum { CHUNK = 1 << 14 };
    static float total[CHUNK];
    const int rank = m.engine.rank, last = m.engine.ranks - 1;
    MPI_Request r;
    for (size_t at = 0; at < n && end > 0; at += CHUNK) {
        size_t len = n - at < CHUNK ? n - at : CHUNK;
        int k = first;
        if (first > 0) {
            MPI_Irecv(total, (int)len, MPI_FLOAT, rank - 1, SUM, m.work, &r);
            wait_for(&r);
        } else {
            memcpy(total, row + at, len * sizeof *total);
            k = 1;
        }
        for (; k < end; k++)
            for (size_t i = 0; i < len; i++) total[i] += row[(size_t)k * n + at + i];
        if (rank == last) {
            memcpy(row + at, total, len * sizeof *total);
        } else {
            MPI_Isend(total, (int)len, MPI_FLOAT, rank + 1, SUM, m.work, &r);
            m.traffic.bytes += (int64_t)(len * sizeof *total);
            wait_for(&r);
        }
    }
    for (size_t at = 0; at < n; at += (size_t)1 << 28) {
        size_t len = n - at < (size_t)1 << 28 ? n - at : (size_t)1 << 28;
        MPI_Ibcast(row + at, (int)len, MPI_FLOAT, last, m.work, &r);
        wait_for(&r);
    }
    return 0;
}

/* The first process works too; between items of its work, and when there is none left, it answers the others. */
static void deal_first(const struct mnq_spread_tasks *t, int64_t *key, struct mnq_err *e)
{
    struct dealer *d = &m.dealer;
    *d = (struct dealer){.tasks = t, .asking = m.engine.ranks - 1, .key = INT64_MAX};
    for (int i; (i = give()) >= 0;) {
        void *result = (char *)t->result + (size_t)i * t->bytes;
        struct mnq_err failed = {0};
        if (t->work(t->ctx, i, result, &failed) != 0) stop_dealing(i, &failed);
        else take(i, result);
        serve();
    }
    while (d->asking > 0) {
        tick(NULL);
        look_around();
        nanosleep(&(struct timespec){0, 500000}, NULL);
    }
    d->tasks = NULL;
    *key = d->key;
    *e = d->err;
}

static void deal_other(const struct mnq_spread_tasks *t, int64_t *key, struct mnq_err *e)
{
    for (struct asking a = {-1, 0};;) {
        MPI_Request said, given;
        int i;
        memcpy(m.room, &a, sizeof a);
        MPI_Irecv(&i, 1, MPI_INT, 0, GIVE, m.life, &given);
        MPI_Isend(m.room, (int)(sizeof a + t->bytes), MPI_BYTE, 0, ASK, m.life, &said);
        m.traffic.bytes += (int64_t)(sizeof a + t->bytes);
        wait_for(&said);
        wait_for(&given);
        if (i < 0) return;
        a = (struct asking){i, t->work(t->ctx, i, m.room + sizeof a, e) != 0};
        if (a.failed) *key = ((int64_t)i + 1) * m.engine.ranks + m.engine.rank;
    }
}

static int deal(void *ctx, const struct mnq_spread_tasks *t, int64_t *key, struct mnq_err *e)
{
    (void)ctx;
    *key = INT64_MAX;
    if (t->bytes > sizeof m.room - sizeof(struct asking)) { /* everywhere alike */
        *key = m.engine.rank;
        return mnq_fail(e, MNQ_EXIT_FAILED, "results of %zu bytes are too long to be dealt", t->bytes);
    }
    if (m.engine.rank == 0) deal_first(t, key, e);
    else deal_other(t, key, e);
    return *key == INT64_MAX ? 0 : -1;
}

/* ---- beginning and end ---- */

const struct mnq_spread_engine *mnq_mpi_start(int *argc, char ***argv, struct mnq_err *e)
{
    int given = 0;
    setenv("OMPI_MCA_opal_signal", "", 0);             /* faults are this program's */
    setenv("OMPI_MCA_orte_abort_print_stack", "0", 0); /* messages are of one line */
    if (MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS || given < MPI_THREAD_FUNNELED) {
        mnq_fail(e, MNQ_EXIT_FAILED, "this MPI does not work with threads");
        return NULL;
    }
    m.engine = (struct mnq_spread_engine){
        .ctx = NULL, .agree = agree, .gather = gather, .sum = sum, .fold = fold, .deal = deal, .tick = tick};
    MPI_Comm_dup(MPI_COMM_WORLD, &m.work);
    MPI_Comm_dup(MPI_COMM_WORLD, &m.life);
    MPI_Comm_rank(m.work, &m.engine.rank);
    MPI_Comm_size(m.work, &m.engine.ranks);
    return &m.engine;
}

static int64_t hash(const char *text)
{
    uint64_t h = 1469598103934665603u;
    for (; *text != '\0'; text++) h = (h ^ (uint8_t)*text) * 1099511628211u;
    return (int64_t)(h >> 2);
}

int mnq_mpi_open(const struct mnq_mpi_opts *o, struct mnq_err *e)
{
    size_t n = (size_t)m.engine.ranks;
    m.stall = o->stall;
    m.hosts = calloc(n, HOST);
    m.counts = calloc(n, sizeof *m.counts);
    m.at = calloc(n, sizeof *m.at);
    m.signs = calloc(n, sizeof *m.signs);
    m.received = calloc(n, sizeof *m.received);
    double *heard = calloc(n, sizeof *heard);
    int rc = m.hosts == NULL || m.counts == NULL || m.at == NULL || m.signs == NULL || m.received == NULL || heard == NULL
                 ? mnq_fail_nomem(e)
                 : 0;
    gethostname(m.host, HOST - 1);
    if (agree(NULL, rc == 0 ? INT64_MAX : m.engine.rank, hash(o->version), e) != 0) {
        free(heard);
        return -1;
    }
    for (size_t r = 0; r < n; r++) heard[r] = now();
    m.heard = heard;
    memcpy(m.hosts + (size_t)m.engine.rank * HOST, m.host, HOST);
    int *one_each = m.counts;
    for (size_t r = 0; r < n; r++) one_each[r] = (int)r;
    MPI_Request q;
    MPI_Iallgather(MPI_IN_PLACE, 0, MPI_BYTE, m.hosts, HOST, MPI_BYTE, m.work, &q);
    wait_for(&q);
    m.traffic.processes = m.engine.ranks;
    for (size_t r = 0; r < n; r++) {
        size_t k = 0;
        while (strcmp(m.hosts + k * HOST, m.hosts + r * HOST) != 0) k++;
        m.traffic.hosts += k == r;
        m.neighbours += strcmp(m.hosts + r * HOST, m.host) == 0;
    }
    return 0;
}

int mnq_mpi_neighbours(void)
{
    return m.neighbours;
}

void mnq_mpi_traffic(struct mnq_mpi_traffic *t)
{
    *t = m.traffic;
}

void mnq_mpi_end(void)
{
    if (m.heard != NULL) {
        /* Who said how often that it is alive: all of it is heard before the end. */
        MPI_Request q;
        MPI_Ialltoall(m.signs, 1, MPI_INT, m.counts, 1, MPI_INT, m.work, &q);
        for (int done = 0; !done;) { /* no signs of life any more, and nobody is missed */
            MPI_Test(&q, &done, MPI_STATUS_IGNORE);
            if (!done) nanosleep(&(struct timespec){0, 100000}, NULL);
        }
        for (int r = 0; r < m.engine.ranks; r++)
            while (m.received[r] < m.counts[r]) hear();
    }
    MPI_Comm_free(&m.life);
    MPI_Comm_free(&m.work);
    MPI_Finalize();
    free(m.heard);
    free(m.hosts);
    free(m.counts);
    free(m.at);
    free(m.signs);
    free(m.received);
}
