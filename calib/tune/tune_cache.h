/* SPDX-License-Identifier: Apache-2.0
 * What frozen layers and the teacher make of every view, computed once. */
#ifndef MNQ_TUNE_CACHE_H
#define MNQ_TUNE_CACHE_H

#include "prune_stream.h"
#include "tune.h"
#include "tune_loss.h"
#include "train/backward.h"

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Records of views: what nodes from `from` on read of those before, in 16 bits, the teacher's features and answers, what
 *  labels say. */
struct mnq_tune_cache {
    const struct mnq_graph *student, *teacher;
    const struct mnq_pictures *pictures;
    int fold;    /* of them that judges, of MNQ_SPLIT_FOLDS */
    bool labels; /* the pictures' are in the records */
    struct mnq_tune_loss loss;
    int from;      /* first node that is trained */
    int features;  /* node whose output the last layer reads, -1: none of its own */
    double spread; /* variance of the teacher's features, all values alike */
    int *boundary; /* [n_boundary] nodes before `from` that later ones read */
    int n_boundary;
    int *tap; /* [n_taps] nodes from `from` on that give out what a block made; none unless o->taps > 0 */
    int n_taps;
    double *tap_spread; /* [n_taps] variance of the teacher's within pictures, all channels alike */
    int views;          /* of each picture that is trained on */
    int n_train, n_held;
    int *train, *held; /* their pictures */
    size_t bytes;      /* of a record */
    uint8_t *record;   /* [n_train][views], then [n_held][MNQ_TUNE_JUDGES] */
};

/**
 * Settles where training begins - the first layer that differs from the teacher's, or a later one if its records do not fit
 * o->cache_bytes - and fills the records. 0, or -1 with e.
 */
int mnq_tune_cache_make(struct mnq_tune_cache *c, const struct mnq_tune_opts *o, struct mnq_arena *arena,
                        mnq_progress *progress, void *progress_ctx, struct mnq_err *e);

/** Record of view k of the i-th picture that is trained on, or that judges. */
const uint8_t *mnq_tune_cache_train(const struct mnq_tune_cache *c, int i, int k);
const uint8_t *mnq_tune_cache_held(const struct mnq_tune_cache *c, int i, int k);

/** What a record says that should come out; pointers into it. */
struct mnq_tune_wanted {
    const float *features, *answers; /* the teacher's */
    const float *label;              /* mnq_tune_label_loss()'s wanted; NULL unless c->labels */
};

/** Fills b's tensors before `from`. */
void mnq_tune_cache_load(const struct mnq_tune_cache *c, const uint8_t *record, struct mnq_backward *b,
                         struct mnq_tune_wanted *w);

/** The teacher's output of tap k in a record: the upper halves of floats. */
const uint16_t *mnq_tune_cache_tap(const struct mnq_tune_cache *c, const uint8_t *record, int k);

/** The float whose upper half this is. */
static inline float mnq_tune_wide(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

#ifdef __cplusplus
}
#endif
#endif
