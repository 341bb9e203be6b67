/* SPDX-License-Identifier: Apache-2.0
 * mnquant-mpi: the mnquant program in several processes, of which the first one writes and prints. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "cli.h"
#include "commands.h"
#include "mpi_engine.h"
#include "util/cleanup.h"
#include "util/spread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double STALL = 600; /* seconds */

/* Takes --stall out of the arguments. */
static int take_stall(int *argc, char **argv, double *stall, struct mnq_err *e)
{
    static const char name[] = "--stall";
    const size_t n = sizeof name - 1;
    int to = 1;
    for (int i = 1; i < *argc; i++) {
        const char *text = NULL;
        if (strcmp(argv[i], "--") == 0) {
            while (i < *argc) argv[to++] = argv[i++];
            break;
        }
        if (strcmp(argv[i], name) == 0) text = i + 1 < *argc ? argv[++i] : "";
        else if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=') text = argv[i] + n + 1;
        if (text == NULL) {
            argv[to++] = argv[i];
            continue;
        }
        char *end;
        errno = 0;
        *stall = strtod(text, &end);
        if (end == text || *end != '\0' || errno != 0 || !(*stall >= 1 && *stall <= 1e6))
            return mnq_fail(e, MNQ_EXIT_USAGE, "--stall: expected a number of seconds 1..1000000, got '%s'", text);
    }
    *argc = to;
    argv[to] = NULL;
    return 0;
}

/* Commands that deal out their work; the others would do the same everywhere. */
static bool has_journal; /* of finished trials, which stays */

static int check_command(int argc, char **argv, struct mnq_err *e)
{
    static const char *const dealt[] = {"eval", "calibrate", "prune", "tune", "compare", "fit", "sweep"};
    for (int i = 1; i < argc; i++)
        for (int k = 0; k < mnq_program.n; k++) {
            const char *name = mnq_program.command[k]->name;
            if (strcmp(argv[i], name) != 0) continue;
            has_journal = strcmp(name, "fit") == 0 || strcmp(name, "sweep") == 0;
            for (size_t d = 0; d < sizeof dealt / sizeof *dealt; d++)
                if (strcmp(name, dealt[d]) == 0) return 0;
            return mnq_fail(e, MNQ_EXIT_USAGE, "%s runs in one process: use mnquant", name);
        }
    return 0;
}

/* Threads, where nothing says how many: the processors that this process may use, shared with its neighbours. */
static int settle_threads(struct mnq_err *e)
{
    const char *given = getenv("MNQ_THREADS");
    if (given != NULL && *given != '\0') return 0;
    cpu_set_t set;
    long all = sysconf(_SC_NPROCESSORS_ONLN), mine = all;
    if (sched_getaffinity(0, sizeof set, &set) == 0) mine = CPU_COUNT(&set);
    if (mine == all) mine = all / mnq_mpi_neighbours();
    char text[16];
    snprintf(text, sizeof text, "%ld", mine < 1 ? 1 : mine > 256 ? 256 : mine);
    return setenv("MNQ_THREADS", text, 1) == 0 ? 0 : mnq_fail_nomem(e);
}

static volatile sig_atomic_t working;

static void ended_by_signal(void)
{
    if (!working) return;
    static const char why[] = "mnquant: ended by a signal (a time limit, or another process died): ";
    static const char nothing[] = "nothing was written\n", kept[] = "finished trials are kept, the same command goes on\n";
    ssize_t n = write(STDERR_FILENO, why, sizeof why - 1);
    n = has_journal ? write(STDERR_FILENO, kept, sizeof kept - 1) : write(STDERR_FILENO, nothing, sizeof nothing - 1);
    (void)n;
}

static int run(int argc, char **argv, const struct mnq_spread_engine *engine)
{
    struct mnq_err e = {0};
    struct mnq_mpi_opts o = {.stall = STALL, .version = MNQ_MPI_VERSION};
    if (take_stall(&argc, argv, &o.stall, &e) != 0 || check_command(argc, argv, &e) != 0 || mnq_mpi_open(&o, &e) != 0 ||
        settle_threads(&e) != 0) {
        if (engine->rank == 0) fprintf(stderr, "mnquant: %s\n", e.msg);
        return e.code;
    }
    if (engine->rank != 0) {
        FILE *nowhere = fopen("/dev/null", "w");
        if (nowhere == NULL || freopen("/dev/null", "w", stdout) == NULL) _exit(MNQ_EXIT_FAILED);
        stderr = nowhere; /* the descriptor stays, for what must be said */
    }
    mnq_cleanup_catch(engine->rank == 0 ? ended_by_signal : NULL);
    mnq_spread_use(engine);
    working = engine->rank == 0;
    int code = mnq_cli_main(&mnq_program, argc, argv);
    working = 0;
    mnq_spread_use(NULL);
    return code;
}

int main(int argc, char **argv)
{
    struct mnq_err e = {0};
    const struct mnq_spread_engine *engine = mnq_mpi_start(&argc, &argv, &e);
    if (engine == NULL) {
        fprintf(stderr, "mnquant: %s\n", e.msg);
        return e.code;
    }
    bool talk = false;
    for (int i = 1; i < argc; i++) talk = talk || strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "--verbose") == 0;
    int code = run(argc, argv, engine);
    struct mnq_mpi_traffic t;
    mnq_mpi_traffic(&t);
    if (talk && engine->rank == 0)
        fprintf(stderr,
                "mnquant: note: %d processes on %d hosts, %lld exchanges, %lld bytes from the first, %.3f s in them\n",
                t.processes, t.hosts, (long long)t.exchanges, (long long)t.bytes, t.waited);
    mnq_mpi_end();
    return engine->rank == 0 ? code : 0; /* mpirun ends those that still live when one did not succeed */
}
