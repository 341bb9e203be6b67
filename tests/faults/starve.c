/* SPDX-License-Identifier: Apache-2.0
 * Put in front of a program (LD_PRELOAD): allocation number STARVE_AT fails, of the program and of its libraries; with
 * STARVE_ALL all from there on. STARVE_COUNT names a file that gets the largest number that an allocation has, in this
 * process or one that it started. STARVE_SHORT: no write() takes more than half of what it is given. STARVE_SERVE: sweep.c
 * asks for the program again and again, each time with another allocation that fails (sweep.h). STARVE_WHERE: the way to it
 * is printed. */
#define _GNU_SOURCE
#include "sweep.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void *(*next_malloc)(size_t n);
static void *(*next_calloc)(size_t n, size_t size);
static void *(*next_realloc)(void *p, size_t n);
static int (*next_posix_memalign)(void **p, size_t align, size_t n);
static void *(*next_aligned_alloc)(size_t align, size_t n);

static ssize_t (*next_write)(int fd, const void *p, size_t n);

static atomic_long count, *most; /* most: shared with what this process starts */
static long starve_at = -1;
static bool starve_all, starve_short, where, ready;
static pid_t first;
static struct mnq_sweep *sweep; /* shared with sweep.c and with what this process starts */
static int process;             /* number of this one: 0 the program, 1 the first that it started, ... */
static char early[1 << 16];     /* for dlsym's own needs */
static size_t early_used;

static void *from_early(size_t n)
{
    void *p = early + early_used;
    early_used += (n + 15) / 16 * 16;
    return early_used <= sizeof early ? p : NULL;
}

static void find(void *function, const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    memcpy(function, &p, sizeof p);
}

/* Libraries allocate before this one's constructor runs. */
static void find_all(void)
{
    static bool finding;
    if (next_malloc != NULL || finding) return;
    finding = true;
    find(&next_calloc, "calloc");
    find(&next_realloc, "realloc");
    find(&next_posix_memalign, "posix_memalign");
    find(&next_aligned_alloc, "aligned_alloc");
    find(&next_write, "write");
    find(&next_malloc, "malloc");
}

/* ---- one program, many times ---- */

static void in_child(void)
{
    process = atomic_fetch_add(&sweep->processes, 1);
    atomic_store(&count, 0);
}

/* The program goes on in a child, with its own outputs; returns there. */
static void serve(const char *path)
{
    char c;
    int fd = open(path, O_RDWR), status;
    sweep = mmap(NULL, sizeof *sweep, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || sweep == MAP_FAILED || pthread_atfork(NULL, NULL, in_child) != 0) _exit(125);
    close(fd);
    void *once[4];
    backtrace(once, 4); /* it loads a library */
    while (read(SWEEP_ASK, &c, 1) == 1) {
        atomic_store(&sweep->processes, 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(SWEEP_ASK);
            close(SWEEP_TELL);
            setpgid(0, 0);
            starve_at = sweep->at;
            return;
        }
        sweep->pid = pid;
        if (pid < 0 || write(SWEEP_TELL, &c, 1) != 1 || waitpid(pid, &status, 0) != pid) break;
        sweep->status = status;
        if (write(SWEEP_TELL, &c, 1) != 1) break;
    }
    _exit(0);
}

/* By which way the program came to this allocation. */
static void remember(long n)
{
    static _Thread_local bool inside;
    void *at[64];
    if (inside) return;
    inside = true;
    long i = atomic_fetch_add(&sweep->known, 1);
    if (i < SWEEP_MOST) {
        int depth = backtrace(at, 64);
        uint64_t hash = 14695981039346656037u;
        for (int k = 0; k < depth; k++) hash = (hash ^ (uint64_t)(uintptr_t)at[k]) * 1099511628211u;
        sweep->way[i] = (struct mnq_sweep_way){hash, (int32_t)n, process};
    }
    inside = false;
}

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("STARVE_AT");
    find_all();
    if (at != NULL) starve_at = strtol(at, NULL, 10);
    starve_all = getenv("STARVE_ALL") != NULL;
    starve_short = getenv("STARVE_SHORT") != NULL;
    where = getenv("STARVE_WHERE") != NULL;
    first = getpid();
    void *page = mmap(NULL, sizeof *most, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    most = page != MAP_FAILED ? page : NULL;
    if (getenv("STARVE_SERVE") != NULL) serve(getenv("STARVE_SERVE"));
    ready = true;
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("STARVE_COUNT");
    FILE *f = path != NULL && getpid() == first ? fopen(path, "w") : NULL;
    if (f == NULL) return;
    fprintf(f, "%ld\n", most != NULL ? atomic_load(most) : atomic_load(&count));
    fclose(f);
}

static bool fails(void)
{
    if (!ready) return false;
    long n = atomic_fetch_add(&count, 1);
    if (most != NULL && n >= atomic_load(most)) atomic_store(most, n + 1);
    if (sweep != NULL && sweep->remember) remember(n);
    if (sweep != NULL && sweep->process != SWEEP_ALL && sweep->process != process) return false;
    if (starve_at < 0 || (n != starve_at && !(starve_all && n > starve_at))) return false;
    if (where) {
        void *at[64];
        where = false;
        backtrace_symbols_fd(at, backtrace(at, 64), STDERR_FILENO);
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    find_all();
    if (next_malloc == NULL) return from_early(n);
    return fails() ? NULL : next_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    find_all();
    if (next_calloc == NULL) return from_early(n * size);
    return fails() ? NULL : next_calloc(n, size);
}

static bool is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + sizeof early;
}

void *realloc(void *p, size_t n)
{
    find_all();
    if (next_realloc == NULL || is_early(p)) {
        void *more = malloc(n);
        if (more != NULL && p != NULL) memcpy(more, p, n);
        return more;
    }
    return fails() ? NULL : next_realloc(p, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
    find_all();
    return fails() ? ENOMEM : next_posix_memalign(p, align, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    find_all();
    return fails() ? NULL : next_aligned_alloc(align, n);
}

ssize_t write(int fd, const void *p, size_t n)
{
    find_all();
    return next_write(fd, p, starve_short && n > 1 ? n / 2 : n);
}

void free(void *p)
{
    static void (*next_free)(void *p);
    if (is_early(p)) return;
    if (next_free == NULL) find(&next_free, "free");
    next_free(p);
}
