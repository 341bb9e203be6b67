/* SPDX-License-Identifier: Apache-2.0
 * The kernel table for a Cortex-M with the DSP extension. */
#include "cortexm/dsp.h"

#include "dwconv5x5_dsp.h"
#include "dwconv_dsp.h"
#include "layout_dsp.h"

static mnq_kernel *find(const struct mnq_layer *l)
{
    if (l->packed != NULL && l->wtype == MNQ_W_S4) return mnq_pw_s4_dsp;
    if (mnq_dsp_entries(l)) return mnq_pw_sparse_dsp;
    if (l->packed != NULL) return l->op == MNQ_L_PW ? mnq_pw_dsp : mnq_conv_dsp;
    if (mnq_dsp_dw_serves(l)) return mnq_dwconv3x3_dsp;
    if (mnq_dsp_dw5_serves(l)) return mnq_dwconv5x5_dsp;
    return mnq_kernels_generic.find(l);
}

static const struct mnq_packing packing = {mnq_dsp_packed_bytes, mnq_dsp_pack};

const struct mnq_kernels mnq_kernels_dsp = {"dsp", find, mnq_dsp_scratch, &packing, &mnq_kernels_generic};
