/* SPDX-License-Identifier: Apache-2.0
 * Float kernels for AVX2. */
#define FK_NAME(op) op##_avx2
#define FK_TABLE    mnq_fkernels_avx2
#define FK_LABEL    "avx2"
#define FK_WIDTH    8 /* floats in a vector */
#define FK_COLS     2 /* vectors in a block of columns */
#include "graph/fkernel/fkernel_template.inc"
