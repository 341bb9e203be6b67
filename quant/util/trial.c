/* SPDX-License-Identifier: Apache-2.0
 * Trying dangerous work in a copy of the process first. */
#include "util/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SURVIVED = 77 }; /* not a code that a dying sanitizer or library uses */

static void run(void (*work)(void *ctx), void *ctx, unsigned seconds)
{
    static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGXCPU};
    const struct rlimit cpu = {seconds, seconds}, none = {0, 0};
    int null = open("/dev/null", O_WRONLY);
    if (null >= 0) { /* last words of the C library */
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    for (unsigned i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &none);
    work(ctx);
    _exit(SURVIVED); /* no exit handlers, no flush of inherited buffers */
}

int mnq_trial(void (*work)(void *ctx), void *ctx, unsigned seconds)
{
    int status;
    pid_t child = fork();
    if (child == 0) run(work, ctx, seconds);
    if (child < 0) return 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return 0; /* somebody else collects children */
    return WIFEXITED(status) && WEXITSTATUS(status) == SURVIVED ? 0 : -1;
}
