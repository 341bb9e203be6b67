/* SPDX-License-Identifier: Apache-2.0
 * The most accurate model within a budget: which recipes to try, and in which order evidence is paid for. */
#ifndef MNQ_SEARCH_H
#define MNQ_SEARCH_H

#include "jury.h"
#include "trials.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_search_opts {
    const char *model;
    struct mnq_recipe base; /* preprocessing, target and budgets of all; what it says of weights is chosen anew */
    const struct mnq_making *how;
    const struct mnq_trial_engine *engine;
    struct mnq_journal *journal; /* NULL: none */
    double deadline;             /* of mnq_trials_now(); 0: none */
    int part;                    /* samples of the first round; 0: MNQ_SEARCH_PART */
    int finalists;               /* that all samples judge */
    int tuned;                   /* of those, how many are tuned too */
};

enum { MNQ_SEARCH_PART = 48, MNQ_SEARCH_FINALISTS = 3, MNQ_SEARCH_TUNED = 1 };

/** The best model that was made from all samples in this run, so that nobody has to make it again. */
struct mnq_search_kept {
    const char *recipe; /* NULL: none was */
    uint8_t *bytes; /* [n] */
    size_t n;
    struct mnq_trial_result result;
};

/** Stages of evidence. */
enum mnq_search_stage { MNQ_SEARCH_COSTS, MNQ_SEARCH_PARTS, MNQ_SEARCH_FULL, MNQ_SEARCH_TUNE, MNQ_SEARCH_STAGES };

/** A recipe that was tried. */
struct mnq_search_point {
    enum mnq_search_stage stage;
    struct mnq_recipe recipe;
    struct mnq_trial trial;
    struct mnq_trial_result result;
    bool front; /* of the judged ones: none is at most as dear in flash, RAM and cycles and loses less */
};

struct mnq_search_report {
    struct mnq_search_point *point;
    int n, best; /* best -1: nothing fits */
    int open;    /* trials that the deadline left */
    int stage_n[MNQ_SEARCH_STAGES];
    const struct mnq_search_point *nearest; /* if nothing fits: the least that was tried */
    struct mnq_search_kept kept;
};

/**
 * Searches input resolution, channels, zeros and formats: bills first, then parts of the samples, then all of them for the
 * best, then tuning.
 * native  the float model at its own size
 * jury    of it
 * return  0, or -1 with e. The same for any engine and number of threads, and for a search that was interrupted
 */
int mnq_search(const struct mnq_search_opts *o, const struct mnq_subject *native, struct mnq_jury *jury,
               struct mnq_search_report *r, struct mnq_arena *arena, struct mnq_err *e);

/** o->base itself, tried and judged, as if a search had chosen it: repeats what one found. */
int mnq_search_one(const struct mnq_search_opts *o, const struct mnq_subject *native, struct mnq_jury *jury,
                   struct mnq_search_report *r, struct mnq_arena *arena, struct mnq_err *e);

/** What a trial engine runs; ctx is a struct mnq_trial_context. */
struct mnq_trial_context {
    const struct mnq_making *how;
    int n;
    const char *const *model;     /* [n] */
    struct mnq_jury *const *jury; /* [n] of each; NULL: calibration's own estimate */
    struct mnq_search_kept *kept; /* the best that is judged becomes this; NULL: none is kept */
    struct mnq_arena *arena;      /* of what is kept */
};
int mnq_trial_make(void *ctx, const struct mnq_trial *t, struct mnq_trial_result *r, struct mnq_err *e);

/* ---- between search.c and search_plan.c ---- */

enum { MNQ_SEARCH_SIZES = 6, MNQ_SEARCH_CUTS = 5, MNQ_SEARCH_KINDS = 3, MNQ_SEARCH_POINTS = 300 };

/** What is tried at a size and a cut: 8-bit weights, half of them zero, fewer bits where that hurts least. */
enum mnq_search_kind { MNQ_SEARCH_INT8, MNQ_SEARCH_SPARSE, MNQ_SEARCH_AUTO };

/** Sizes of the input, falling from the model's own, that the network can have. */
int mnq_search_sizes(const struct mnq_search_opts *o, const struct mnq_subject *native, int *size);

/** Share of multiplications that leave with channels, rising from 0. */
double mnq_search_cut(int k);

/** The recipe of a place; `cost`: the cheapest that is like it. */
struct mnq_recipe mnq_search_recipe(const struct mnq_search_opts *o, const struct mnq_subject *native, int size, double cut,
                                    enum mnq_search_kind kind, bool cost);

#ifdef __cplusplus
}
#endif
#endif
