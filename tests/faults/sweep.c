/* SPDX-License-Identifier: Apache-2.0
 * One command with each of its allocations failing in turn, quickly: the program is loaded once and forked for each run.
 *
 * usage: sweep STARVE.so every|ways|STEP|=N[,PROCESS] TABLE OLD GOOD PROGRAM ARGUMENT...
 *   every   all allocations of all processes that the command consists of (0 the program, 1 what it starts, ...), one each
 * run ways    of each process and each way to an allocation (its return addresses) the first, second, last and each 50th
 *   STEP    each STEP-th
 *   =N      the N-th. With STARVE_WHERE in the environment it is printed who asked for it
 *   ,0      behind one of these: of the program itself alone, ,1 of the first process that it starts, ...
 *   TABLE   file of what is done, "PROCESS N RESULT" a line: what it holds is not run again
 *   OLD     folder: what is there before a run, and must be after one that failed; runs are made in the current folder
 *   GOOD    folder: what is there after a run without a fault
 * A run must succeed with the output and the files of GOOD, or say "out of memory", exit 1 and leave the files of OLD; a
 * search may leave its journal, with which it then must succeed. */
#define _GNU_SOURCE
#include "sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_NAMES = 16, SECONDS = 120, RESULTS = 4 };

struct bytes {
    char *p;
    size_t n;
};

static struct mnq_sweep *sweep;
static const char *old_folder, *good_folder, *command;
static char *name[MAX_NAMES];
static struct bytes old[MAX_NAMES], good[MAX_NAMES], good_out;
static int names, ask, tell, out, err;
static long result[RESULTS]; /* as without a fault, message, found, beyond the last allocation */

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "sweep: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- files ---- */

static struct bytes read_fd(int fd)
{
    struct stat s;
    struct bytes b = {NULL, 0};
    if (fstat(fd, &s) != 0 || (b.p = malloc((size_t)s.st_size + 1)) == NULL) give_up("reading");
    ssize_t n = pread(fd, b.p, (size_t)s.st_size, 0);
    b.n = n > 0 ? (size_t)n : 0;
    b.p[b.n] = '\0';
    return b;
}

/* NULL bytes: there is none. */
static struct bytes read_file(const char *folder, const char *file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    int fd = open(path, O_RDONLY | O_NOFOLLOW);
    if (fd < 0) return (struct bytes){NULL, 0};
    struct stat s;
    struct bytes b = {NULL, 0};
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode)) b = read_fd(fd);
    close(fd);
    return b;
}

static bool same(struct bytes a, struct bytes b)
{
    return (a.p == NULL) == (b.p == NULL) && a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s, (void)kind, (void)at;
    return remove(path);
}

/* The current folder holds what OLD does, again. */
static void restore(int i)
{
    FILE *f = fopen(name[i], "wb");
    if (f == NULL || fwrite(old[i].p, 1, old[i].n, f) != old[i].n || fclose(f) != 0) give_up(name[i]);
}

/* ---- one run ---- */

static void report(int process, int n, const char *what, struct bytes said)
{
    printf("%s, process %d, allocation %d: %s: %.*s\n", command, process, n, what,
           getenv("STARVE_WHERE") != NULL ? (int)said.n : (int)strcspn(said.p, "\n"), said.p);
    fflush(stdout);
}

/* Lines of a text, notes aside. */
static int lines(const char *p)
{
    int n = 0;
    for (size_t many; *p != '\0'; p += many) {
        many = strcspn(p, "\n") + 1;
        if (memmem(p, many, ": note: ", 8) == NULL) n++;
        if (p[many - 1] == '\0') break;
    }
    return n;
}

/* Runs the program; its status, -1: it had to be ended. */
static int run(int process, int n)
{
    char c = 'x';
    struct pollfd p = {tell, POLLIN, 0};
    if (ftruncate(out, 0) != 0 || ftruncate(err, 0) != 0 || lseek(out, 0, SEEK_SET) != 0 || lseek(err, 0, SEEK_SET) != 0)
        give_up("output");
    sweep->at = n, sweep->process = process;
    if (write(ask, &c, 1) != 1 || read(tell, &c, 1) != 1) give_up("the program does not start");
    bool late = poll(&p, 1, SECONDS * 1000) != 1;
    if (late) kill(-sweep->pid, SIGKILL);
    if (read(tell, &c, 1) != 1) give_up("the program does not end");
    return late ? -1 : sweep->status;
}

static bool same_folder(const char *folder)
{
    char line[4200];
    snprintf(line, sizeof line, "diff -r '%s' '%s/%s' >/dev/null 2>&1", folder, good_folder, folder);
    return system(line) == 0;
}

/* What a search leaves when it fails is its journal, and the same command goes on from there. */
static bool goes_on(void)
{
    if (strcmp(command, "fit") != 0 && strcmp(command, "sweep") != 0) return false;
    if (system("test \"$(ls -A out)\" = journal.jsonl") != 0 || run(SWEEP_ALL, -1) != 0) return false;
    struct bytes printed = read_fd(out);
    bool ok = same(printed, good_out) && same_folder("out");
    free(printed.p);
    return ok;
}

/* 0 as without a fault, 1 a message, 2 something else, which is printed. */
static int judge(int process, int n, int status)
{
    int kind = 2;
    struct bytes said = read_fd(err), printed = read_fd(out);
    bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    const char *wrong = NULL;
    if (status == -1) wrong = "it did not end";
    else if (!WIFEXITED(status)) wrong = "it crashed";
    else if (!ok && WEXITSTATUS(status) != 1) wrong = "another exit code";
    else if (!ok && strstr(said.p, "out of memory") == NULL) wrong = "another message";
    else if (!ok && lines(said.p) != 1) wrong = "more than a line";
    else if (ok && strcmp(command, "bench") != 0 && !same(printed, good_out)) wrong = "exit 0 with another output";
    else if (!ok && printed.n > 0) wrong = "an output in spite of the message";
    for (int i = 0; i < names; i++) {
        struct bytes now = read_file(".", name[i]);
        if (!same(now, ok ? good[i] : old[i]) && wrong == NULL) wrong = name[i];
        if (!same(now, old[i])) restore(i);
        free(now.p);
    }
    DIR *d = opendir(".");
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        bool known = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        for (int i = 0; i < names && !known; i++) known = strcmp(e->d_name, name[i]) == 0;
        if (known) continue;
        bool folder = strcmp(e->d_name, "out") == 0;
        if (wrong == NULL && !(folder && (ok || goes_on()))) wrong = "something is left";
        if (wrong == NULL && ok && !same_folder(e->d_name)) wrong = "exit 0 with another folder";
        nftw(e->d_name, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        rewinddir(d);
    }
    if (d != NULL) closedir(d);
    if (wrong != NULL) report(process, n, wrong, said);
    else kind = ok ? 0 : 1;
    free(said.p);
    free(printed.p);
    return kind;
}

/* ---- which ones ---- */

static int by_way(const void *a, const void *b)
{
    const struct mnq_sweep_way *x = a, *y = b;
    if (x->process != y->process) return x->process < y->process ? -1 : 1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->n > y->n) - (x->n < y->n);
}

static int by_number(const void *a, const void *b)
{
    const struct mnq_sweep_way *x = a, *y = b;
    if (x->process != y->process) return x->process < y->process ? -1 : 1;
    return (x->n > y->n) - (x->n < y->n);
}

/* Leaves those to try in sweep->way; how many. */
static long choose(const char *which)
{
    long many = atomic_load(&sweep->known), kept = 0, ways = 0;
    struct mnq_sweep_way *w = sweep->way;
    if (many > SWEEP_MOST) many = SWEEP_MOST;
    const char *comma = strchr(which, ',');
    const long only = comma != NULL ? strtol(comma + 1, NULL, 10) : -1;
    for (long i = 0; i < many; i++)
        if (only < 0 || w[i].process == only) w[kept++] = w[i];
    many = kept;
    kept = 0;
    if (strncmp(which, "ways", 4) == 0) {
        qsort(w, (size_t)many, sizeof *w, by_way);
        for (long i = 0, first = 0; i < many; i++) {
            if (i == 0 || w[i].hash != w[i - 1].hash || w[i].process != w[i - 1].process) first = i, ways++;
            bool last = i + 1 == many || w[i].hash != w[i + 1].hash || w[i].process != w[i + 1].process;
            if (i - first < 2 || last || (i - first) % 50 == 0) w[kept++] = w[i];
        }
    } else if (strncmp(which, "every", 5) == 0) {
        kept = many;
    } else {
        bool one = *which == '=';
        long step = strtol(which + one, NULL, 10);
        for (long i = 0; i < many; i++)
            if (one ? w[i].n == step : step > 0 && w[i].n % step == 0) w[kept++] = w[i];
    }
    qsort(w, (size_t)kept, sizeof *w, by_number);
    printf("%s: %ld allocations", command, many);
    if (ways > 0) printf(" on %ld ways", ways);
    printf(", %ld to fail\n", kept);
    fflush(stdout);
    return kept;
}

static void start(const char *starve, char **argv)
{
    int to[2], from[2];
    char page[] = "/tmp/mnqsweep.XXXXXX", serve_at[64];
    int fd = mkstemp(page);
    out = open("/tmp", O_RDWR | O_TMPFILE, 0600), err = open("/tmp", O_RDWR | O_TMPFILE, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *sweep) != 0 || pipe(to) != 0 || pipe(from) != 0 || out < 0 || err < 0)
        give_up("starting");
    sweep = mmap(NULL, sizeof *sweep, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (sweep == MAP_FAILED) give_up("starting");
    snprintf(serve_at, sizeof serve_at, "STARVE_SERVE=%s", page);
    sweep->at = -1, sweep->remember = 1;
    if (fork() == 0) {
        int none = open("/dev/null", O_RDONLY);
        char front[4200];
        snprintf(front, sizeof front, "LD_PRELOAD=%s", starve);
        if (dup2(none, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || dup2(to[0], SWEEP_ASK) < 0 ||
            dup2(from[1], SWEEP_TELL) < 0)
            _exit(126);
        for (int i = 3; i < SWEEP_ASK; i++) close(i);
        putenv(front);
        putenv(serve_at);
        execv(argv[0], argv);
        _exit(126);
    }
    ask = to[1], tell = from[0];
    close(to[0]);
    close(from[1]);
    if (run(SWEEP_ALL, -1) != 0) give_up("the command fails without a fault");
    unlink(page);
    sweep->remember = 0;
}

static void read_names(void)
{
    DIR *d = opendir(old_folder);
    for (struct dirent *e; d != NULL && names < MAX_NAMES && (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.') continue;
        name[names] = strdup(e->d_name);
        old[names] = read_file(old_folder, e->d_name), good[names] = read_file(good_folder, e->d_name);
        restore(names++);
    }
    if (d == NULL || names == 0) give_up(old_folder);
    closedir(d);
}

/* Results of the table; index of way, -1: none. */
static void read_table(FILE *table, char *done, long many)
{
    int process, n, kind;
    while (fscanf(table, "%d %d %d\n", &process, &n, &kind) == 3) {
        const struct mnq_sweep_way key = {0, n, process};
        struct mnq_sweep_way *w = bsearch(&key, sweep->way, (size_t)many, sizeof key, by_number);
        if (w == NULL || kind < 0 || kind > 1) continue; /* findings are run again */
        done[w - sweep->way] = 1;
        result[kind]++;
    }
    fseek(table, 0, SEEK_END);
}

int main(int argc, char **argv)
{
    if (argc < 8) {
        fprintf(stderr, "usage: sweep STARVE.so every|ways|STEP|=N[,PROCESS] TABLE OLD GOOD PROGRAM ARGUMENT...\n");
        return 2;
    }
    FILE *table = fopen(argv[3], "a+");
    if (table == NULL) give_up(argv[3]);
    rewind(table);
    old_folder = argv[4], good_folder = argv[5], command = argv[7];
    read_names();
    start(argv[1], argv + 6);
    good_out = read_fd(out);
    judge(SWEEP_ALL, -1, 0);
    long many = choose(argv[2]);
    char *done = calloc((size_t)many + 1, 1);
    if (done == NULL) give_up("table");
    read_table(table, done, many);
    for (long i = 0; i < many; i++) {
        if (done[i]) continue;
        const struct mnq_sweep_way w = sweep->way[i];
        int kind = judge(w.process, w.n, run(w.process, w.n));
        result[kind]++;
        fprintf(table, "%d %d %d\n", w.process, w.n, kind);
        if (i % 64 == 0) fflush(table);
    }
    fclose(table);
    printf("%s: %ld allocations failed, %ld ended in a message, %ld without effect, %ld findings\n", command,
           result[0] + result[1] + result[2], result[1], result[0], result[2]);
    return result[2] != 0;
}
