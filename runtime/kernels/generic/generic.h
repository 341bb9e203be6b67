/* SPDX-License-Identifier: Apache-2.0
 * The generic kernels, one per operator and weight type; a port names those it keeps.
 *
 * All have the contract of mnq_kernel in kernels.h. */
#ifndef MNQ_GENERIC_H
#define MNQ_GENERIC_H

#include "kernels.h"

mnq_kernel mnq_conv_s8_c, mnq_conv_s16_c;
mnq_kernel mnq_dwconv_s8_c, mnq_dwconv_s16_c;
mnq_kernel mnq_pw_s8_c, mnq_pw_s16_c, mnq_pw_s4_c, mnq_pw_sparse_c, mnq_pw_sparse4_c, mnq_pw_binary_c, mnq_pw_xnor_c,
    mnq_pw_ternary_c;
mnq_kernel mnq_conv_groups_c, mnq_dwconv_curve_c;
mnq_kernel mnq_avgpool_c, mnq_avgpool_sum_c, mnq_avgpool_counted_c, mnq_maxpool_c;
mnq_kernel mnq_add_c, mnq_mul_c, mnq_softmax_c, mnq_logistic_c;
mnq_kernel mnq_select_c, mnq_upsample_c, mnq_spread_c;

#endif
