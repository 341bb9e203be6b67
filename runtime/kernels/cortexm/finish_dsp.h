/* SPDX-License-Identifier: Apache-2.0
 * Outputs of one channel from sums, on a Cortex-M with the DSP extension: what block_dsp.S and dwconv3x3_dsp.S have no end
 * for. */
#ifndef MNQ_FINISH_DSP_H
#define MNQ_FINISH_DSP_H

#include "kernels.h"

#include <stddef.h>

/**
 * Outputs of channel c, whose activation is neither PRELU nor TABLE: mnq_output_plain() of n sums.
 * out     the first; stride: bytes to the next
 */
void mnq_dsp_finish(const struct mnq_requant_params *q, int32_t c, const int32_t *sums, int32_t n, void *out, size_t stride);

#endif
