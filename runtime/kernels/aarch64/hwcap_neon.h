/* SPDX-License-Identifier: Apache-2.0
 * What this AArch64 processor can do: Linux says it at run time; elsewhere it is what the compiler was told. */
#ifndef MNQ_HWCAP_NEON_H
#define MNQ_HWCAP_NEON_H

#ifdef __linux__
#include <sys/auxv.h>

/* HWCAP_ASIMDDP and HWCAP2_I8MM, which old headers do not have. */
static inline int mnq_has_dotprod(void)
{
    return (getauxval(AT_HWCAP) >> 20 & 1) != 0;
}

static inline int mnq_has_i8mm(void)
{
    return mnq_has_dotprod() && (getauxval(AT_HWCAP2) >> 13 & 1) != 0;
}

#else

static inline int mnq_has_dotprod(void)
{
#ifdef __ARM_FEATURE_DOTPROD
    return 1;
#else
    return 0;
#endif
}

static inline int mnq_has_i8mm(void)
{
#if defined(__ARM_FEATURE_DOTPROD) && defined(__ARM_FEATURE_MATMUL_INT8)
    return 1;
#else
    return 0;
#endif
}

#endif
#endif
