/* SPDX-License-Identifier: Apache-2.0
 * Affine maps per channel, and how they move into the weights beside them. */
#ifndef MNQ_AFFINE_MAP_H
#define MNQ_AFFINE_MAP_H

#include "passes/rewrite.h"

#ifdef __cplusplus
extern "C" {
#endif

/** AFFINE with one scale and one offset for all channels? */
bool mnq_rw_uniform(const struct mnq_rw *rw, int i, double *scale, double *offset);
/** AFFINE a into its producer AFFINE, if it is that one's only reader; 1 done, 0 not, -1. */
int mnq_rw_merge_affine(struct mnq_rw *rw, int a, struct mnq_err *e);
/** y = x up to rounding? */
bool mnq_rw_is_identity(const struct mnq_rw *rw, int a);
/** AFFINE or BATCHNORM a into all of its readers, if each is a convolution that can take it; 1 done, 0 not, -1. */
int mnq_rw_fold_forward(struct mnq_rw *rw, int a, struct mnq_err *e);
/** BATCHNORM i gets its scale and offset, still under its own operator. */
int mnq_rw_batchnorm_map(struct mnq_rw *rw, int i, struct mnq_err *e);
/** The map y = scale x + offset of node a (offset NULL: none) into the layer `conv` before it. 0 or -1. */
int mnq_rw_fold_back(struct mnq_rw *rw, int conv, int a, const double *offset, struct mnq_err *e);
/** y = scale x in every channel? */
bool mnq_rw_only_scales(const struct mnq_rw *rw, int a);

#ifdef __cplusplus
}
#endif
#endif
