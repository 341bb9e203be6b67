/* SPDX-License-Identifier: Apache-2.0
 * The kernel table for a Cortex-M3. */
#include "cortexm3/m3.h"

#include "dwconv_m3.h"
#include "layout_m3.h"

static mnq_kernel *find(const struct mnq_layer *l)
{
    if (l->packed != NULL) return l->op == MNQ_L_PW ? mnq_pw_dsp : mnq_conv_dsp;
    if (mnq_m3_dw_serves(l)) return mnq_dwconv3x3_dsp;
    return mnq_kernels_generic.find(l);
}

static const struct mnq_packing packing = {mnq_m3_packed_bytes, mnq_m3_pack};

const struct mnq_kernels mnq_kernels_m3 = {"m3", find, mnq_m3_scratch, &packing, &mnq_kernels_generic};
