/* SPDX-License-Identifier: Apache-2.0
 * `--weights auto` with tuning in mind: fewer bits than weights can have as they are, if learning makes up for it. Internal
 * to calib. */
#ifndef MNQ_AUTO_LEARN_H
#define MNQ_AUTO_LEARN_H

#include "auto_points.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A calibration whose weights learned; all that it has of its own is in `arena`. */
struct mnq_auto_learned {
    struct mnq_calib_run run;
    struct mnq_calib_report report; /* its passes */
    struct mnq_fit fit;
    double error; /* noise at the logits */
    struct mnq_arena arena;
};

/**
 * Goes on from the untuned choice with c->o->learn: a few finalists with fewer bytes learn, each judged by pictures that it
 * did not learn from, and the smallest that keeps the promise is chosen; else the choice itself, with what it learned if
 * that keeps the promise too. By size (by_size): the choice and the next best that fits learn, and what comes nearer to the
 * float network is chosen.
 * chosen  index of the point, in and out
 * limited there is a promise to keep
 * best    in: zero; out: what the chosen point learned, best->run.learned false: nothing. To be freed or adopted in any case
 * return  0, or -1 with e
 */
int mnq_auto_learn(struct mnq_auto *s, bool by_size, bool limited, int *chosen, struct mnq_auto_learned *best,
                   struct mnq_err *e);

/** The calibration goes on with what the point learned: formats, weights, fit and told losses; `l` is empty then. */
int mnq_auto_adopt(struct mnq_auto *s, const struct mnq_auto_point *p, struct mnq_auto_learned *l, struct mnq_fit *fit,
                   double *error, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
