/* SPDX-License-Identifier: Apache-2.0
 * Tuning: what was changed learns from the float network that it was made from, on pictures without labels. */
#ifndef MNQ_TUNE_H
#define MNQ_TUNE_H

#include "bound.h"
#include "dataset.h"
#include "graph/task.h"
#include "util/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_tune_opts {
    int epochs;         /* passes over the pictures, each in another view */
    int views;          /* kept of each picture, at most */
    double rate;        /* of Adam, in units of each row's weights */
    double features;    /* weight of the features behind the classifier beside the answers */
    double taps;        /* weight of what blocks give out beside the answers; 0: none is kept */
    double mean;        /* share of all steps that the weights are averaged over before they judge; 0: as they are */
    double front;       /* share of the weights that stay as they are at the front, at most */
    bool blends;        /* every other view with one of another picture */
    double labels;      /* weight of the cross entropy with the data's labels beside the answers; 0: they are not used */
    double time_limit;  /* seconds, 0: none */
    const char *journal; /* a file that keeps where the training stands; NULL: none. Left there: mnq_tune_journal_remove() */
    size_t cache_bytes; /* for what the frozen layers make of the views */
    uint64_t seed;
    int samples; /* use at most this many, evenly spaced; 0 = MNQ_PRUNE_SAMPLES */
    int threads;
    const struct mnq_task *task; /* what the one output means; NULL: mnq_task_infer() */
};

void mnq_tune_defaults(struct mnq_tune_opts *o);

/** What mnq_tune_opts.labels is where labels are used. */
extern const double mnq_tune_labels_weight;

/** The same for a student without some of its channels, which is fitted already: outputs of blocks hold it there. */
void mnq_tune_channels_defaults(struct mnq_tune_opts *o);

/** Answers to views of pictures that nothing was fitted to. */
struct mnq_tune_held {
    double kl;        /* mean divergence from the teacher's answers, nats; of tasks without classes: noise over signal */
    double agreement; /* percent of the views with the same answer; without decisions 100 (1 - noise over signal) */
    double right;     /* percent of the labelled views with their label's answer; NaN unless labels are used */
};

struct mnq_tune_report {
    int samples, held; /* pictures in all, and of them those that judge */
    int views, layers; /* of each picture; that were trained */
    const char *from;  /* the first of them */
    struct mnq_tune_held before, after;
    bool kept; /* false: not better enough, `out` is what came in */
    int steps;
    int best; /* after so many steps stood what judged best; 0: the start did */
    double seconds;
    bool stopped;          /* by time_limit */
    int resumed;           /* of the steps: those that the journal held */
    struct mnq_bound drop; /* expected, against the teacher; drop.pictures 0: too few */
    const char *no_estimate; /* why the pictures that judge cannot tell it, or NULL */
};

/** NULL if both have the same layers with weights of their own; else the first of `student` that `teacher` has otherwise. */
const struct mnq_node *mnq_tune_same_layers(const struct mnq_graph *student, const struct mnq_graph *teacher);

/**
 * Trains the weights and biases of `student` that can be stored; exact zeros stay.
 * student  from mnq_graph_legalize(), not modified
 * teacher  likewise: the same layers with other weights
 * data     samples, read through p; labels are used if o->labels > 0
 * out      the student's nodes with arrays of its own, in arena
 * return   0, or -1 with e: other layers, an operator without gradients, too few samples, weights that are not finite,
 *          labels wanted that are not of the model's classes
 * The same result for any number of threads, unless time_limit stops it.
 */
int mnq_tune(const struct mnq_graph *raw, const struct mnq_graph *student, const struct mnq_graph *teacher,
             const struct mnq_dataset *data, const struct mnq_preprocess *p, const struct mnq_tune_opts *o,
             struct mnq_graph *out, struct mnq_tune_report *r, struct mnq_arena *arena, mnq_progress *progress,
             void *progress_ctx, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
