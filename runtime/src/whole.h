/* SPDX-License-Identifier: Apache-2.0
 * One layer at once. */
#ifndef MNQ_WHOLE_H
#define MNQ_WHOLE_H

#include "kernels.h"

/** Runs `run` on all rows of a layer; offset: of output and inputs in the arena; scratch: `bytes` bytes. */
void mnq_run_whole(mnq_kernel *run, const struct mnq_layer *l, uint8_t *arena, const uint32_t offset[3], void *scratch,
                   size_t bytes);

#endif
