/* SPDX-License-Identifier: Apache-2.0
 * The executor's operators without weights: sums and products of two tensors, pools, and those that only move values. */
#ifndef MNQ_EXEC_MOVE_H
#define MNQ_EXEC_MOVE_H

#include "graph/exec_ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/** ADD and MUL, where an input may have size 1 in a direction. */
void mnq_exec_pair(const struct mnq_exec_op *op);
/** The mean of what lies inside the input. */
void mnq_exec_avgpool_padded(const struct mnq_exec_op *op);
void mnq_exec_maxpool(const struct mnq_exec_op *op);
void mnq_exec_select(const struct mnq_exec_op *op);
void mnq_exec_upsample(const struct mnq_exec_op *op);
void mnq_exec_spread(const struct mnq_exec_op *op);
void mnq_exec_pad(const struct mnq_exec_op *op);
void mnq_exec_crop(const struct mnq_exec_op *op);

/**
 * UPSAMPLE: which two input places an output place lies between, with integer shares.
 * out, factor, n  place in the output, factor, input size
 * at              filled with the two places, inside the input
 * share           filled with shares that sum up to 2 * factor
 */
void mnq_upsample_taps(int out, int factor, int n, int at[2], int share[2]);

#ifdef __cplusplus
}
#endif
#endif
