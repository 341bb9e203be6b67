/* SPDX-License-Identifier: Apache-2.0
 * Every kernel table that this build holds. A new port adds one line to ktables.c and is checked from then on. */
#ifndef MNQ_KTABLES_H
#define MNQ_KTABLES_H

#include "kernels.h"

struct mnq_ktable {
    const struct mnq_kernels *kernels;
    int (*usable)(void); /* can this processor execute it? NULL = always */
};

/** Tables, the generic one first; mnq_ktable_count of them. */
extern const struct mnq_ktable mnq_ktables[];
extern const int mnq_ktable_count;

#endif
