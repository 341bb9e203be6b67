/* SPDX-License-Identifier: Apache-2.0
 * Whether this RISC-V processor has vectors: a program that is compiled for them needs them anyway, else Linux says it at
 * run time. */
#ifndef MNQ_HWCAP_RVV_H
#define MNQ_HWCAP_RVV_H

#if defined(__linux__) && !defined(__riscv_vector)
#include <sys/auxv.h>

/* A bit per letter of the instruction set's name. */
static inline int mnq_has_rvv(void)
{
    return (getauxval(AT_HWCAP) >> ('V' - 'A') & 1) != 0;
}

#else

static inline int mnq_has_rvv(void)
{
#ifdef __riscv_vector
    return 1;
#else
    return 0;
#endif
}

#endif
#endif
