/* SPDX-License-Identifier: Apache-2.0
 * How logits differ, as decisions see it. */
#ifndef MNQ_LOGITS_H
#define MNQ_LOGITS_H

#include "graph/task.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The tensor by which changes of a network are judged: its output before softmax or sigmoid. */
struct mnq_logits {
    struct mnq_task task; /* out: the tensor's shape; link: what it already went through */
    int node;
    size_t n;    /* values of one sample: mnq_elements() of the tensor */
    float *mean; /* [n] over the samples: signal is the power around it; NULL: around zero */
};

/** The logits of a legal graph with this task (NULL: mnq_task_infer()); no mean. */
struct mnq_logits mnq_logits_of(const struct mnq_graph *legal, const struct mnq_task *task);

/**
 * Sets the mean of `samples` rows of [l->n] values, in the arena, for tasks whose values have a level of their own: all but
 * classes, where only differences within a sample count, and features, which have a direction from zero.
 */
int mnq_logits_set_mean(struct mnq_logits *l, const float *value, int samples, struct mnq_arena *arena, struct mnq_err *e);

/** Power of a - b. Classes: after removing its mean over each cell's classes, which a softmax ignores. */
double mnq_logits_noise(const struct mnq_logits *l, const float *a, const float *b);

/** Power of one sample's values, likewise, around l->mean. */
double mnq_logits_signal(const struct mnq_logits *l, const float *a);

#ifdef __cplusplus
}
#endif
#endif
