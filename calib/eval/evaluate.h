/* SPDX-License-Identifier: Apache-2.0
 * Accuracy of one or more models over a dataset, and their agreement with the first.
 *
 * Every sample writes only its own record; sums are taken in sample order afterwards. The result is the same for any
 * number of threads, to the last bit. */
#ifndef MNQ_EVALUATE_H
#define MNQ_EVALUATE_H

#include "util/progress.h"
#include "dataset.h"
#include "estimate.h"
#include "measure.h"
#include "subject.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Position of class i in the order of falling values, 0 = first. Equal values: the lower index first; NaN comes last. */
int mnq_rank(const float *v, int n, int i);

/** The k first classes of that order, k <= n. */
void mnq_top(const float *v, int n, int k, int *index);

/** What a further output of one model is worth against the first model's. */
struct mnq_eval_part {
    struct mnq_figure figure[MNQ_FIGURES_MAX];
    int n_figures;
};

/** One model's results. Labels are of the first output; so is all that is not in `part`. What is about a first class or a
 * yes and no is there if the task is classes or one decision. */
struct mnq_eval_model {
    const struct mnq_subject *subject;
    int *top1;        /* [n] predicted class of every sample; of a decision 1 for yes, else 0; -1: no such task */
    float *score;     /* [n] its value; of a decision the output */
    uint8_t *top5;    /* [n] 1 if the label is among the first five */
    int hits1, hits5; /* of the labelled samples; -1 when there is no accuracy */
    int agree;        /* samples with the same top-1 as the first model; -1 if the outputs differ in number */
    double mean_diff, rms_diff, max_diff;      /* output values minus the first model's; NaN likewise */
    struct mnq_figure figure[MNQ_FIGURES_MAX]; /* of the task, beside the above */
    int n_figures;
    struct mnq_eval_part *part; /* [n_outputs - 1] */
};

struct mnq_evaluation {
    struct mnq_task task; /* of all models */
    int n_outputs;        /* likewise */
    int n, labelled;      /* samples, samples with a label */
    int classes;          /* of the dataset, 0 = unlabelled */
    bool accuracy;        /* labels mean the models' first classes or decisions */
    const char *note;     /* why not, or NULL */
    const char *left_out; /* of the data, as one line, or NULL */
    const char **damaged; /* [n_damaged] pictures left out, and why */
    int n_damaged;
    int *label;              /* [n] */
    float *values;           /* [n][mnq_task_label_values()] labels that are no class number, NaN unknown; or NULL */
    const char **name;       /* [n] */
    const char **class_name; /* [classes], entries may be NULL; NULL without names */
    struct mnq_eval_model *model;
    int n_models;
};

/**
 * Runs every model on every sample.
 * data      the samples, read once per different input shape
 * ev        results, in `arena`
 * Class folders whose number differs from a model's outputs say nothing about its classes: accuracy is left out then, with a
 * note, and agreement remains. A numeric label outside the outputs is an error, and so are models of different tasks.
 */
int mnq_evaluate(const struct mnq_subject *subject, int n_subjects, const struct mnq_data *data, int threads,
                 struct mnq_evaluation *ev, struct mnq_arena *arena, mnq_progress *progress, void *progress_ctx,
                 struct mnq_err *e);

/** Whether a task has one class or one decision for each sample. */
bool mnq_task_is_vector_decision(const struct mnq_task *t);

/** Counts of (label, prediction) of one model: [classes][columns] in the arena, columns: classes of the task; NULL when out
 * of memory. */
int *mnq_confusion(const struct mnq_evaluation *ev, int model, struct mnq_arena *arena);

/**
 * How far a model agrees with the first, in percent: the share of equal decisions; of numbers 100 R^2 against the first
 * model's, of features 100 times the mean cosine, neither below 0. Of several outputs the least. NaN: their outputs cannot
 * be compared.
 */
double mnq_eval_agreement(const struct mnq_evaluation *ev, int model);

/** Classes that a model tells apart: its outputs, 2 of one decision. */
int mnq_eval_columns(const struct mnq_evaluation *ev, int model);

#ifdef __cplusplus
}
#endif
#endif
