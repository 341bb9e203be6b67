/* SPDX-License-Identifier: Apache-2.0
 * Which kernel tables this host can run. Compiled without instruction set flags. */
#include "host.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(MNQ_HAVE_AVX2) || defined(MNQ_HAVE_AVX512VNNI)
#include "x86/x86.h"
#endif

#ifdef MNQ_HAVE_NEON
#include "aarch64/hwcap_neon.h"
#include "aarch64/neon.h"
#endif

#ifdef MNQ_HAVE_RVV
#include "riscv/hwcap_rvv.h"
#include "riscv/rvv.h"
#endif

#ifdef MNQ_HAVE_AVX512VNNI
static int has_avx512vnni(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}
#endif

#ifdef MNQ_HAVE_AVX2
static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#endif

static int always(void)
{
    return 1;
}

/* Slowest first. */
static const struct {
    const struct mnq_kernels *kernels;
    int (*usable)(void);
} tables[] = {
    {&mnq_kernels_generic, always},
#ifdef MNQ_HAVE_AVX2
    {&mnq_kernels_avx2, has_avx2},
#endif
#ifdef MNQ_HAVE_AVX512VNNI
    {&mnq_kernels_avx512vnni, has_avx512vnni},
#endif
#ifdef MNQ_HAVE_NEON
    {&mnq_kernels_neon, always},
#endif
#ifdef MNQ_HAVE_DOTPROD
    {&mnq_kernels_dotprod, mnq_has_dotprod},
#endif
#ifdef MNQ_HAVE_I8MM
    {&mnq_kernels_i8mm, mnq_has_i8mm},
#endif
#ifdef MNQ_HAVE_RVV
    {&mnq_kernels_rvv, mnq_has_rvv},
#endif
};

const struct mnq_kernels *mnq_kernels_at(int i)
{
    for (int k = 0; k < (int)(sizeof tables / sizeof *tables); k++)
        if (tables[k].usable() && i-- == 0) return tables[k].kernels;
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
