/* SPDX-License-Identifier: Apache-2.0
 * The AVX-512 VNNI kernel table. Compiled without its instructions: it only names them. */
#include "x86_pack.h"

static const struct mnq_x86_shape shape = {16, 1};

#define MNQ_KERNEL(op) mnq_##op##_avx512vnni

#include "table.inc"

const struct mnq_kernels mnq_kernels_avx512vnni = {"avx512vnni", find, scratch_bytes, &packing, &mnq_kernels_generic};
