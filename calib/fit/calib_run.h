/* SPDX-License-Identifier: Apache-2.0
 * A calibration at work: what its passes share. Internal to calib. */
#ifndef MNQ_CALIB_RUN_H
#define MNQ_CALIB_RUN_H

#include "calib_opts.h"
#include "dataset.h"
#include "observe.h"
#include "sequential.h"
#include "split.h"
#include "views.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a learner is told of one training, and tells of it. */
struct mnq_learning {
    int fold;          /* of the held samples that is not learned from, and judges */
    int steps;         /* in: what stands after so many is kept, 0: what judges best; out: after how many it stood */
    double divergence; /* of what is kept from the float network, on the pictures that judge */
    bool stopped;      /* the time was up */
};

struct mnq_calib_run {
    const struct mnq_graph *g;
    const struct mnq_calib_opts *o;
    const struct mnq_preprocess *p;
    const struct mnq_dataset *data;
    int threads;
    struct mnq_stats stats;
    struct mnq_lowering lowering;
    struct mnq_qparams *qp;
    struct mnq_wformat *format; /* [g->n] of the weights */
    double *sensitivity, *tensor_sensitivity;
    uint8_t *wide;          /* [g->n] tensors with 16 bits */
    size_t *weights;        /* [g->n] what remains of a node's weights after shrinking */
    struct mnq_views views; /* on which the loss of accuracy is told */
    struct mnq_calib_report *report;
    struct mnq_arena *arena;
    mnq_progress *progress;
    void *progress_ctx;
    struct mnq_split judged; /* held samples that judge the steps and are not fitted to; none: too few, all do both */
    enum mnq_storage_mode storage;
    double **level;  /* [g->n] of weights that lie on a grid already (struct mnq_rounding_job), NULL elsewhere; NULL: none */
    bool learned;    /* weights were trained, on all held samples but those of learning.fold */
    struct mnq_learning learning;
    const double *told; /* [n_told] losses of pictures that judged what was learned; NULL: to be asked still */
    int n_told;
    double optimism; /* points by which choosing among estimates made the chosen one too good */
};

/** How the weights of one run are fitted. */
struct mnq_fit {
    enum mnq_rounding rounding;
    bool refit, bias;
};

/**
 * Lowers with the current scales and formats.
 * split    fit to the samples that it does not hold back and measure on those that it does; none: all do both
 * probe    NULL, or see sequential.h
 * error    noise over signal at the logits
 */
int mnq_calib_lower(struct mnq_calib_run *c, const struct mnq_fit *fit, struct mnq_split split,
                    const struct mnq_probe *probe, const char *phase, struct mnq_arena *arena, struct mnq_qmodel *q,
                    double *error, struct mnq_err *e);

/** The same, split as c->judged says, for the error alone. */
int mnq_calib_error(struct mnq_calib_run *c, const struct mnq_fit *fit, const struct mnq_probe *probe, const char *phase,
                    double *error, struct mnq_err *e);

/**
 * What each picture that may judge is expected to lose with the current scales and formats, fitted to others: crossfit.c.
 * loss    points, room for all pictures of c->views
 * return  their number, or -1 with e
 */
int mnq_calib_losses(struct mnq_calib_run *c, const struct mnq_fit *fit, const char *phase, double *loss, struct mnq_err *e);

/** Lowers with weights fitted to what `fitted` does not hold back, and asks about views of pictures that `asked` does. */
int mnq_calib_ask(struct mnq_calib_run *c, const struct mnq_fit *fit, struct mnq_split fitted, struct mnq_split asked,
                  const char *phase, float *got, struct mnq_err *e);

/** Chooses the scales of all tensors for the widths c->wide. qp  [g->n], its arrays in arena */
int mnq_calib_ranges(struct mnq_calib_run *c, struct mnq_qparams *qp, struct mnq_arena *arena, struct mnq_err *e);

/** Adds a line to the report. */
void mnq_calib_pass(struct mnq_calib_run *c, const char *name, double before, double after, bool kept);

/**
 * Second-order rounding, bias correction, re-fit: each is kept only if the noise on held-back samples falls, the re-fit of
 * 8-bit weights only if it falls by a tenth.
 * error  in: of nearest rounding; out: of the fit that is kept
 */
int mnq_calib_choose_fit(struct mnq_calib_run *c, struct mnq_fit *fit, double *error, struct mnq_err *e);

/** Chooses the fit again for the formats in place, as a recipe that names them will. error  replaced */
int mnq_calib_refit(struct mnq_calib_run *c, struct mnq_fit *fit, double *error, struct mnq_err *e);

/**
 * `--weights auto`: chooses every layer's format by measured noise, for the smallest file that loses no more than max_drop
 * points with MNQ_PROMISE_CONFIDENCE, or the least noise in a file of `flash` bytes; if there is a learner, of models that
 * learned too. Sets c->optimism, and what was learned.
 * fit    of the choice
 * error  of the formats so far, replaced
 * return 0, or -1: neither budget can be met
 */
int mnq_calib_auto(struct mnq_calib_run *c, struct mnq_fit *fit, double *error, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
