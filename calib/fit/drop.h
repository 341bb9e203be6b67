/* SPDX-License-Identifier: Apache-2.0
 * What a change of the logits is expected to cost in accuracy, without labels. */
#ifndef MNQ_DROP_H
#define MNQ_DROP_H

/**
 * Expected loss of top-1 accuracy, in points. The float model's own probabilities stand for the labels: a sample whose
 * first class changes from a to b loses p_a - p_b, and nothing is ever won, so the estimate errs to the safe side.
 * want         [n][classes] logits of the float model, before softmax; one class: a logistic decision
 * got          [n][classes] those of the other one
 * temperature  what the logits are divided by, > 0; 1 as they are
 * return       0 .. 100; 0 for n = 0
 */
double mnq_expected_drop(const float *want, const float *got, int n, int classes, double temperature);

/**
 * The temperature at which the probabilities fit the labels best (least cross entropy; Guo et al. 2017, section 4.2), within
 * 1/4 .. 4. Networks are surer than they are right, most of all those trained on little data.
 * label   [n], -1 unknown
 * return  1 if fewer than half of the samples have a label that the network agrees with: those are no labels of its classes
 */
double mnq_fit_temperature(const float *logits, const int *label, int n, int classes);

#endif
