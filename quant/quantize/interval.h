/* SPDX-License-Identifier: Apache-2.0
 * Interval propagation: the smallest and largest value each channel of an integer network can take. */
#ifndef MNQ_INTERVAL_H
#define MNQ_INTERVAL_H

#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** q-values of one tensor, per channel, inclusive. */
struct mnq_interval {
    int32_t *lo, *hi;
};

/**
 * Fills iv[n_tensors] (arrays in arena) for every input whatsoever. Sound: no execution leaves the intervals. SOFTMAX and
 * LOGISTIC give 0..32767.
 */
int mnq_intervals(const struct mnq_qmodel *q, struct mnq_interval *iv, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
