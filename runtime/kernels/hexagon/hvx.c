/* SPDX-License-Identifier: Apache-2.0
 * The kernel table for Hexagon with HVX. */
#include "hexagon/hvx.h"

static mnq_kernel *find(const struct mnq_layer *l)
{
    if (l->packed != NULL) return mnq_dot_hvx;
    return mnq_kernels_generic.find(l);
}

static const struct mnq_packing packing = {mnq_hvx_packed_bytes, mnq_hvx_pack};

const struct mnq_kernels mnq_kernels_hvx = {"hvx", find, mnq_hvx_scratch, &packing, &mnq_kernels_generic};
