/* SPDX-License-Identifier: Apache-2.0
 * Memory of the arena that is free for a while. */
#ifndef MNQ_ROOM_H
#define MNQ_ROOM_H

#include "mnq/mnq.h"

/**
 * Bytes of the arena that no tensor needs while layer k of a loaded model runs: behind the last one that is needed, or
 * before the first, whichever is more. Both numbers are multiples of 16.
 */
void mnq_find_room(const struct mnq_model *m, unsigned k, uint32_t *offset, uint32_t *size);

#endif
