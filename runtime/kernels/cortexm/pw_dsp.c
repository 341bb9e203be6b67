/* SPDX-License-Identifier: Apache-2.0
 * PW on a Cortex-M with the DSP extension: four pixels at a time; the last four may overlap those before them. */
#include "block_dsp.h"
#include "cortexm/dsp.h"

void mnq_pw_dsp(const struct mnq_layer *l, const struct mnq_band *band)
{
    const int32_t pixels = band->n * l->w;
    const size_t c = (size_t)l->c, in_bytes = c << l->in16, out_bytes = (size_t)l->oc << l->q.out16;
    mnq_dsp_gather *const gather = mnq_dsp_gather_of(l);
    uint32_t *const x = (uint32_t *)band->scratch;
    const uint8_t *in = (const uint8_t *)band->in0.at;
    uint8_t *out = (uint8_t *)band->out;
    struct mnq_dsp_blocks s;
    int32_t left;

    mnq_dsp_blocks_start(&s, l, x, pixels < 4 ? pixels : 4);
    if (pixels < 4) {
        const uint8_t *const last = in + (size_t)(pixels - 1) * in_bytes, *const second = pixels > 1 ? in + in_bytes : last;
        gather(x, in, second, last, last, c);
        mnq_dsp_blocks_run(&s, out);
        return;
    }
    for (left = pixels; left > 0; left -= 4) {
        if (left < 4) {
            in -= (size_t)(4 - left) * in_bytes;
            out -= (size_t)(4 - left) * out_bytes;
        }
        gather(x, in, in + in_bytes, in + 2 * in_bytes, in + 3 * in_bytes, c);
        mnq_dsp_blocks_run(&s, out);
        in += 4 * in_bytes;
        out += 4 * out_bytes;
    }
}
