/* SPDX-License-Identifier: Apache-2.0
 * Inputs in another process. The HDF5 library crashes and spins on damaged files, which costs the program a child
 * (quant/util/worker.h); where its reader is fuzzed without one, what happens inside of the library has to be told from what
 * happens in our code. */
#define _GNU_SOURCE
#include "apart.h"

#include "fuzz.h"

#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIBRARY_EXIT = 77, VALGRIND_EXIT = 1, /* when its own memory is destroyed */ FRAMES = 48, LOOKING = 20 /* seconds */ };

static const int watched[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};
enum { N_WATCHED = sizeof watched / sizeof *watched };

/* Where it was at work when memory was destroyed cannot be told: looking crashes, or spins. An exit would too, under valgrind, which
 * frees what the C library has. */
static void on_lost(int number)
{
    (void)number;
    signal(SIGUSR2, SIG_DFL);
    raise(SIGUSR2);
}

static void look_until(unsigned seconds)
{
    sigset_t none;
    sigemptyset(&none);
    for (int i = 0; i < N_WATCHED; i++) signal(watched[i], on_lost);
    sigprocmask(SIG_SETMASK, &none, NULL); /* the signal that is handled may come again */
    alarm(seconds);
}

/* What spins may be anywhere below the library. */
static void on_end(int number)
{
    void *frame[FRAMES];
    look_until(LOOKING);
    int n = backtrace(frame, FRAMES);
    if (mnq_fuzz_in_library(frame + 1, n - 1, number == SIGALRM)) _exit(LIBRARY_EXIT); /* 0 is this one */
    signal(number, SIG_DFL);
    raise(number);
}

static void in_child(void (*work)(void *ctx), void *ctx)
{
    static uint8_t aside[1 << 16];
    const stack_t stack = {.ss_sp = aside, .ss_size = sizeof aside}; /* the library may recurse without end */
    struct sigaction act = {.sa_handler = on_end, .sa_flags = SA_ONSTACK};
    sigaltstack(&stack, NULL);
    for (int i = 0; i < N_WATCHED; i++) sigaction(watched[i], &act, NULL);
    work(ctx);
    _exit(0);
}

enum mnq_fuzz_end mnq_fuzz_apart(void (*work)(void *ctx), void *ctx)
{
    void *first[1];
    int status = 0;
    (void)backtrace(first, 1); /* loads what it needs, which a handler must not */
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) in_child(work, ctx);
    if (child < 0) {
        perror("fork");
        exit(2);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return MNQ_FUZZ_WELL;
    if (WIFEXITED(status) && WEXITSTATUS(status) == LIBRARY_EXIT) return MNQ_FUZZ_IN_LIBRARY;
    if (WIFEXITED(status) && WEXITSTATUS(status) == VALGRIND_EXIT) return MNQ_FUZZ_LOST;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR2 ? MNQ_FUZZ_LOST : MNQ_FUZZ_FOUND;
}
