/* SPDX-License-Identifier: Apache-2.0
 * One thread's share of running the float network on pictures. */
#ifndef MNQ_FLOAT_WORKER_H
#define MNQ_FLOAT_WORKER_H

#include "graph/exec.h"
#include "graph/preprocess.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Zero before mnq_float_worker_init(); may be freed in either state. */
struct mnq_float_worker {
    struct mnq_exec *exec;
    float *input; /* the graph's input, mnq_elements() of it */
};

/**
 * Prepares a worker for g, which must outlive it.
 * keep_all  see mnq_exec_new()
 * return    0, or -1 with e
 */
int mnq_float_worker_init(struct mnq_float_worker *w, const struct mnq_graph *g, bool keep_all, struct mnq_err *e);
void mnq_float_worker_free(struct mnq_float_worker *w);

/** Runs g on raw pixels (h * w * c bytes), preprocessed by p; the rest as mnq_exec_run(). */
const float *mnq_float_worker_run(struct mnq_float_worker *w, const struct mnq_graph *g, const struct mnq_preprocess *p,
                                  const uint8_t *pixels, mnq_tap *tap, void *ctx);

#ifdef __cplusplus
}
#endif
#endif
