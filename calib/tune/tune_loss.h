/* SPDX-License-Identifier: Apache-2.0
 * How far the student's answer is from the teacher's, and in which direction that grows. */
#ifndef MNQ_TUNE_LOSS_H
#define MNQ_TUNE_LOSS_H

#include "logits.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What answers are compared by. */
struct mnq_tune_loss {
    struct mnq_logits logits;
    double signal;      /* mean power of the teacher's answers around their mean: for tasks without classes */
    double temperature; /* of training; judging takes 1 */
};

/**
 * Classes: T^2 KL(softmax(teacher / T) | softmax(student / T)), summed over cells and divided by their number (Hinton et al.
 * 2015, arXiv:1503.02531); others: noise over signal. gradient  [logits.n] added to, or NULL The same bits on every host.
 */
double mnq_tune_loss(const struct mnq_tune_loss *l, double temperature, const float *teacher, const float *student,
                     float *gradient);

/**
 * Cross entropy of one sample's classes with what labels say, in nats, times `weight`.
 * wanted    [l->logits.n] shares of the classes, which sum up to 1; the first below 0: unknown, and the loss is 0
 * gradient  [l->logits.n] added to, or NULL. The same bits on every host.
 */
double mnq_tune_label_loss(const struct mnq_tune_loss *l, double weight, const float *wanted, const float *student,
                           float *gradient);

/** Natural logarithm of x > 0, without the library's differences between hosts. */
double mnq_log_plain(double x);

#ifdef __cplusplus
}
#endif
#endif
