/* SPDX-License-Identifier: Apache-2.0
 * The kernel table for a Cortex-M with Helium. */
#include "helium/mve.h"

static mnq_kernel *find(const struct mnq_layer *l)
{
    if (l->packed != NULL) return mnq_mve_image(l) ? mnq_image_mve : mnq_dot_mve;
    if (mnq_mve_dw3x3_serves(l)) return mnq_dwconv3x3_mve;
    if (mnq_mve_dw_serves(l)) return mnq_dwconv_mve;
    if (mnq_mve_each_serves(l)) {
        if (l->op == MNQ_L_ADD) return mnq_add_mve;
        if (l->op == MNQ_L_AVGPOOL) return mnq_avgpool_mve;
        return l->point1 ? mnq_gate_mve : mnq_mul_mve;
    }
    return mnq_kernels_generic.find(l);
}

static const struct mnq_packing packing = {mnq_mve_packed_bytes, mnq_mve_pack};

const struct mnq_kernels mnq_kernels_mve = {"mve", find, mnq_mve_scratch, &packing, &mnq_kernels_generic};
