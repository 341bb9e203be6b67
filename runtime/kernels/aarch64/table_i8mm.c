/* SPDX-License-Identifier: Apache-2.0
 * The kernel table for AArch64 with matrix products of int8. */
#define LEVEL      MNQ_NEON_I8MM
#define QUADS(op)  mnq_##op##_dotprod
#define OCTETS(op) mnq_##op##_i8mm

#include "find_neon.h"

const struct mnq_kernels mnq_kernels_i8mm = {"i8mm", find, scratch_bytes, &packing, &mnq_kernels_generic};
