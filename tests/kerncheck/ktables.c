/* SPDX-License-Identifier: Apache-2.0
 * The one list of kernel tables to check. */
#include "ktables.h"

#include <stddef.h>

#if defined(MNQ_HAVE_AVX2) || defined(MNQ_HAVE_AVX512VNNI)
#include "x86/x86.h"
#endif

#ifdef MNQ_HAVE_AVX512VNNI
static int has_avx512vnni(void)
{
#ifdef MNQ_AVX512_ON_AVX2
    return __builtin_cpu_supports("avx2");
#else
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
#endif
}
#endif

#ifdef MNQ_HAVE_AVX2

static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#endif

#ifdef MNQ_HAVE_NEON
#include "aarch64/hwcap_neon.h"
#include "aarch64/neon.h"
#endif

#if defined(__ARM_FEATURE_DSP) && __ARM_ARCH_PROFILE == 'M'
#define MNQ_CORTEX_M_DSP 1
#include "cortexm/dsp.h"
#endif

#ifdef __ARM_ARCH_7M__
#include "cortexm3/m3.h"
#endif

#ifdef __ARM_FEATURE_MVE
#include "helium/mve.h"
#endif

#ifdef MNQ_HAVE_RVV
#include "riscv/hwcap_rvv.h"
#include "riscv/rvv.h"
#endif

#ifdef MNQ_HAVE_HVX
#include "hexagon/hvx.h"
#endif

const struct mnq_ktable mnq_ktables[] = {
    {&mnq_kernels_generic, NULL},
#ifdef MNQ_CORTEX_M_DSP
    {&mnq_kernels_dsp, NULL},
#endif
#ifdef __ARM_ARCH_7M__
    {&mnq_kernels_m3, NULL},
#endif
#ifdef __ARM_FEATURE_MVE
    {&mnq_kernels_mve, NULL},
#endif
#ifdef MNQ_HAVE_RVV
    {&mnq_kernels_rvv, mnq_has_rvv},
#endif
#ifdef MNQ_HAVE_HVX
    {&mnq_kernels_hvx, NULL},
#endif
#ifdef MNQ_HAVE_AVX2
    {&mnq_kernels_avx2, has_avx2},
#endif
#ifdef MNQ_HAVE_AVX512VNNI
    {&mnq_kernels_avx512vnni, has_avx512vnni},
#endif
#ifdef MNQ_HAVE_NEON
    {&mnq_kernels_neon, NULL},
#endif
#ifdef MNQ_HAVE_DOTPROD
    {&mnq_kernels_dotprod, mnq_has_dotprod},
#endif
#ifdef MNQ_HAVE_I8MM
    {&mnq_kernels_i8mm, mnq_has_i8mm},
#endif
};

const int mnq_ktable_count = (int)(sizeof mnq_ktables / sizeof *mnq_ktables);
