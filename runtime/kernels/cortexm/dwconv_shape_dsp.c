/* SPDX-License-Identifier: Apache-2.0
 * Which depthwise layers dwconv_dsp.c serves, and its scratch. Plain C. */
#include "dwconv5x5_dsp.h"
#include "dwconv_dsp.h"

enum {
    WHOLE = 2048, /* bytes of rows up to which all of a small tensor's are kept: one call for a channel */
    KEPT = 3072   /* 5x5: bytes of rows that are kept at a time, if these are more than five */
};

int mnq_dsp_dw_serves(const struct mnq_layer *l)
{
    return l->op == MNQ_L_DWCONV && l->mult == 1 && l->kh == 3 && l->kw == 3 && l->sh == l->sw && l->sh <= 2 &&
           !l->in_flip && l->c >= (l->in16 ? 2 : 4);
}

size_t mnq_dsp_dw_scratch(const struct mnq_layer *l)
{
    const size_t channels = l->in16 ? 2 : 4, row = channels * mnq_dsp_dw_pitch(l) * 2;
    const size_t all = (size_t)((l->oh - 1) * l->sh + 3) * row;
    const size_t outputs = (size_t)(l->ow < 4 ? 4 : l->ow) * 4;

    return MNQ_DSP_CHANNELS * sizeof(struct mnq_dsp_channel) + (all <= WHOLE ? all : 3 * row) + outputs;
}

int mnq_dsp_dw5_serves(const struct mnq_layer *l)
{
    return l->op == MNQ_L_DWCONV && l->mult == 1 && l->kh == 5 && l->kw == 5 && l->sh == l->sw && l->sh <= 2 &&
           !l->in_flip && l->c >= (l->in16 ? 2 : 4);
}

size_t mnq_dsp_dw5_scratch(const struct mnq_layer *l)
{
    const size_t row = (l->in16 ? 2u : 4u) * mnq_dsp_dw5_pitch(l) * 2;
    const int32_t all = (l->oh - 1) * l->sh + 5;
    int32_t rows = 5;

    while (rows < all && (size_t)(rows + 1) * row <= KEPT) rows++;
    return (size_t)mnq_dsp_dw5_groups(l) * 16 + 80 + (size_t)rows * row;
}
