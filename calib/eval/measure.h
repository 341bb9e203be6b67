/* SPDX-License-Identifier: Apache-2.0
 * What outputs that are no vector of classes are worth: figures of every kind of task, against labels and a first model. */
#ifndef MNQ_MEASURE_H
#define MNQ_MEASURE_H

#include "estimate.h"
#include "graph/task.h"
#include "util/spread.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How a figure reads. */
enum mnq_figure_form { MNQ_FIGURE_PERCENT, MNQ_FIGURE_NUMBER, MNQ_FIGURE_DB };

/** One figure with its 95 % interval (NaN: none). */
struct mnq_figure {
    const char *key;   /* of JSON: "mean_iou" */
    const char *title; /* of a table: "mIoU %" */
    enum mnq_figure_form form;
    bool against_first; /* of the first model's outputs; else of the labels */
    struct mnq_estimate of;
};
enum { MNQ_FIGURES_MAX = 10 };

/** What one sample adds. */
struct mnq_measure {
    int64_t right, known;    /* decisions as the labels have them; with a label */
    int64_t same, decisions; /* decisions as the first model's; all */
    double err2, max_err;    /* numbers against labels */
    double noise, max_noise; /* values against the first model's */
    double signal, own, cross;
    double sum; /* of the first model's values */
    bool labelled;
};

/** All samples of one model. */
struct mnq_measured {
    const struct mnq_task *task, *first; /* its own, and the first model's */
    int n;
    struct mnq_measure *sample; /* [n] */
    float *value;               /* [n][c] outputs of a vector of labels or decisions; else NULL */
    int32_t *meet, *join; /* [n][classes] of maps: cells that are the class by label and answer, by either; else NULL */
    int classes;          /* of maps: c, or 2 for one channel */
};

/** Arrays for n samples in the arena; 0, or -1 when out of memory. */
int mnq_measure_init(struct mnq_measured *m, const struct mnq_task *task, const struct mnq_task *first, int n,
                     struct mnq_arena *arena);

/**
 * Notes sample i. Threads may note different samples at a time.
 * out, first  its outputs by the model and by the first model
 * label       mnq_task_label_values() numbers, NaN where unknown; NULL: none
 */
void mnq_measure_sample(const struct mnq_measured *m, int i, const float *out, const float *first, const float *label);

/** What samples leave behind, for other processes: at most MNQ_MEASURE_PARTS; how many. */
enum { MNQ_MEASURE_PARTS = 4 };
int mnq_measure_parts(const struct mnq_measured *m, struct mnq_spread_part *part);

/**
 * The figures of all samples. Those against labels are there if a sample has some.
 * label   [n][mnq_task_label_values()], or NULL
 * figure  [MNQ_FIGURES_MAX]
 * return  how many, or -1 when out of memory
 */
int mnq_measure_figures(const struct mnq_measured *m, const float *label, struct mnq_figure *figure);

/**
 * Figures of one decision beside accuracy and agreement: area under the curve, precision and recall.
 * score, label  [n]; label 1 yes, 0 no, else unknown
 * return        how many, or -1 when out of memory
 */
int mnq_binary_figures(const struct mnq_task *task, const float *score, const int *label, int n, struct mnq_figure *figure);

#ifdef __cplusplus
}
#endif
#endif
