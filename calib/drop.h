/* SPDX-License-Identifier: Apache-2.0
 * What noise at the logits is expected to cost in accuracy, without labels. */
#ifndef MNQ_DROP_H
#define MNQ_DROP_H

/**
 * Expected loss of top-1 accuracy, in points, when Gaussian noise is added to the logits. The float model's own
 * probabilities stand for the labels: a sample whose first class changes from a to b loses p_a - p_b.
 * logits  [samples][classes] before softmax; one class: a logistic decision
 * noise   noise power over signal power, both centred per sample, as steps are judged
 * return  0 .. 100; the same for the same inputs (the draws are fixed)
 */
double mnq_expected_drop(const float *logits, int samples, int classes, double noise);

#endif
