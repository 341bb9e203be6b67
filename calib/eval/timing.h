/* SPDX-License-Identifier: Apache-2.0
 * How long integer models take on this machine: several models and kernel tables in turn, on one processor, layer by layer.
 */
#ifndef MNQ_TIMING_H
#define MNQ_TIMING_H

#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_kernels;

/** One layer. */
struct mnq_timed_layer {
    double ms, ms_min; /* median, least */
    int64_t macs;
    int64_t bytes; /* read and written once: inputs, output, weights as the file stores them */
};

/** One model with one kernel table. */
struct mnq_timing {
    const struct mnq_package *package;
    const struct mnq_kernels *kernels;
    double ms_median, ms_min, ms_low,
        ms_high; /* of a whole inference; low and high: a quarter of the runs lies outside each */
    int64_t macs;
    struct mnq_timed_layer *layer; /* [q.n_layers] */
};

/**
 * Measures n_models models with n_tables tables each: `rounds` rounds, in every one each of them runs twice, whole and layer
 * by layer, after a round that is not counted. Times are the thread's processor time. The input is noise, the same for all.
 * out     [n_models][n_tables]
 * peak    [n_tables] rate of a table where nothing but its products counts: a 1x1 layer of 8-bit weights and activations
 * that stays in the first-level cache. Giga multiply-accumulates per second, the best of all rounds: on a machine that has
 *         other work, the least times of layers are to be set against it. 0 without memory.
 * pinned  set to whether the thread stayed on one processor
 */
int mnq_timing_run(const struct mnq_package *model, int n_models, const struct mnq_kernels *const *table, int n_tables,
                   int rounds, struct mnq_timing *out, double *peak, bool *pinned, struct mnq_arena *arena,
                   struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
