/* SPDX-License-Identifier: Apache-2.0
 * Whole Keras models, nested ones included, as one flat graph. */
#ifndef MNQ_KERAS_MODEL_H
#define MNQ_KERAS_MODEL_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Builds a whole model configuration: {"class_name": ..., "config": ...}. k->b.g->output is its output. */
int mnq_knet_model(struct mnq_knet *k, const struct mnq_ynode *model);

/** Behind reading the weights: what only they tell. */
int mnq_knet_settle(struct mnq_knet *k);

#ifdef __cplusplus
}
#endif
#endif
