/* SPDX-License-Identifier: Apache-2.0
 * Which float kernels this host can run. Compiled without instruction set flags. */
#include "graph/fkernel/fkernel.h"

#include <string.h>

enum { MAX_VARIANTS = 3, WIDEST = 16 };

static const struct mnq_fkernels *chosen;

static int available(const struct mnq_fkernels *list[MAX_VARIANTS])
{
    int n = 0;
    list[n++] = &mnq_fkernels_c;
#if defined(MNQ_FKERNEL_X86)
    if (__builtin_cpu_supports("avx2")) list[n++] = &mnq_fkernels_avx2;
    if (__builtin_cpu_supports("avx512f")) list[n++] = &mnq_fkernels_avx512;
#endif
    return n;
}

size_t mnq_fpacked_width(int n)
{
    return ((size_t)n + WIDEST - 1) / WIDEST * WIDEST;
}

const struct mnq_fkernels *mnq_fkernels_at(int i)
{
    const struct mnq_fkernels *list[MAX_VARIANTS];
    int n = available(list);
    return i >= 0 && i < n ? list[i] : NULL;
}

const struct mnq_fkernels *mnq_fkernels_best(void)
{
    const struct mnq_fkernels *list[MAX_VARIANTS];
    return chosen != NULL ? chosen : list[available(list) - 1];
}

void mnq_fkernels_choose(const char *name)
{
    const struct mnq_fkernels *list[MAX_VARIANTS];
    int n = available(list);
    chosen = name != NULL && strcmp(name, "generic") == 0 ? list[0] : NULL;
    for (int i = 1; name != NULL && i < n; i++)
        if (strncmp(name, list[i]->name, strlen(list[i]->name)) == 0) chosen = list[i];
}
