/* SPDX-License-Identifier: Apache-2.0
 * Float kernels for plain vectors of four, which any compiler lowers to what the target has. */
#define FK_NAME(op) op##_c
#define FK_TABLE    mnq_fkernels_c
#define FK_LABEL    "c"
#define FK_WIDTH    4 /* floats in a vector */
#define FK_COLS     2 /* vectors in a block of columns */
#include "graph/fkernel/fkernel_template.inc"
