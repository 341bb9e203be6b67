/* SPDX-License-Identifier: Apache-2.0
 * How many weights leave each output of a layer. */
#ifndef MNQ_PRUNE_CHOOSE_H
#define MNQ_PRUNE_CHOOSE_H

#include "prune_fit.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Least error with `zeros` of the layer's weights gone: sums over outputs, chosen over all of them together. */
double mnq_fit_error(const struct mnq_fit *f, int64_t zeros, int *per_output);

#ifdef __cplusplus
}
#endif
#endif
