/* SPDX-License-Identifier: Apache-2.0
 * The units of training: what one step moves a parameter by, per output channel. */
#ifndef MNQ_TUNE_UNITS_H
#define MNQ_TUNE_UNITS_H

#include "prune_stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Root mean square of each output's weights of nd that are not zero, at least a twentieth of the outputs' mean. unit  [out.c] */
void mnq_tune_weight_units(const struct mnq_graph *g, const struct mnq_node *nd, float *unit);

/**
 * Deviation of each channel before its activation in the teacher, over some of the n pictures, at least a twentieth of the
 * channels' mean.
 * picture  [n] indices of p's pictures
 * unit     [teacher->n][out.c], NULL where none is wanted
 * return   0, or -1 with e: out of memory
 */
int mnq_tune_bias_units(const struct mnq_graph *teacher, const struct mnq_pictures *p, const int *picture, int n,
                        float *const *unit, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
