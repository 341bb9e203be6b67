/* SPDX-License-Identifier: Apache-2.0
 * What a calibration is asked for, and what it reports. */
#ifndef MNQ_CALIB_OPTS_H
#define MNQ_CALIB_OPTS_H

#include "bound.h"
#include "rules.h"
#include "export/xbudget.h"
#include "graph/task.h"
#include "pack/stage.h"
#include "pack/storage.h"
#include "quantize/lower.h"
#include "quantize/qparams.h"
#include "quantize/shrink.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_rounding { MNQ_ROUND_NEAREST, MNQ_ROUND_SECOND_ORDER };
enum mnq_wide { MNQ_WIDE_AUTO, MNQ_WIDE_NONE, MNQ_WIDE_ALL }; /* which layers or tensors get 16 bits */

enum { MNQ_SMALL_LAYER = 3000 }; /* weights; layers with fewer keep 8 bits or more, and may get 16 by default */

struct mnq_dataset;
struct mnq_calib_run;
struct mnq_fit;
struct mnq_err;
struct mnq_tune_report;

/**
 * Trains what a calibration has chosen formats and a fit for (the rooms above know how), as c->learning says: leaves c and
 * fit as they are, or with other weights and c->learned; sets c->report->tuned. error: noise at the logits, in and out. 0, or
 * -1 with e.
 */
typedef int mnq_calib_learner(void *ctx, struct mnq_calib_run *c, struct mnq_fit *fit, double *error, struct mnq_err *e);

/** What the command line or a recipe decides; mnq_calib_defaults() fills it. */
struct mnq_calib_opts {
    enum mnq_observer observer;
    double percentile; /* of PERCENTILE, e.g. 99.99 */
    enum mnq_act_scale act_scale;
    enum mnq_rounding rounding;
    enum mnq_wide wide;
    double wide_budget;             /* AUTO: at most this share of extra weight bytes, e.g. 0.10 */
    enum mnq_wide wide_activations; /* which tensors get 16-bit activations; AUTO never needs more RAM */
    bool bias_correction;
    bool refit; /* re-fit 1x1 and dense weights to the float layers, behind which the earlier layers' errors lie */
    enum mnq_weights weights; /* of 1x1 and dense layers with small_layer weights or more: INT8, INT4, BINARY, AUTO */
    int bases;                /* of BINARY, 1..4 */
    int small_layer;
    double max_drop;           /* AUTO: points of expected accuracy that may go, 0 = 1 point unless flash is given */
    int64_t flash;             /* AUTO without a core: bytes of the file at most, 0 = no limit */
    struct mnq_xbudget budget; /* of the core that the model is for */
    int64_t meta_bytes;        /* what the caller will add to the file's META section */
    const struct mnq_layer_choice *choice; /* [legal->n] what rules say of single layers, or NULL */
    bool shrink;                           /* remove channels that provably never change */
    enum mnq_storage_mode storage;         /* of 1x1 weights with zeros */
    struct mnq_stage_options stages;       /* what plan of stages to look for */
    int samples;                           /* use at most this many, evenly spaced; 0 = all */
    int threads;
    const struct mnq_task *task;          /* what the outputs mean, [mnq_graph_outputs()]; NULL: mnq_task_infer() */
    const struct mnq_graph *against;      /* legal: the float network whose answers count; NULL: the one calibrated */
    const struct mnq_dataset *validation; /* pictures that judge and do nothing else; NULL: the samples, split */
    mnq_calib_learner *learn;             /* or NULL */
    void *learn_ctx;
};

void mnq_calib_defaults(struct mnq_calib_opts *o);

/** What each layer got and what each pass gained, for the report. */
struct mnq_calib_layer {
    const char *name;
    int bits, bases, inputs; /* of the weights (struct mnq_wformat); 0 bits: none */
    int acc_bits;
    double sensitivity; /* error power at the output caused by 8-bit weights in this layer alone, relative to signal */
    double clipped;     /* share of output samples clipped by the chosen range */
    double stretch;     /* exponent alpha of the per-channel scale of its output */
    int act_bits;       /* of its output: 8 or 16 */
    double tensor_sensitivity; /* error power at the output caused by an 8-bit output of this layer alone */
    enum mnq_observer observer;
};
struct mnq_calib_pass {
    const char *name;     /* "second-order rounding", ... */
    double before, after; /* noise over signal power at the logits, on held samples of the calibration data */
    bool kept;            /* false: tried, found no better, undone */
};
/** A choice of formats that AUTO asked pictures about. */
struct mnq_calib_point {
    double bytes;              /* of the file, roughly */
    struct mnq_wformat format; /* of all layers that may have fewer bits; 0 bits: mixed */
    struct mnq_bound drop;     /* of the pictures asked */
    bool vain;                 /* tuning it brought nothing better */
    bool tuned;                /* its weights learned, and it was judged by others than it learned from */
    bool complete;             /* false: given up before all pictures had judged */
    bool fits;                 /* within the budgets of the core */
    bool promised;             /* max_drop, with MNQ_PROMISE_CONFIDENCE */
    bool chosen;
};
struct mnq_calib_report {
    struct mnq_calib_layer *layer;
    int n_layers;
    struct mnq_calib_pass *pass;
    int n_passes, samples;
    struct mnq_calib_point *point; /* of AUTO, in the order of asking */
    int n_points;
    int validation_fitted;           /* pictures to validate on that are samples, and left out */
    double optimism;                 /* points that were added to the chosen one's drop, since it was chosen by it */
    const struct mnq_tune_report *tuned; /* of what learned and was chosen; NULL: the learner was not asked */
    struct mnq_bound drop;           /* expected, points of mnq_task_drop_unit(), against the float network (crossfit.c) */
    const char *no_estimate;         /* why the samples, or those that validate, cannot tell it, or NULL */
    const char *no_validation;       /* the latter alone */
    double asked_drop;               /* AUTO: what max_drop came to; 0: no limit */
    bool promised;                   /* whether the pictures promise it, with MNQ_PROMISE_CONFIDENCE */
    long pictures_wanted;            /* if not: as many would, by what these show; -1: none would */
    struct mnq_shrink_report shrink; /* all zero when switched off */
    struct mnq_storage_report storage;
};

#ifdef __cplusplus
}
#endif
#endif
