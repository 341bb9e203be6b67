/* SPDX-License-Identifier: Apache-2.0
 * The kernel tables for AArch64 and the kernels behind them, all for layers that pack_neon.h has packed. */
#ifndef MNQ_NEON_H
#define MNQ_NEON_H

#include "kernels.h"

/** Needs what every AArch64 has. */
extern const struct mnq_kernels mnq_kernels_neon;

/** Needs the dot product extension (FEAT_DotProd, HWCAP_ASIMDDP). */
extern const struct mnq_kernels mnq_kernels_dotprod;

/** Needs the dot product and the int8 matrix multiply extension (FEAT_I8MM, HWCAP2_I8MM). */
extern const struct mnq_kernels mnq_kernels_i8mm;

mnq_kernel mnq_pw_neon, mnq_conv_neon, mnq_dwconv_neon, mnq_add_neon, mnq_mul_neon, mnq_avgpool_neon;
mnq_kernel mnq_avgpool_sum_neon; /* also of layers that were not packed; no in_flip */
mnq_kernel mnq_pw_dotprod, mnq_conv_dotprod, mnq_dwconv_dotprod;
mnq_kernel mnq_pw_i8mm, mnq_conv_i8mm;

#endif
