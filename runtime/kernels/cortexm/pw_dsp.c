/* SPDX-License-Identifier: Apache-2.0
 * PW on a Cortex-M with the DSP extension: four pixels at a time. */
#include "block_dsp.h"
#include "cortexm/dsp.h"

void mnq_pw_dsp(const struct mnq_layer *l, const struct mnq_band *band)
{
    const int32_t pixels = band->n * l->w;
    uint32_t *const x = (uint32_t *)band->scratch;
    struct mnq_dsp_blocks s;

    mnq_dsp_blocks_start(&s, l, x, pixels < 4 ? pixels : 4);
    mnq_dsp_blocks_band(&s, l, band, x, (uint8_t *)band->out);
}
