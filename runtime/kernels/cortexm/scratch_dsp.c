/* SPDX-License-Identifier: Apache-2.0
 * What the kernels for a Cortex-M with the DSP extension want for themselves. Plain C. */
#include "dwconv5x5_dsp.h"
#include "dwconv_dsp.h"
#include "layout_dsp.h"

size_t mnq_dsp_scratch(const struct mnq_layer *l)
{
    if (mnq_dsp_dw_serves(l)) return mnq_dsp_dw_scratch(l);
    if (mnq_dsp_dw5_serves(l)) return mnq_dsp_dw5_scratch(l);
    if (l->packed == NULL) return l->op == MNQ_L_AVGPOOL_SUM ? (size_t)l->c * sizeof(int32_t) : 0;
    return (size_t)mnq_dsp_pairs(l) * 16 +
           (l->op == MNQ_L_CONV ? (size_t)l->kh * 8 + ((size_t)(4 * mnq_dsp_run(l)) << l->in16) : 0);
}
