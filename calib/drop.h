/* SPDX-License-Identifier: Apache-2.0
 * What a change of the logits is expected to cost in accuracy, without labels. */
#ifndef MNQ_DROP_H
#define MNQ_DROP_H

/**
 * Expected loss of top-1 accuracy, in points. The float model's own probabilities stand for the labels: a sample whose
 * first class changes from a to b loses p_a - p_b, and nothing is ever won, so the estimate errs to the safe side.
 * want  [n][classes] logits of the float model, before softmax; one class: a logistic decision
 * got   [n][classes] those of the other one
 * return 0 .. 100; 0 for n = 0
 */
double mnq_expected_drop(const float *want, const float *got, int n, int classes);

#endif
