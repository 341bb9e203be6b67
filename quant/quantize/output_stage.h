/* SPDX-License-Identifier: Apache-2.0
 * The output stage of a layer: from the accumulator's step to multipliers, shifts, activation and clamp. */
#ifndef MNQ_OUTPUT_STAGE_H
#define MNQ_OUTPUT_STAGE_H

#include "quantize/lower.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Arrays bias, m, r and acc_step of a layer of so many output channels, zeroed; -1 if memory is short. */
int mnq_output_stage_alloc(struct mnq_qlayer *out, int channels, struct mnq_arena *arena);

/** Sets m, r, m2, r2, act, frac, table, lo and hi of node i's layer from out->acc_step; -1 if memory is short. */
int mnq_output_stage(const struct mnq_lowering *l, int i, struct mnq_qlayer *out);

#ifdef __cplusplus
}
#endif
#endif
