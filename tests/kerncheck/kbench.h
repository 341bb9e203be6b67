/* SPDX-License-Identifier: Apache-2.0
 * The kernel check's stopwatch. */
#ifndef MNQ_KBENCH_H
#define MNQ_KBENCH_H

#include "ktables.h"

/**
 * Prints the rate of a table on layers of MobileNet V1 and V3, and its ratio to the generic kernels.
 * op  restricts to one operator, 0 = all
 */
void mnq_kbench(const struct mnq_kernels *t, int op);

/**
 * Prints the time of a table's kernels for compressed weights on the 1x1 layers of MobileNet V1 1.0, and its ratio to that
 * of the same table's S8 kernel: medians of calls in turn.
 */
void mnq_kbench_compressed(const struct mnq_kernels *t);

#endif
