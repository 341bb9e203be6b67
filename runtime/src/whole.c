/* SPDX-License-Identifier: Apache-2.0
 * One layer at once; apart from its callers, so that no frame holds a decoded layer and a band. */
#include "whole.h"

void mnq_run_whole(mnq_kernel *run, const struct mnq_layer *l, uint8_t *arena, const uint32_t offset[3], void *scratch,
                   size_t bytes)
{
    struct mnq_band b = mnq_band_whole(l, arena + offset[0], arena + offset[1], arena + offset[2]);

    b.scratch = scratch;
    b.scratch_bytes = bytes;
    run(l, &b);
}
