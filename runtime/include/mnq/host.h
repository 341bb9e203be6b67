/* SPDX-License-Identifier: Apache-2.0
 * Which kernel tables this host can run. Not part of the runtime library: firmware names its table itself. */
#ifndef MNQ_HOST_H
#define MNQ_HOST_H

#include "kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Table i of those this processor runs, slowest first (0 is generic); NULL behind the last. */
const struct mnq_kernels *mnq_kernels_at(int i);

/** The table that the environment variable MNQ_KERNELS names, if there is such a one, else the fastest. All give the same
 * bits. */
const struct mnq_kernels *mnq_kernels_best(void);

/** The table of that name, or NULL if there is none or the processor cannot run it. */
const struct mnq_kernels *mnq_kernels_find(const char *name);

#ifdef __cplusplus
}
#endif
#endif
