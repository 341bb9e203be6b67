/* SPDX-License-Identifier: Apache-2.0
 * One layer's weights, fitted anew to what the dense network computes, with some of them zero. */
#ifndef MNQ_PRUNE_FIT_H
#define MNQ_PRUNE_FIT_H

#include "prune_stream.h"
#include "quantize/obs.h"
#include "rules.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Rows of a layer: what it reads and what it should give, at some pixels of all samples. */
struct mnq_rows {
    float *x, *y; /* [n][inputs], [n][outputs]: inputs now, pre-activations of the dense network */
    int inputs, outputs;
    int per;     /* rows of one sample */
    int samples; /* n = per * samples */
};

/**
 * Gathers rows of node i.
 * wanted   rows in all, about
 * settled  as for mnq_stream_run(), of the network that is being pruned
 * now      NULL: the dense network's inputs
 */
int mnq_rows_gather(struct mnq_stream *dense, struct mnq_stream *now, const struct mnq_graph *g, int i, int settled,
                    int samples, size_t wanted, struct mnq_rows *r, struct mnq_arena *arena, struct mnq_err *e);

/** Regression of y on x with the removal order of every weight. */
struct mnq_fit {
    int inputs, outputs, threads;
    struct mnq_pattern pattern;
    double *h, *hinv;        /* [inputs][inputs] damped covariance of x, its inverse */
    double *mean_x, *mean_y; /* [inputs], [outputs] */
    double *w;               /* [outputs][inputs] best dense weights */
    double *error;           /* [outputs][inputs] mean square error added by removing the first k + 1 */
    int *order, *removable;  /* [outputs][inputs]; [outputs] */
};

struct mnq_fit_opts {
    double damping;          /* of h, as a share of its diagonal; draws the weights toward the dense ones */
    const float *fixed_bias; /* of a layer whose bias cannot change, else NULL */
    int holdout;             /* every holdout-th sample is left out; 0: none */
    int threads;
    bool untraced; /* no order of removal: error, order, removable stay NULL */
};

/**
 * Fits w to the rows, then traces the removal of all weights.
 * w0   [inputs][outputs] as graphs have them: the dense weights
 */
int mnq_fit_make(const struct mnq_rows *r, const float *w0, struct mnq_pattern pattern, const struct mnq_fit_opts *o,
                 struct mnq_fit *f, struct mnq_arena *arena, struct mnq_err *e);

/**
 * Weights with per_output[o] zeros in output o, the others fitted.
 * w  [inputs][outputs], b [outputs] or NULL: results
 */
int mnq_fit_solve(const struct mnq_fit *f, const int *per_output, float *w, float *b, struct mnq_err *e);

/** The same with the same inputs gone for all outputs: gone [inputs], nonzero: leaves. */
int mnq_fit_solve_without(const struct mnq_fit *f, const unsigned char *gone, float *w, float *b, struct mnq_err *e);

/** Sums of squares of y - (w x + b) and of y around its mean over the held-out (or, with holdout 0, all) samples' rows. */
int mnq_rows_error(const struct mnq_rows *r, const float *w, const float *b, int holdout, int threads, double *noise,
                   double *signal, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
