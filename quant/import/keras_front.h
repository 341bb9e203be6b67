/* SPDX-License-Identifier: Apache-2.0
 * Keras' preprocessing layers: what stands between a picture and the network. */
#ifndef MNQ_KERAS_FRONT_H
#define MNQ_KERAS_FRONT_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

mnq_kl_emit mnq_kl_normalization, mnq_kl_resizing, mnq_kl_center_crop, mnq_kl_random_crop, mnq_kl_grayscale;

/** True if node `in` is the input, or nothing but maps of single pixels lie between. */
bool mnq_knet_at_front(const struct mnq_knet *k, int in);

/**
 * Makes h x w the size that goes into the network, where nothing but pixelwise nodes stand in front of node `in`.
 * what    "Resizing": for the note and for messages
 * how     what does its work instead, in words
 * return  `in`, or -1
 */
int mnq_knet_resize_front(struct mnq_knet *k, const struct mnq_klayer *l, int in, int h, int w, const char *how);

#ifdef __cplusplus
}
#endif
#endif
