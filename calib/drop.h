/* SPDX-License-Identifier: Apache-2.0
 * What noise at the logits is expected to cost in accuracy, without labels. */
#ifndef MNQ_DROP_H
#define MNQ_DROP_H

/**
 * Expected loss of top-1 accuracy, in points, when every sample may meet every noise (resampling: as if noise did not depend
 * on the picture, which keeps its size, shape and correlation between classes). The float model's own probabilities stand
 * for the labels: a sample whose first class changes from a to b loses p_a - p_b. logits  [samples][classes] before softmax;
 * one class: a logistic decision noise   [n][classes] differences measured on samples that nothing was fitted to return -100
 * .. 100; 0 for n = 0
 */
double mnq_expected_drop(const float *logits, int samples, int classes, const float *noise, int n);

#endif
