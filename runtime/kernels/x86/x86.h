/* SPDX-License-Identifier: Apache-2.0
 * The kernel tables for x86-64 and the kernels behind them, all for layers that x86_pack.h has packed. */
#ifndef MNQ_X86_H
#define MNQ_X86_H

#include "kernels.h"

mnq_kernel mnq_pw_avx2, mnq_conv_avx2, mnq_dwconv_avx2, mnq_add_avx2, mnq_mul_avx2, mnq_avgpool_avx2, mnq_xnor_avx2,
    mnq_sparse_avx2, mnq_grouped_avx2;
mnq_kernel mnq_pw_avx512vnni, mnq_conv_avx512vnni, mnq_dwconv_avx512vnni, mnq_add_avx512vnni, mnq_mul_avx512vnni,
    mnq_avgpool_avx512vnni, mnq_xnor_avx512vnni;

/** Needs AVX2. */
extern const struct mnq_kernels mnq_kernels_avx2;

/** Needs AVX-512 F, BW, DQ, VL and VNNI. */
extern const struct mnq_kernels mnq_kernels_avx512vnni;

#endif
