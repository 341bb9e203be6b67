/* SPDX-License-Identifier: Apache-2.0
 * Coverage and errors of child processes. */
#define _GNU_SOURCE
#include "child.h"

#include "fuzz.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAMES = 48, RAISING = 6 /* from the signal up to abort() */ };

/* Shared with the children. */
static struct told {
    volatile int found; /* an error in our code */
    char text[8000];
} * told;

static volatile bool in_child;

/* ---- sanitizers ---- */

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
void __asan_set_error_report_callback(void (*callback)(const char *report)) __attribute__((weak));
void __sanitizer_report_error_summary(const char *summary);
const char *__lsan_default_suppressions(void);

/* What the library leaks when it gives up on a file is not ours. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static void tell(const char *what)
{
    if (told->found) return;
    snprintf(told->text, sizeof told->text, "%s", what);
    told->found = 1;
}

/* The places of the first stack in a report, "#0 0x..." and on. */
static int places(const char *report, void *frame[FRAMES])
{
    int n = 0;
    char mark[32];
    for (const char *at = report; n < FRAMES; n++) {
        snprintf(mark, sizeof mark, "    #%d 0x", n);
        if ((at = strstr(at, mark)) == NULL) break;
        frame[n] = (void *)(uintptr_t)strtoull(at + strlen(mark) - 2, NULL, 16); /* NOLINT(performance-no-int-to-ptr) */
    }
    return n;
}

static void on_report(const char *report)
{
    /* Memory that the process may not have is an answer of malloc() in the product. */
    static const char *const limit[] = {"out-of-memory", "allocation-size-too-big", "calloc-overflow", "rss-limit-exceeded"};
    void *frame[FRAMES];
    if (!in_child) return;
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++)
        if (strstr(report, limit[i]) != NULL) return;
    int n = places(report, frame);
    if (!mnq_fuzz_in_library(frame, n, false)) tell(report);
}

/* The library has no checks of undefined behaviour: those are ours. In front of the runtime's own, which prints it. */
void __sanitizer_report_error_summary(const char *summary)
{
    if (in_child && strstr(summary, "UndefinedBehavior") != NULL) tell(summary);
    fprintf(stderr, "%s\n", summary);
}

/* ---- signals, which the child handles itself: linked in front of sigaction() ---- */

int __real_sigaction(int number, const struct sigaction *act, struct sigaction *old) __attribute__((weak));
int __wrap_sigaction(int number, const struct sigaction *act, struct sigaction *old);

static struct sigaction own[NSIG];

/* A sanitizer ends a process so: what it had to say was heard (all of it in clang's builds, in gcc's what is about
 * memory), or it is the limit of memory, where malloc() of the product has an answer. Nothing else of ours calls abort(). */
static bool is_abort(void *const *frame, int n)
{
    Dl_info at;
    for (int i = 0; i < n && i < RAISING; i++)
        if (dladdr(frame[i], &at) != 0 && at.dli_sname != NULL && strcmp(at.dli_sname, "abort") == 0) return true;
    return false;
}

static void on_fault(int number)
{
    static bool ending; /* what comes behind the first is of no interest */
    void *frame[FRAMES];
    char what[64];
    int n = backtrace(frame, FRAMES), at = 0;
    while (at < n && frame[at] != __builtin_return_address(0)) at++; /* what called this; what failed is behind it */
    snprintf(what, sizeof what, "signal %d in a child, in our code", number);
    if (!ending && !is_abort(frame + at, n - at) && !mnq_fuzz_in_library(frame + at, n - at, false)) tell(what);
    ending = true;
    own[number].sa_handler(number);
}

int __wrap_sigaction(int number, const struct sigaction *act, struct sigaction *old)
{
    if (!in_child || act == NULL || (act->sa_flags & SA_SIGINFO) || act->sa_handler == SIG_DFL || act->sa_handler == SIG_IGN)
        return __real_sigaction(number, act, old);
    struct sigaction ours = *act;
    own[number] = *act;
    ours.sa_handler = on_fault;
    return __real_sigaction(number, &ours, old);
}

/* ---- coverage ---- */

extern char counters_start[] __asm__("__start___sancov_cntrs") __attribute__((weak));
extern char counters_stop[] __asm__("__stop___sancov_cntrs") __attribute__((weak));

/* libFuzzer's counters become memory that children share; at both ends are pages that hold other things, too. */
static void share_counters(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = ((uintptr_t)counters_start + page - 1) / page * page, stop = (uintptr_t)counters_stop / page * page;
    if (counters_start == NULL || stop <= start) return;
    void *at = counters_start + (start - (uintptr_t)counters_start);
    uint8_t *kept = mnq_fuzz_copy(at, stop - start);
    void *got = mmap(at, stop - start, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    MNQ_FUZZ_MUST(got == at);
    memcpy(at, kept, stop - start);
    free(kept);
}

static void on_fork(void)
{
    in_child = true;
    if (__sanitizer_set_death_callback != NULL) __sanitizer_set_death_callback(NULL); /* libFuzzer's */
}

void mnq_fuzz_child_watch(void)
{
    if (told != NULL) return;
    void *first[1];
    (void)backtrace(first, 1); /* loads what it needs, which a handler must not */
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MNQ_FUZZ_MUST(told != MAP_FAILED);
    share_counters();
    if (__asan_set_error_report_callback != NULL) __asan_set_error_report_callback(on_report);
    MNQ_FUZZ_MUST(pthread_atfork(NULL, NULL, on_fork) == 0);
}

void mnq_fuzz_child_check(void)
{
    if (!told->found) return;
    fprintf(stderr, "in the reader's process:\n%s\n", told->text);
    abort();
}
