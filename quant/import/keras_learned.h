/* SPDX-License-Identifier: Apache-2.0
 * Ranges of activations that quantization-aware training found, as TensorFlow's model optimization toolkit stores them. */
#ifndef MNQ_KERAS_LEARNED_H
#define MNQ_KERAS_LEARNED_H

#include "import/keras_fields.h"
#include "import/wmatch.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Notes that node `out` is what the quantization wrapper named `wrapper` makes. 0 or -1. */
int mnq_learned_expect(struct mnq_build *b, const char *wrapper, int out, struct mnq_err *e);

/** Reads the ranges of all expected nodes that the file has, into their `learned`; notes how many. 0 or -1. */
int mnq_learned_read(struct mnq_h5 *h, struct mnq_build *b, const struct mnq_founds *found, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
