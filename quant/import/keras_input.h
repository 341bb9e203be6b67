/* SPDX-License-Identifier: Apache-2.0
 * A network's input: pictures, and what is given as pictures: rows of numbers, steps of a sequence. */
#ifndef MNQ_KERAS_INPUT_H
#define MNQ_KERAS_INPUT_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The shape a layer's configuration gives for its input, or NULL. */
const struct mnq_ynode *mnq_knet_stated_shape(const struct mnq_klayer *l);

/** Makes the graph's input of a stated shape; the node that layers read, or -1. */
int mnq_knet_open_input(struct mnq_knet *k, const struct mnq_ynode *shape, const char *name);

/** A row of numbers that the first layers only rename to a map is made that map from the beginning: legal graphs
 *  have it so too (drop_reshape.c). Numbers that they rename to channels are gathered. 0 or -1. */
int mnq_knet_rename_input(struct mnq_graph *g, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
