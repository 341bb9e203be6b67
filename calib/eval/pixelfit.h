/* SPDX-License-Identifier: Apache-2.0
 * Which preprocessing fits a model: every usual one is tried on the data, and the network's own statistics judge.
 *
 * A BatchNormalization remembers the mean and variance of what it saw in training. Pixels that are scaled as they were then
 * arrive at the first of them with the same; others do not, by far. Networks without one are judged by their labels, where
 * there are some, and by the entropy of their answers. */
#ifndef MNQ_PIXELFIT_H
#define MNQ_PIXELFIT_H

#include "dataset.h"
#include "subject.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_PIXELFIT_MAX = 6 };

/** One preprocessing. */
struct mnq_pixelfit_row {
    struct mnq_preprocess p;
    double distance; /* at the first normalizations, Kullback-Leibler in nats a channel; NaN: there are none */
    int right;       /* samples that the label agrees with; -1: not asked */
    double entropy;  /* mean of the answers, nats; NaN: not asked, or they are no classes */
};

/** What speaks for a choice. */
enum mnq_pixelfit_by { MNQ_BY_NOTHING, MNQ_BY_NORMALIZATION, MNQ_BY_RANGE, MNQ_BY_LABELS, MNQ_BY_ENTROPY };

struct mnq_pixelfit {
    struct mnq_pixelfit_row row[MNQ_PIXELFIT_MAX];
    int n, own;       /* rows; the one that the subject has, -1: none */
    int best, second; /* rows */
    int norms;        /* normalizations looked at */
    int samples, labelled;
    enum mnq_pixelfit_by by;
    bool clear;     /* best is far enough before second */
    double margin;  /* by normalization the second's distance over the best's; by labels samples; by entropy a ratio */
    char text[240]; /* the decision and its margin */
};

/**
 * Tries none, unit, tf, torch and caffe, and what s has, on some samples of d (opened for its input).
 * s   float, with a legal graph
 * ask  if normalizations and first layers tell nothing, look at labels and entropy, which needs whole passes
 * The same for any number of threads.
 */
int mnq_pixelfit(const struct mnq_subject *s, const struct mnq_dataset *d, bool ask, int threads, struct mnq_pixelfit *f,
                 struct mnq_err *e);

/**
 * Settles the preprocessing of a subject whose file does not state one, or whose own first layers are all that speaks of it.
 * What is only usual for its family stands unless the data contradicts.
 * return  1: settled by f; 0: nothing to settle, f tells whether the data contradicts; -1 with e: it is not clear, which is
 * a matter of usage
 */
int mnq_pixelfit_settle(struct mnq_subject *s, const struct mnq_dataset *d, int threads, struct mnq_pixelfit *f,
                        struct mnq_err *e);

/** Whether the data speaks clearly against the subject's preprocessing. */
bool mnq_pixelfit_contradicts(const struct mnq_pixelfit *f);

#ifdef __cplusplus
}
#endif
#endif
