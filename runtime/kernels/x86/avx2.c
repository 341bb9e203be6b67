/* SPDX-License-Identifier: Apache-2.0
 * The AVX2 kernel table. Compiled without its instructions: it only names them. */
#include "x86_pack.h"

static const struct mnq_x86_shape shape = {8, 0};

#define MNQ_KERNEL(op) mnq_##op##_avx2

#include "table.inc"

const struct mnq_kernels mnq_kernels_avx2 = {"avx2", find, scratch_bytes, &packing, &mnq_kernels_generic};
