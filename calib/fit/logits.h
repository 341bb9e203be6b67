/* SPDX-License-Identifier: Apache-2.0
 * How logits differ, as decisions see it. */
#ifndef MNQ_LOGITS_H
#define MNQ_LOGITS_H

#include "graph/exec.h"
#include "graph/task.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The logits of one output: its tensor before softmax or sigmoid. */
struct mnq_logits_part {
    struct mnq_task task; /* out: the tensor's shape; link: what it already went through */
    int node;
    size_t first, n; /* its values among those of a sample: n is mnq_elements() of the tensor */
    double weight;   /* of its noise and signal among the parts' */
};

/**
 * What changes of a network are judged by: the logits of all its outputs, one after the other. Outputs are in units of their
 * own, so that with several each part's noise counts in shares of its own signal.
 */
struct mnq_logits {
    int n_parts;
    struct mnq_logits_part part[MNQ_OUTPUTS_MAX];
    size_t n;    /* values of one sample */
    float *mean; /* [n] over the samples: signal is the power around it; NULL: around zero */
};

/** The logits of a legal graph whose outputs have these tasks (NULL: mnq_task_infer()); no mean, weights of 1. */
struct mnq_logits mnq_logits_of(const struct mnq_graph *legal, const struct mnq_task *task);

/**
 * Whether labels may be what the first output decides between, classes or yes and no: as many names as classes, or numbers
 * of some of them.
 * classes  of the data, mnq_dataset_classes()
 */
bool mnq_logits_are_named(const struct mnq_logits *l, int classes, bool names);

/** Whether the loss of every output is that of decisions, which mnq_expected_drop() and its like price by probabilities. */
bool mnq_logits_decide(const struct mnq_logits *l);

/** Of part k alone; values begin at its first. */
struct mnq_logits mnq_logits_alone(const struct mnq_logits *l, int k);

/** The last node that it takes to compute them. */
int mnq_logits_last_node(const struct mnq_logits *l);

/** One sample's values after mnq_exec_run() with keep_all: in place where they are one tensor, else put into room [l->n]. */
const float *mnq_logits_in(const struct mnq_logits *l, struct mnq_exec *x, float *room);

/** Part k of `samples` rows of values, one row after the other, in memory of malloc(); NULL: out of memory. */
float *mnq_logits_column(const struct mnq_logits *l, int k, const float *value, int samples);

/** For taps: puts the output of a node to its places in to [l->n]. */
void mnq_logits_keep(const struct mnq_logits *l, int node, const float *data, float *to);

/**
 * Sets what `samples` rows of [l->n] values tell. The mean, in the arena, for tasks whose values have a level of their own:
 * all but classes, where only differences within a sample count, and features, which have a direction from zero. The weights
 * of several parts.
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
