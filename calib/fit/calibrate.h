/* SPDX-License-Identifier: Apache-2.0
 * Calibration: float graph and sample data in, integer model out. */
#ifndef MNQ_CALIBRATE_H
#define MNQ_CALIBRATE_H

#include "calib_opts.h"
#include "dataset.h"
#include "pack/qmodel.h"
#include "util/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * legal   from mnq_graph_legalize(), not modified
 * data    opened for the graph's input shape; every sample is read through p
 * q, r    results, in `arena`
 * return  0, or -1 with e (unreadable sample, zero samples, out of memory)
 */
int mnq_calibrate(const struct mnq_graph *legal, const struct mnq_dataset *data, const struct mnq_preprocess *p,
                  const struct mnq_calib_opts *o, struct mnq_qmodel *q, struct mnq_calib_report *r, struct mnq_arena *arena,
                  mnq_progress *progress, void *progress_ctx, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
