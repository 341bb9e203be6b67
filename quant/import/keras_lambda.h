/* SPDX-License-Identifier: Apache-2.0
 * Lambda layers whose function is a known one, told by its name and module. */
#ifndef MNQ_KERAS_LAMBDA_H
#define MNQ_KERAS_LAMBDA_H

#include "import/keras_fields.h"

#ifdef __cplusplus
extern "C" {
#endif

mnq_kl_emit mnq_kl_lambda;

#ifdef __cplusplus
}
#endif
#endif
