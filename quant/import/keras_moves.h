/* SPDX-License-Identifier: Apache-2.0
 * Functions that move, resize, pool or part tensors: reshape, transpose, image.resize, pad, max_pool2d, split, ... */
#ifndef MNQ_KERAS_MOVES_H
#define MNQ_KERAS_MOVES_H

#include "import/keras_call.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Appends the call's function to node `in`; the output's node, or -1. */
typedef int mnq_kmove(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in);

/** The function of that name, small letters without underscores ("reducemax"); NULL for any other. */
mnq_kmove *mnq_kmove_of(const char *name);

#ifdef __cplusplus
}
#endif
#endif
