/* SPDX-License-Identifier: Apache-2.0
 * What a change of the logits is expected to cost in accuracy, without labels. */
#ifndef MNQ_DROP_H
#define MNQ_DROP_H

#include "logits.h"

#ifdef __cplusplus
extern "C" {
#endif

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
 * Expected loss in points of what the task is judged by: mnq_expected_drop() of every cell's classes; of every decision with
 * its threshold; 100 (1 - R^2) against the float model's numbers; 100 (1 - cosine) of features. Cells and channels count
 * alike.
 * l            of one output
 * want, got    [n][l->n]
 */
double mnq_task_drop(const struct mnq_logits *l, const float *want, const float *got, int n, double temperature);

/**
 * The same row by row, in points: mnq_task_drop() is their mean. Of numbers, each row's share of the noise in terms of the
 * mean power of all. loss   [n]
 */
void mnq_task_losses(const struct mnq_logits *l, const float *want, const float *got, int n, double temperature,
                     double *loss);

/** The class that n logits decide for: the first of the largest; of a single one, yes and no, 1 or 0. */
int mnq_first_class(const float *v, int n);

/** What those points are of: "top-1", "accuracy per label", "R2", ... */
const char *mnq_task_drop_unit(const struct mnq_task *t);

/**
 * The temperature at which the probabilities fit the labels best (least cross entropy; Guo et al. 2017, section 4.2), within
 * 1/4 .. 4. Networks are surer than they are right, most of all those trained on little data.
 * label   [n], -1 unknown
 * return  1 if fewer than half of the samples have a label that the network agrees with: those are no labels of its classes
 */
double mnq_fit_temperature(const float *logits, const int *label, int n, int classes);

#ifdef __cplusplus
}
#endif
#endif
