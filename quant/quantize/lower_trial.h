/* SPDX-License-Identifier: Apache-2.0
 * What rounding a node's weights would do, without a layer made of it. */
#ifndef MNQ_LOWER_TRIAL_H
#define MNQ_LOWER_TRIAL_H

#include "quantize/lower.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Float weights of node i as the job would leave them (graph layout, w has mnq_node_weights() entries); not for XNOR. */
int mnq_lower_fake_quantize(const struct mnq_lowering *l, int i, const struct mnq_rounding_job *job, float *w,
                            struct mnq_err *e);

/**
 * Noise power at node i's output, summed over its channels, that the job's weights cause against the exact ones (or, with
 * targets, the re-fitted ones), as the Gram matrix of its inputs has it. 1x1 and dense layers.
 * gram  not NULL and factored, also where the job itself rounds to nearest
 */
int mnq_lower_weight_noise(const struct mnq_lowering *l, int i, const struct mnq_rounding_job *job,
                           const struct mnq_gram *gram, double *noise, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
