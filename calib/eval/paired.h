/* SPDX-License-Identifier: Apache-2.0
 * Two models on the same samples: which one is right where the other is not, and where they disagree. */
#ifndef MNQ_PAIRED_H
#define MNQ_PAIRED_H

#include "evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Exact McNemar test: two-sided binomial test of `lost` against `won` discordant samples with probability 1/2 each
 * (McNemar 1947, Psychometrika 12:153; Fagerland et al. 2013, BMC Med Res Methodol 13:91).
 *     p = min(1, 2 sum_{k=0..min(lost,won)} C(lost+won, k) / 2^(lost+won))
 * The probability that two equally good models differ by as much as seen or more. Exact for any counts, no normal
 * approximation; 1 without discordant samples.
 */
double mnq_mcnemar(int lost, int won);

/** Labelled samples of two models. */
struct mnq_pairing {
    int lost, won;    /* right in the first only, in the second only */
    double points;    /* top-1 of the second minus the first, in percentage points */
    double p;         /* mnq_mcnemar() */
    double low, high; /* 95 % interval of points, mnq_paired_interval() */
};

/**
 * 95 % interval of the difference between two proportions of the same n samples: square-and-add of Wilson's intervals with
 * the correlation of the pairs (Newcombe 1998, Stat Med 17:2635, method 10).
 * both   samples that both models have right; lost, won as above
 * low, high   of the second's share minus the first's, in -1..1
 */
void mnq_paired_interval(int both, int lost, int won, int n, double *low, double *high);

/** Model b of an evaluation against model a; ev->accuracy must hold. */
struct mnq_pairing mnq_pair(const struct mnq_evaluation *ev, int a, int b);

/**
 * Samples on which models a and b differ in their top-1, those first where both are surest (falling sum of their scores,
 * then sample order).
 * index    [ev->n]
 * return   how many
 */
int mnq_changed(const struct mnq_evaluation *ev, int a, int b, int *index);

#ifdef __cplusplus
}
#endif
#endif
