/* SPDX-License-Identifier: Apache-2.0
 * The kernel table for RISC-V with vectors. */
#include "riscv/rvv.h"

#include "layout_rvv.h"

static mnq_kernel *find(const struct mnq_layer *l)
{
    static mnq_kernel *const dense[2][2] = {{mnq_dense_x8w8_rvv, mnq_dense_x8w16_rvv},
                                            {mnq_dense_x16w8_rvv, mnq_dense_x16w16_rvv}}; /* [int16 activations][weights] */

    if (l->packed != NULL) return dense[l->in16][mnq_rvv_wide(l)];
    if (mnq_rvv_dw_serves(l)) return mnq_dwconv_rvv;
    if (mnq_rvv_add_serves(l)) return mnq_add_rvv;
    if (mnq_rvv_mul_serves(l)) return mnq_mul_rvv;
    if (mnq_rvv_avgpool_serves(l)) return mnq_avgpool_rvv;
    return mnq_kernels_generic.find(l);
}

static const struct mnq_packing packing = {mnq_rvv_packed_bytes, mnq_rvv_pack};

const struct mnq_kernels mnq_kernels_rvv = {"rvv", find, mnq_rvv_scratch, &packing, &mnq_kernels_generic};
