/* SPDX-License-Identifier: Apache-2.0
 * Accuracy of one or more models over a dataset, and their agreement with the first.
 *
 * Every sample writes only its own record; sums are taken in sample order afterwards. The result is the same for any
 * number of threads, to the last bit. */
#ifndef MNQ_EVALUATE_H
#define MNQ_EVALUATE_H

#include "util/progress.h"
#include "dataset.h"
#include "subject.h"

/** A share in percent with its 95 % interval. */
struct mnq_share {
    double percent, lo, hi;
};

/** k of n with the Wilson score interval (Wilson 1927): honest for small n and near 0 and 100. n > 0. */
struct mnq_share mnq_wilson(int64_t k, int64_t n);

/** Position of class i in the order of falling values, 0 = first. Equal values: the lower index first; NaN comes last. */
int mnq_rank(const float *v, int n, int i);

/** The k first classes of that order, k <= n. */
void mnq_top(const float *v, int n, int k, int *index);

/** One model's results. */
struct mnq_eval_model {
    const struct mnq_subject *subject;
    int *top1;        /* [n] predicted class of every sample */
    float *score;     /* [n] its value */
    uint8_t *top5;    /* [n] 1 if the label is among the first five */
    int hits1, hits5; /* of the labelled samples; -1 when there is no accuracy */
    int agree;        /* samples with the same top-1 as the first model; -1 if the outputs differ in number */
    double mean_diff, rms_diff, max_diff; /* output values minus the first model's; NaN likewise */
};

struct mnq_evaluation {
    int n, labelled;         /* samples, samples with a label */
    int classes;             /* of the dataset, 0 = unlabelled */
    bool accuracy;           /* labels mean the models' outputs */
    const char *note;        /* why not, or NULL */
    int *label;              /* [n] */
    const char **name;       /* [n] */
    const char **class_name; /* [classes], entries may be NULL; NULL without names */
    struct mnq_eval_model *model;
    int n_models;
};

/**
 * Runs every model on every sample.
 * paths     of the dataset, read once per different input shape
 * ev        results, in `arena`
 * Class folders whose number differs from a model's outputs say nothing about its classes: accuracy is left out then, with a
 * note, and agreement remains. A numeric label outside the outputs is an error.
 */
int mnq_evaluate(const struct mnq_subject *subject, int n_subjects, char *const *paths, int n_paths, int threads,
                 struct mnq_evaluation *ev, struct mnq_arena *arena, mnq_progress *progress, void *progress_ctx,
                 struct mnq_err *e);

/** Counts of (label, prediction) of one model: [classes][outputs] in the arena; NULL when out of memory. */
int *mnq_confusion(const struct mnq_evaluation *ev, int model, struct mnq_arena *arena);

#endif
