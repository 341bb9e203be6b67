/* SPDX-License-Identifier: Apache-2.0
 * Which layers deserve 16-bit weights: the error each layer's 8-bit weights cause alone, against the bytes. */
#ifndef MNQ_SENSITIVITY_H
#define MNQ_SENSITIVITY_H

#include "observe.h"
#include "quantize/lower.h"

/**
 * For every node with weights: noise power over signal power at the logits when this layer alone has 8-bit nearest weights
 * and everything else is float, over at most `samples` held samples. Other nodes get 0.
 * sensitivity  [g->n]
 */
int mnq_sensitivity(const struct mnq_lowering *l, const struct mnq_stats *stats, int samples, int threads,
                    double *sensitivity, mnq_progress *progress, void *progress_ctx, struct mnq_err *e);

/**
 * Gives 16 bits to layers by falling sensitivity per extra byte while the extra bytes stay within budget * weights.
 * bits  [g->n], filled with 8 or 16
 */
void mnq_choose_wide(const struct mnq_graph *g, const double *sensitivity, enum mnq_wide wide, double budget, uint8_t *bits);

#endif
