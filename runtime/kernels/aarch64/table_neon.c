/* SPDX-License-Identifier: Apache-2.0
 * The kernel table for AArch64 with plain NEON. */
#define LEVEL      MNQ_NEON_BASE
#define QUADS(op)  mnq_##op##_neon
#define OCTETS(op) mnq_##op##_neon

#include "find_neon.h"

const struct mnq_kernels mnq_kernels_neon = {"neon", find, scratch_bytes, &packing, &mnq_kernels_generic};
