/* SPDX-License-Identifier: Apache-2.0
 * Parts of the samples, as stand-ins for data that the network was not trained on, and what they say of a change's price.
 *
 * Calibration data is often training data: the network is right there, sure of it, and a change of the weights turns few of
 * its decisions. A part of a picture is new to the network, and its confidence in it is that of the real world. */
#ifndef MNQ_VIEWS_H
#define MNQ_VIEWS_H

#include "bound.h"
#include "logits.h"
#include "pack/qmodel.h"
#include "targets.h"
#include "util/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Pictures in memory. */
struct mnq_shots {
    const uint8_t *input; /* [n][bytes] */
    size_t bytes;
    int n;
    const int *label; /* [n] classes, -1 unknown; NULL: none */
};

/**
 * Views of pictures: 2/3 of each side, centre or a corner in turn, resized to the input; 5/6 if too few of those are what
 * the network takes the picture for, of which they then say nothing; else, or where told so, the pictures themselves.
 */
struct mnq_views {
    struct mnq_shots shots;
    struct mnq_shape in;
    const struct mnq_preprocess *p;
    struct mnq_logits judge; /* of the network that is asked; its outputs have as many values as the float network's */
    int per, threads;        /* views of each picture; 0: the picture itself */
    int part, whole;         /* a view's side is part / whole of the picture's */
    float *want;             /* [views][judge.n], the float network's */
    double temperature;      /* of its probabilities, drop.h; 1 without labels */
};

/**
 * Runs the float network `against` over `per` views of each picture (1 .. 5 differ). Arrays are in arena; what is pointed to
 * must stay. The same for any number of threads.
 */
int mnq_views_make(const struct mnq_graph *against, const struct mnq_preprocess *p, const struct mnq_shots *shots,
                   const struct mnq_logits *judge, int per, int threads, struct mnq_views *v, struct mnq_arena *arena,
                   mnq_progress *progress, void *progress_ctx, struct mnq_err *e);

/** Floats that answers to all views take. */
size_t mnq_views_floats(const struct mnq_views *v);

/**
 * What q, a lowering of g, or g itself where q is NULL, answers to the views of pictures that `split` holds back (none: to
 * all). The rest of got keeps its values.
 */
int mnq_views_ask(const struct mnq_views *v, const struct mnq_graph *g, const struct mnq_qmodel *q, struct mnq_split split,
                  float *got, struct mnq_err *e);

/**
 * What each of those pictures is expected to lose by these answers, in points: the mean of mnq_task_losses() over its views;
 * with several outputs, of the one that loses most in each.
 * loss    room for all pictures
 * return  how many, or -1 with e
 */
int mnq_views_losses(const struct mnq_views *v, const float *got, struct mnq_split split, double *loss, struct mnq_err *e);

/** What the float network `changed` is expected to lose against `against`, by these pictures, to which nothing was fitted.
 */
int mnq_views_expect(const struct mnq_graph *against, const struct mnq_graph *changed, const struct mnq_preprocess *p,
                     const struct mnq_shots *shots, const struct mnq_logits *judge, int threads, struct mnq_bound *drop,
                     struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
