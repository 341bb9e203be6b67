/* SPDX-License-Identifier: Apache-2.0
 * The kernel table for AArch64 with dot products. */
#define LEVEL      MNQ_NEON_DOTPROD
#define QUADS(op)  mnq_##op##_dotprod
#define OCTETS(op) mnq_##op##_dotprod

#include "find_neon.h"

const struct mnq_kernels mnq_kernels_dotprod = {"dotprod", find, scratch_bytes, &packing, &mnq_kernels_generic};
