/* SPDX-License-Identifier: Apache-2.0
 * Streaming histograms per channel, from which every observer takes its range.
 *
 * Bins have a power-of-two width that doubles when a value falls outside, which merges pairs of bins exactly. The state
 * after any sequence of values therefore depends on the multiset of values alone: partial results of threads or machines
 * add up to the same bits in any order. */
#ifndef MNQ_HIST_H
#define MNQ_HIST_H

#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Histograms of one tensor. Values below zero are counted only if `sign`. */
struct mnq_hist {
    int channels, bins;
    bool sign;         /* bins cover [-bins/2, bins/2) * 2^exp, else [0, bins) * 2^exp */
    uint32_t *count;   /* [channels][bins]; exact zeros are not in it */
    int *exp;          /* [channels] */
    float *inv;        /* [channels], 2^-exp */
    uint64_t *zeros;   /* [channels] */
    float *lo, *hi;    /* [channels], extremes including zero */
    int64_t *mean_q30; /* [channels], sum over samples of round(mean of the sample * 2^30) */
    uint64_t samples;
};

/** -1 when out of memory. */
int mnq_hist_init(struct mnq_hist *h, int channels, bool sign, struct mnq_arena *arena);

/** Adds one sample: n pixels of `channels` values. */
void mnq_hist_add(struct mnq_hist *h, const float *x, int n);

/** dst += src, exact and commutative; src is left with the wider bins of both. */
void mnq_hist_merge(struct mnq_hist *dst, struct mnq_hist *src);

/** Adds up n histograms over all processes (util/spread.h), exact; all get the sums. Those without channels are left out. */
int mnq_hist_spread(struct mnq_hist *h, int n, struct mnq_err *e);

/** One channel that holds all channels of h (extremes, zeros and counts; no means). -1 when out of memory. */
int mnq_hist_collapse(const struct mnq_hist *h, struct mnq_hist *one, struct mnq_arena *arena);

/** Mean over samples of channel c. */
double mnq_hist_mean(const struct mnq_hist *h, int c);

/** Prefix sums over the bins of one tensor, for error estimates in O(1). */
struct mnq_hist_sums {
    const struct mnq_hist *hist;
    double *n, *x, *xx; /* [channels][bins + 1]: count, sum, sum of squares of bins below */
    double *total;      /* [channels], zeros included */
};

int mnq_hist_sums_init(struct mnq_hist_sums *s, const struct mnq_hist *h, struct mnq_arena *arena);

/**
 * Mean squared error of channel c when quantized with step `scale` to integers qlo..qhi around the zero point
 * (qlo <= 0 <= qhi): scale^2/12 inside, x^2 below half a step, squared distance outside.
 */
double mnq_hist_noise(const struct mnq_hist_sums *s, int c, double scale, double qlo, double qhi);

/** Mean square of channel c. */
double mnq_hist_power(const struct mnq_hist_sums *s, int c);

/** Share of channel c's values outside [lo, hi]. */
double mnq_hist_outside(const struct mnq_hist_sums *s, int c, double lo, double hi);

/** Smallest v with at least `share` of channel c's values <= v (upper) or >= v (lower). */
double mnq_hist_quantile(const struct mnq_hist_sums *s, int c, double share, bool upper);

#ifdef __cplusplus
}
#endif
#endif
