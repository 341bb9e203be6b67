/* SPDX-License-Identifier: Apache-2.0
 * Weights in the order that a kernel table likes, made at load by a caller who has memory for them. */
#ifndef MNQ_PACKING_H
#define MNQ_PACKING_H

#include "mnq/mnq.h"

/** What layer i was packed to, or NULL: m->packed is NULL or has nothing for it. */
const void *mnq_packed_layer(const struct mnq_model *m, unsigned i);

#endif
