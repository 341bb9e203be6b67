/* SPDX-License-Identifier: Apache-2.0
 * Keras' activation layers with parameters: LeakyReLU, PReLU, ELU, ThresholdedReLU. */
#ifndef MNQ_KERAS_CURVE_H
#define MNQ_KERAS_CURVE_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

mnq_kl_emit mnq_kl_leaky_relu, mnq_kl_prelu, mnq_kl_elu, mnq_kl_thresholded_relu;

/** LeakyReLU with a slope below 0. */
int mnq_knet_leaky(struct mnq_knet *k, const char *name, int in, double slope);

/** ELU with its alpha. */
int mnq_knet_elu(struct mnq_knet *k, const char *name, int in, double alpha);

#ifdef __cplusplus
}
#endif
#endif
