/* SPDX-License-Identifier: Apache-2.0
 * Which depthwise layers the kernels of a Cortex-M3 serve, and scratch. Plain C. */
#include "cortexm/dwconv_dsp.h"
#include "dwconv_m3.h"
#include "layout_m3.h"

enum { WHOLE = 2048 }; /* bytes of rows up to which all of a small tensor's are kept: one call for a channel */

int mnq_m3_dw_serves(const struct mnq_layer *l)
{
    return l->op == MNQ_L_DWCONV && l->mult == 1 && l->kh == 3 && l->kw == 3 && l->sh == l->sw && l->sh <= 2 &&
           !l->in_flip && l->c >= MNQ_M3_CHANNELS;
}

size_t mnq_m3_dw_scratch(const struct mnq_layer *l)
{
    const size_t row = MNQ_M3_CHANNELS * mnq_m3_dw_pitch(l) * 4;
    const size_t all = (size_t)((l->oh - 1) * l->sh + 3) * row;
    const size_t outputs = (size_t)(l->ow < 4 ? 4 : l->ow) * 4;

    return MNQ_DSP_CHANNELS * MNQ_M3_CHANNEL_BYTES + (all <= WHOLE ? all : 3 * row) + outputs;
}

size_t mnq_m3_scratch(const struct mnq_layer *l)
{
    const size_t window = l->op == MNQ_L_CONV ? (size_t)l->kh * 8 + ((size_t)(4 * mnq_dsp_run(l)) << l->in16) : 0;

    if (mnq_m3_dw_serves(l)) return mnq_m3_dw_scratch(l);
    if (l->packed == NULL) return l->op == MNQ_L_AVGPOOL_SUM ? (size_t)l->c * sizeof(int32_t) : 0;
    return (size_t)mnq_dsp_pairs(l) * mnq_m3_words(l) * 4 + window;
}
