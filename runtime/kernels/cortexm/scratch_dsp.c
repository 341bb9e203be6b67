/* SPDX-License-Identifier: Apache-2.0
 * What the kernels for a Cortex-M with the DSP extension want for themselves. Plain C. */
#include "cortexm/dsp.h"
#include "dwconv5x5_dsp.h"
#include "dwconv_dsp.h"
#include "layout_dsp.h"

enum { DECODED = 2048 }; /* bytes of weights that are decoded at a time, if a record is not larger */

static size_t s4_scratch(const struct mnq_layer *l)
{
    const size_t pairs = (size_t)mnq_dsp_pairs(l), record = MNQ_DSP_BEFORE + pairs * 4 + MNQ_DSP_AFTER;
    size_t n = record;
    int32_t r;

    for (r = 1; r < (l->oc + 1) / 2 && n + record <= DECODED; r++) n += record;
    return MNQ_DSP_S4_LAYER + pairs * 16 + MNQ_DSP_HEADER + n;
}

size_t mnq_dsp_scratch(const struct mnq_layer *l)
{
    if (mnq_dsp_dw_serves(l)) return mnq_dsp_dw_scratch(l);
    if (mnq_dsp_dw5_serves(l)) return mnq_dsp_dw5_scratch(l);
    if (l->packed == NULL) return l->op == MNQ_L_AVGPOOL_SUM ? (size_t)l->c * sizeof(int32_t) : 0;
    if (l->wtype == MNQ_W_S4) return s4_scratch(l);
    if (mnq_dsp_entries(l)) /* a record of less than two entries reads one pair more, times 0 */
        return (((size_t)l->c + 1) / 2 + 1) * MNQ_DSP_SPARSE_PAIR;
    return (size_t)mnq_dsp_pairs(l) * 16 +
           (l->op == MNQ_L_CONV ? (size_t)l->kh * 8 + ((size_t)(4 * mnq_dsp_run(l)) << l->in16) : 0);
}
