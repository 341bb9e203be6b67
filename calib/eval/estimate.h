/* SPDX-License-Identifier: Apache-2.0
 * 95 % intervals of what is measured over samples. */
#ifndef MNQ_ESTIMATE_H
#define MNQ_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A share in percent with its 95 % interval. */
struct mnq_share {
    double percent, lo, hi;
};

/** k of n with the Wilson score interval (Wilson 1927): honest for small n and near 0 and 100. n > 0. */
struct mnq_share mnq_wilson(int64_t k, int64_t n);

/**
 * Share of decisions that come in groups, one a sample: those of one picture err together. Wilson's interval at the
 * effective number of decisions p (1 - p) / var, var being the variance of the share over samples (Korn and Graubard 1998),
 * never more than there are, and the number of samples where all agree. hit, of  [n] of each sample; `of` may be 0 return
 * NaN everywhere without any decision
 */
struct mnq_share mnq_share_of_groups(const int64_t *hit, const int64_t *of, int n);

/** A value with its 95 % interval; NaN: there is none. */
struct mnq_estimate {
    double value, lo, hi;
};

/** A statistic of samples, sample i counted weight[i] times. NaN where it has none. */
typedef double mnq_statistic(const void *ctx, const int *weight, int n);

/**
 * The statistic of all samples and the 2.5 and 97.5 percentiles of its values on samples drawn with replacement (Efron
 * 1979). Drawn by a fixed generator: the same figures every time. work    roughly the operations of one evaluation; the
 * number of draws (40 .. 1000) follows from it return  0, or -1 when out of memory; no interval for fewer than 5 samples
 */
int mnq_bootstrap(mnq_statistic *statistic, const void *ctx, int n, double work, struct mnq_estimate *out);

/**
 * Area under the curve of true against false positives: the probability that a positive sample scores higher than a negative
 * one, ties half. Interval by DeLong, DeLong and Clarke-Pearson 1988; where the two do not overlap, Wilson's for the fewer
 * of them. score   [n], NaN counts as lowest label   [n] 1 positive, 0 negative, anything else is left out return  0, or -1
 * when out of memory; NaN without samples of both
 */
int mnq_auc(const float *score, const int *label, int n, struct mnq_estimate *out);

#ifdef __cplusplus
}
#endif
#endif
