/* SPDX-License-Identifier: Apache-2.0
 * The course of a tuning: steps on views of pictures, judged now and then by pictures held back. */
#ifndef MNQ_TUNE_COURSE_H
#define MNQ_TUNE_COURSE_H

#include "tune.h"
#include "tune_cache.h"
#include "train/train_grid.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is trained, by what, and how; filled by the caller but for `cache`. */
struct mnq_tune_course {
    const struct mnq_graph *teacher;
    struct mnq_graph *out; /* trained in place from the first node on that differs from the teacher's */
    const struct mnq_pictures *pictures;
    const struct mnq_tune_opts *o;
    struct mnq_tune_report *r; /* all but kept, drop and seconds are filled */
    struct mnq_arena *arena;
    const bool *keep_w, *keep_b;        /* [out->n] what stays as it is; NULL: nothing */
    struct mnq_train_grid *const *grid; /* [out->n] of weights that are seen on a grid, NULL elsewhere; NULL: none */
    double started;                     /* mnq_tune_clock(), for o->time_limit */
    int fold;                           /* of the pictures that judges and is not learned from, of MNQ_SPLIT_FOLDS */
    int stop;                           /* what stands after so many steps is taken; 0: what judges best of all */
    mnq_progress *progress;
    void *progress_ctx;
    struct mnq_tune_cache cache;
};

/**
 * Trains; `out` and the levels of its grids are then the ones that judged best, those of the start if none were better, or
 * those after `stop` steps.
 * 0, or -1 with e.
 */
int mnq_tune_course(struct mnq_tune_course *c, struct mnq_err *e);

/** Seconds of a clock that only rises. */
double mnq_tune_clock(void);

#ifdef __cplusplus
}
#endif
#endif
