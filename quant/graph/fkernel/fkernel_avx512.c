/* SPDX-License-Identifier: Apache-2.0
 * Float kernels for AVX-512F. */
#define FK_NAME(op) op##_avx512
#define FK_TABLE    mnq_fkernels_avx512
#define FK_LABEL    "avx512"
#define FK_WIDTH    16 /* floats in a vector */
#define FK_COLS     4  /* vectors in a block of columns */
#include "graph/fkernel/fkernel_template.inc"
