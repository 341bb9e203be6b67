/* SPDX-License-Identifier: Apache-2.0
 * What all fuzz targets share. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void mnq_fuzz_broken(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

uint8_t *mnq_fuzz_copy(const uint8_t *data, size_t n)
{
    uint8_t *p = malloc(n > 0 ? n : 1);
    if (p == NULL) abort();
    if (n > 0) memcpy(p, data, n);
    return p;
}

/* Where libFuzzer's build has counters, and what is so marked: that program holds the sanitizers' code, too. */
struct counted {
    uintptr_t place, what;
};
extern const struct counted counted_start[] __asm__("__start___sancov_pcs") __attribute__((weak));
extern const struct counted counted_stop[] __asm__("__stop___sancov_pcs") __attribute__((weak));

enum { BLOCK = 4096 }; /* more than the last block of code is long */

static bool is_ours(void *place)
{
    uintptr_t low = UINTPTR_MAX, high = 0;
    Dl_info own, at;
    if ((uintptr_t)counted_start == (uintptr_t)counted_stop)
        return dladdr((void *)(uintptr_t)is_ours, &own) != 0 && dladdr(place, &at) != 0 && at.dli_fbase == own.dli_fbase;
    for (const struct counted *c = counted_start; c < counted_stop; c++) {
        low = c->place < low ? c->place : low;
        high = c->place > high ? c->place : high;
    }
    return (uintptr_t)place >= low && (uintptr_t)place < high + BLOCK;
}

bool mnq_fuzz_in_library(void *const *frame, int n, bool below)
{
    Dl_info at;
    for (int i = 0; i < n; i++) {
        if (dladdr(frame[i], &at) != 0 && at.dli_fname != NULL && strstr(at.dli_fname, "libhdf5") != NULL) return true;
        if (!below && is_ours(frame[i])) return false;
    }
    return false;
}
