/* SPDX-License-Identifier: Apache-2.0
 * Unfinished files, removed however the program ends. */
#include "util/cleanup.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { SLOTS = 8, NAME = 40 };

/* A slot is filled, then marked: the handler looks at marked ones only. */
static struct {
    atomic_int used;
    int dir;
    char name[NAME];
} slot[SLOTS];

static atomic_int held, pending;
static void (*last_call)(void);

static const int ending[] = {
    SIGHUP,    SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGVTALRM,
#ifdef SIGPROF
    SIGPROF,
#endif
#ifdef SIGPOLL
    SIGPOLL,
#endif
#ifdef SIGPWR
    SIGPWR,
#endif
#ifdef SIGSTKFLT
    SIGSTKFLT,
#endif
};
static const int fault[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
enum { ENDING = sizeof ending / sizeof *ending, FAULTS = sizeof fault / sizeof *fault };

int mnq_cleanup_note(int dir, const char *name)
{
    size_t n = strlen(name);
    if (n >= NAME) return -1;
    for (int i = 0; i < SLOTS; i++) {
        if (atomic_load(&slot[i].used)) continue;
        slot[i].dir = dir;
        memcpy(slot[i].name, name, n + 1);
        atomic_store(&slot[i].used, 1);
        return i;
    }
    return -1;
}

void mnq_cleanup_forget(int number)
{
    if (number >= 0) atomic_store(&slot[number].used, 0);
}

void mnq_cleanup_now(void)
{
    for (int i = 0; i < SLOTS; i++)
        if (atomic_exchange(&slot[i].used, 0)) unlinkat(slot[i].dir, slot[i].name, 0);
}

static _Noreturn void end(int sig)
{
    mnq_cleanup_now();
    if (last_call != NULL) last_call();
    _exit(128 + sig);
}

void mnq_cleanup_hold(void)
{
    atomic_fetch_add(&held, 1);
}

void mnq_cleanup_release(void)
{
    if (atomic_fetch_sub(&held, 1) > 1) return;
    int sig = atomic_load(&pending);
    if (sig != 0) end(sig);
}

static void on_end(int sig)
{
    if (atomic_load(&held) == 0) end(sig);
    atomic_store(&pending, sig);
}

static void on_fault(int sig)
{
    mnq_cleanup_now();
    if (last_call != NULL) last_call();
    signal(sig, SIG_DFL);
    raise(sig);
}

/* Only where nobody decided yet. */
static void catch (int sig, void (*handler)(int))
{
    struct sigaction a;
    if (sigaction(sig, NULL, &a) != 0 || a.sa_handler != SIG_DFL) return;
    memset(&a, 0, sizeof a);
    a.sa_handler = handler;
    sigfillset(&a.sa_mask);
    sigaction(sig, &a, NULL);
}

void mnq_cleanup_catch(void (*last)(void))
{
    if (last_call == NULL) last_call = last;
    signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < ENDING; i++) catch (ending[i], on_end);
    for (int i = 0; i < FAULTS; i++) catch (fault[i], on_fault);
    for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) catch (sig, on_end);
}

void mnq_cleanup_child(void)
{
    for (int i = 0; i < SLOTS; i++) atomic_store(&slot[i].used, 0);
    for (int i = 0; i < ENDING; i++) signal(ending[i], SIG_DFL);
    for (int i = 0; i < FAULTS; i++) signal(fault[i], SIG_DFL);
    for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) signal(sig, SIG_DFL);
    atomic_store(&pending, 0);
    atomic_store(&held, 0);
}
