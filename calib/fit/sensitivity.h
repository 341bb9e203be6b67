/* SPDX-License-Identifier: Apache-2.0
 * Sensitivity: the error at the network's output that one layer's weights or one tensor cause alone. */
#ifndef MNQ_SENSITIVITY_H
#define MNQ_SENSITIVITY_H

#include "observe.h"
#include "quantize/lower.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * For every node with weights: noise power over signal power at the logits when this layer alone has 8-bit nearest weights
 * and everything else is float, over at most `samples` held samples. Other nodes get 0.
 * sensitivity  [g->n]
 */
int mnq_sensitivity(const struct mnq_lowering *l, const struct mnq_stats *stats, int samples, int threads,
                    double *sensitivity, mnq_progress *progress, void *progress_ctx, struct mnq_err *e);

/** The same for tensors: each alone rounded and clipped as l->qp says. The input, the logits and what follows get 0. */
int mnq_tensor_sensitivity(const struct mnq_lowering *l, const struct mnq_stats *stats, int samples, int threads,
                           double *sensitivity, mnq_progress *progress, void *progress_ctx, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
