/* SPDX-License-Identifier: Apache-2.0
 * Compressed weights of a case of the kernel check. */
#ifndef MNQ_KPACKED_H
#define MNQ_KPACKED_H

#include "wmake.h"

/** Random weights as plain integers (wpack.h), to be freed. */
int32_t *mnq_kpacked_make(struct mnq_rng *g, const struct mnq_wmake *m);

/** What accumulators of row o are with random data: the root of the terms' squares, plus the bias. */
double mnq_kpacked_acc(const struct mnq_wmake *m, const int32_t *v, int o, int32_t bias);

#endif
