/* SPDX-License-Identifier: Apache-2.0
 * Sequential lowering: layer after layer becomes integers, and each sees the integer outputs of the ones before it. */
#ifndef MNQ_SEQUENTIAL_H
#define MNQ_SEQUENTIAL_H

#include "observe.h"
#include "targets.h"
#include "quantize/lower.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What each 1x1 or dense layer's output would suffer from formats it does not have; the run itself goes on unchanged. */
struct mnq_probe {
    const struct mnq_wformat *candidate;
    int n;
    double *noise;   /* [g->n][n] noise power at the layer's output, in squared real units, summed over its channels */
    double *nearest; /* [g->n] the same for 8-bit weights rounded to nearest */
};

/** One run. */
struct mnq_seq_opts {
    enum mnq_rounding rounding;
    bool bias_correction;             /* match every layer's mean pre-activation to the float graph's on the held samples */
    bool refit;                       /* re-fit 1x1 and dense weights to the float layer's outputs before they are rounded */
    const struct mnq_wformat *format; /* [g->n] of the weights */
    double *const *level;             /* [g->n] struct mnq_rounding_job, NULL elsewhere; NULL: none */
    int stride, first;                /* use every stride-th held sample, from the first-th on */
    struct mnq_split split;           /* samples kept from fitting, and then the error is measured on those alone */
    const struct mnq_probe *probe;    /* or NULL */
    int threads;
};

/**
 * Lowers the whole graph on the held samples.
 * q      filled (arrays in l->arena): frame, layers, no plan
 * error  noise power over signal power of the logits (centred per sample) on the judged samples
 */
int mnq_sequential(const struct mnq_lowering *l, const struct mnq_stats *stats, const struct mnq_seq_opts *o,
                   struct mnq_qmodel *q, double *error, mnq_progress *progress, void *progress_ctx, const char *phase,
                   struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
