/* SPDX-License-Identifier: Apache-2.0
 * Points of `--weights auto`: choices of formats, and what pictures said of them. Internal to calib. */
#ifndef MNQ_AUTO_POINTS_H
#define MNQ_AUTO_POINTS_H

#include "afford.h"
#include "assign.h"
#include "calib_run.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Formats that a layer may get, by falling bytes. */
enum { MNQ_AUTO_FORMATS = 6 };
extern const struct mnq_wformat mnq_auto_formats[MNQ_AUTO_FORMATS];

/** Places on the path are so many shares of what it can save; points at most. */
enum { MNQ_AUTO_PLACES = 16, MNQ_AUTO_POINTS = 40 };

/** A place on the path, or one format for all layers that may have it, and what pictures said of it. */
struct mnq_auto_point {
    int steps, uniform; /* the latter an index of mnq_auto_formats[], -1: on the path */
    double bytes;       /* of the weights that are chosen */
    bool paid;          /* within the budgets of the core */
    bool vain;          /* its weights were to learn, and nothing came of it that is better */
    bool tuned;         /* its weights learned; judged by pictures that they did not learn from */
    bool complete;      /* asked of all pictures that can judge it */
    double *loss;       /* [bound.pictures] points, in the order of the pictures if complete */
    struct mnq_bound bound;
};

/** A choice of formats at work. */
struct mnq_auto {
    struct mnq_calib_run *c;
    const struct mnq_fit *fit;
    struct mnq_choices *choices;
    int n, formats;        /* formats: of mnq_auto_formats[], from the first on */
    struct mnq_xbill bill; /* of the formats that were asked about last */
    struct mnq_step_down *step;
    bool *taken; /* [steps] */
    int steps;
    double bytes; /* of the weights before the first step */
    double other; /* of the file beside them */
    struct mnq_auto_point point[MNQ_AUTO_POINTS];
    int points;
    double max_drop; /* points */
    struct mnq_arena *arena;
};

/** Whether the node's weights may have fewer than 8 bits. */
bool mnq_auto_may_compress(const struct mnq_calib_run *c, int node);

/** Puts the formats in place that these steps lead to; returns the bytes of weights. */
double mnq_auto_apply(const struct mnq_auto *s, int steps);

/** One format wherever fewer bits may be chosen, the largest elsewhere. */
double mnq_auto_apply_uniform(const struct mnq_auto *s, int uniform);
double mnq_auto_apply_point(const struct mnq_auto *s, const struct mnq_auto_point *p);

/** Steps until a share place / MNQ_AUTO_PLACES of what the path can save is saved. */
int mnq_auto_steps_at(const struct mnq_auto *s, int place);

/** Whether the formats in place are within the core's budgets. */
int mnq_auto_paid(struct mnq_auto *s, bool *yes, struct mnq_err *e);

/** A new point that no picture was asked about yet; NULL with e. */
struct mnq_auto_point *mnq_auto_add(struct mnq_auto *s, int steps, int uniform, struct mnq_err *e);

/** The same, and asks the pictures; a point that was asked about before is returned as it is. */
struct mnq_auto_point *mnq_auto_measure(struct mnq_auto *s, int steps, int uniform, struct mnq_err *e);

/** Whether the pictures say that no more than max_drop is lost. */
bool mnq_auto_promises(const struct mnq_auto *s, const struct mnq_auto_point *p);

/** Sets c->optimism: points by which the smallest that promises is too good, by what the other folds would have chosen,
 *  judged by each fold. 0, or -1 with e. */
int mnq_auto_find_optimism(struct mnq_auto *s, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
