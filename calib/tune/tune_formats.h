/* SPDX-License-Identifier: Apache-2.0
 * Tuning under the formats that a calibration chose: weights of few bits learn on their grids. */
#ifndef MNQ_TUNE_FORMATS_H
#define MNQ_TUNE_FORMATS_H

#include "tune.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_calib_run;
struct mnq_fit;

/**
 * What mnq_tune_formats() is told. What it tells is c->report->tuned: `before` and `after` of the integer networks; layers 0:
 * none has few bits.
 */
struct mnq_tune_formats {
    struct mnq_tune_opts o;
    double began; /* mnq_tune_clock() of the first training, from which the time limit counts; 0: none yet */
};

/** mnq_tune_defaults() for weights of few bits. */
void mnq_tune_formats_defaults(struct mnq_tune_opts *o);

/**
 * A mnq_calib_learner; ctx is a struct mnq_tune_formats. Layers from the first one of few bits on learn to answer as the
 * float network on three quarters of the held samples; few-bit weights begin where the calibration's own fit left them. The
 * quarter c->learning.fold judges both networks in integers: c changes only if mnq_tune_better(), or if c->learning.steps
 * says when to end.
 */
int mnq_tune_formats(void *ctx, struct mnq_calib_run *c, struct mnq_fit *fit, double *error, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
