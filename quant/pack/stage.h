/* SPDX-License-Identifier: Apache-2.0
 * Plans of stages: runs of layers that are executed row by row, so that tensors inside them are rings of a few rows. */
#ifndef MNQ_STAGE_H
#define MNQ_STAGE_H

#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A core with its kernels, as the search for stages sees it. */
struct mnq_stage_target {
    const uint32_t *scratch; /* [layer] bytes that its kernel wants */
    /** Work of layer k in `calls` bands of `rows` rows, in any unit; calls 1: at once. */
    int64_t (*work)(const void *context, int k, int calls, int rows);
    const void *context;
    bool tall;    /* bands of 8 and 16 rows only */
    int64_t push; /* work of taking all rows of a picture that is pushed */
};

/** What to look for. */
struct mnq_stage_options {
    bool speed;  /* as little work as `ram` allows; else as little RAM as there can be, then little work */
    int64_t ram; /* bytes of arena; 0: no limit */
    /* NULL: no core in particular: work are calls of kernels, bands have one row, scratch is not planned. Else bands may
     * have several rows. */
    const struct mnq_stage_target *target;
    int permille; /* target, neither speed nor ram: as little RAM as there can be with this much more work than layers at
                    once; 0: however much */
};

/** Where a tensor lies (FORMAT.md, PLAN). */
struct mnq_stage_place {
    uint32_t offset;
    int rows, writer, last; /* of the ring; layers, writer -1: the input, last n_layers: kept */
    bool sums;              /* its writer is a global pooling that sums up rows */
    uint32_t scratch, scratch_bytes;
};

struct mnq_stage_run {
    int end, dying; /* layers before end; tensor or -1 */
    int steps;
};

/** A plan. */
struct mnq_stages {
    struct mnq_stage_place *place; /* [n_tensors] */
    struct mnq_stage_run *stage;
    uint8_t (*step)[2];
    int n_stages, n_steps;
    uint32_t bytes, state;
    int64_t work; /* of a run: calls of kernels, or the target's unit */
};

/**
 * Searches plans for the picture in memory (q->plan) and for rows that are pushed (q->push), exactly: dynamic programming
 * over where stages begin, with the bytes that rings, whole tensors and sums of each possible stage take. A plan that would
 * be no better than layer by layer is left out, as is one that the format cannot hold.
 * return  0, or -1 if no plan fits options->ram (the message tells the least)
 */
int mnq_qmodel_stages(struct mnq_qmodel *q, const struct mnq_stage_options *options, struct mnq_err *e);

/** A point of the curve on which RAM and work are traded. */
struct mnq_stage_point {
    uint32_t bytes;
    int64_t work;
};

/**
 * The curve for a target, from layers at once down to the least RAM: every point takes less RAM than the one before it, by
 * an eighth or so, and is the least work for it. point   [most] n       how many there are
 */
int mnq_qmodel_curve(const struct mnq_qmodel *q, const struct mnq_stage_target *target, bool pushed,
                     struct mnq_stage_point *point, int most, int *n, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
