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

#endif
