/* SPDX-License-Identifier: Apache-2.0
 * Which kernel tables this host can run. Compiled without instruction set flags. */
#include "host.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#ifdef MNQ_HAVE_AVX2
#include "x86/x86.h"
#endif

const struct mnq_kernels *mnq_kernels_at(int i)
{
    if (i == 0) return &mnq_kernels_generic;
#ifdef MNQ_HAVE_AVX2
    if (i == 1 && __builtin_cpu_supports("avx2")) return &mnq_kernels_avx2;
#endif
    return NULL;
}

const struct mnq_kernels *mnq_kernels_best(void)
{
    const struct mnq_kernels *best = mnq_kernels_at(0), *next, *named;
    const char *name = getenv("MNQ_KERNELS");
    if (name != NULL && (named = mnq_kernels_find(name)) != NULL) return named;
    for (int i = 1; (next = mnq_kernels_at(i)) != NULL; i++) best = next;
    return best;
}

const struct mnq_kernels *mnq_kernels_find(const char *name)
{
    const struct mnq_kernels *t;
    for (int i = 0; (t = mnq_kernels_at(i)) != NULL; i++)
        if (strcmp(t->name, name) == 0) return t;
    return NULL;
}
