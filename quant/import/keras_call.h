/* SPDX-License-Identifier: Apache-2.0
 * Arguments of a function call, by their place or their keyword. */
#ifndef MNQ_KERAS_CALL_H
#define MNQ_KERAS_CALL_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A constant argument.
 * place   among the positional ones, tensors included
 * key     its keyword; `other`: a second one, or NULL. Keras 3 keeps some in the configuration, TensorFlow 2.1 to 2.3 under
 *         "constants" by their place
 * return  NULL where none is given, or null is
 */
const struct mnq_ynode *mnq_kcall_value(const struct mnq_klayer *l, const struct mnq_kcall *call, int place, const char *key,
                                        const char *other);

/** Numbers of such an argument: their count, 0 where it is missing, -1 with k->e set. */
int mnq_kcall_numbers(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int place,
                      const char *key, const char *other, float *v, int max);

#ifdef __cplusplus
}
#endif
#endif
