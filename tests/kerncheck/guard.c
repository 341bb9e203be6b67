/* SPDX-License-Identifier: Apache-2.0
 * Guarded buffers: zones of 64 bytes, filled with a pattern that depends on the position. */
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define poison(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define unpoison(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define poison(p, n)   (void)(p)
#define unpoison(p, n) (void)(p)
#endif

enum { ZONE = 64 };

static uint8_t pattern(size_t i)
{
    return (uint8_t)(0xa5u ^ (i * 29u));
}

struct mnq_guard mnq_guard_new(size_t n, unsigned skew)
{
    struct mnq_guard g = {0};

    g.base = malloc(n + 2 * ZONE + 128);
    if (!g.base) {
        fprintf(stderr, "kerncheck: out of memory\n");
        exit(1);
    }
    g.p = g.base + ZONE;
    g.p += (size_t)(-(uintptr_t)g.p & 63u) + 16 * (size_t)(skew % 4);
    g.n = n;
    for (size_t i = 0; i < ZONE; i++) {
        g.p[(ptrdiff_t)i - ZONE] = pattern(i);
        g.p[n + i] = pattern(i + ZONE);
    }
    return g;
}

void mnq_guard_free(struct mnq_guard *g)
{
    if (g->p) unpoison(g->p - ZONE, g->n + 2 * ZONE);
    free(g->base);
    *g = (struct mnq_guard){0};
}

static uint64_t checksum(const uint8_t *p, size_t n)
{
    uint64_t s = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) s = (s ^ p[i]) * 0x100000001b3u;
    return s;
}

void mnq_guard_seal(struct mnq_guard *g)
{
    if (!g->p) return;
    g->sum = checksum(g->p, g->n);
    poison(g->p - ZONE, ZONE);
    poison(g->p + g->n, ZONE);
}

int mnq_guard_zones(const struct mnq_guard *g)
{
    int bad = 0;

    if (!g->p) return 0;
    unpoison(g->p - ZONE, ZONE);
    unpoison(g->p + g->n, ZONE);
    for (size_t i = 0; i < ZONE; i++) bad |= g->p[(ptrdiff_t)i - ZONE] != pattern(i) || g->p[g->n + i] != pattern(i + ZONE);
    poison(g->p - ZONE, ZONE);
    poison(g->p + g->n, ZONE);
    return -bad;
}

int mnq_guard_payload(const struct mnq_guard *g)
{
    return g->p && checksum(g->p, g->n) != g->sum ? -1 : 0;
}
