/* SPDX-License-Identifier: Apache-2.0
 * What the layers that read a tensor make of its quantization noise, estimated from statistics and float weights. */
#ifndef MNQ_READERS_H
#define MNQ_READERS_H

#include "quantize/qparams.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_READERS_MAX = 8 };

/** The readers of one tensor. */
struct mnq_readers {
    double *gain; /* [C]: noise power at the readers' outputs per noise power in channel c, relative to their signal */
    const struct mnq_node *pw[MNQ_READERS_MAX]; /* 8-bit 1x1, dense and full convolutions, whose weights absorb the scales */
    double pw_power[MNQ_READERS_MAX];           /* power of their outputs */
    int n_pw;
};

/** Finds the readers of node t's tensor. -1 when out of memory. */
int mnq_readers_find(const struct mnq_graph *g, int t, const struct mnq_hist *hist, const struct mnq_range_opts *o,
                     struct mnq_readers *r, struct mnq_arena *arena);

/** Relative noise at the readers' outputs from rounding and clipping the tensor itself to qmin..qmax around zp. */
double mnq_readers_activation_noise(const struct mnq_readers *r, const struct mnq_hist_sums *s, const double *scale, int zp,
                                    int qmin, int qmax);

/** Relative noise that nearest rounding of the readers' 8-bit weights adds once they have absorbed the scales. */
double mnq_readers_weight_noise(const struct mnq_readers *r, const struct mnq_hist_sums *s, const double *scale);

#ifdef __cplusplus
}
#endif
#endif
