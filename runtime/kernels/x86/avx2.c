/* SPDX-License-Identifier: Apache-2.0
 * The AVX2 kernel table: everything it replaces. */
#include "generic/generic.h"
#include "x86.h"

const struct mnq_kernels mnq_kernels_avx2 = {
    "avx2",
    {mnq_conv_s8_avx2, mnq_conv_s16_avx2},
    {mnq_dwconv_s8_avx2, mnq_dwconv_s16_avx2},
    {mnq_pw_s8_avx2, mnq_pw_s16_avx2, mnq_pw_s4_avx2, mnq_pw_sparse_avx2, mnq_pw_binary_avx2, mnq_pw_xnor_c},
    mnq_avgpool_c,
    mnq_add_c,
    mnq_mul_c,
    mnq_softmax_c,
    mnq_logistic_c,
};
