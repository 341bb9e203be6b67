/* SPDX-License-Identifier: Apache-2.0
 * The kernel table for Hexagon with HVX. */
#include "hexagon/hvx.h"

static mnq_kernel *find(const struct mnq_layer *l)
{
    if (l->packed == NULL) return mnq_kernels_generic.find(l);
    switch (l->op) {
    case MNQ_L_DWCONV:
        return mnq_dwconv_hvx;
    case MNQ_L_ADD:
        return mnq_add_hvx;
    case MNQ_L_MUL:
        return mnq_mul_hvx;
    case MNQ_L_AVGPOOL:
        return mnq_avgpool_hvx;
    case MNQ_L_AVGPOOL_SUM: /* a plan gives it room for its sums and no more */
        return mnq_kernels_generic.find(l);
    default:
        return mnq_dot_hvx;
    }
}

static const struct mnq_packing packing = {mnq_hvx_packed_bytes, mnq_hvx_pack};

const struct mnq_kernels mnq_kernels_hvx = {"hvx", find, mnq_hvx_scratch, &packing, &mnq_kernels_generic};
