/* SPDX-License-Identifier: Apache-2.0
 * One thread's share of running the float network on pictures. */
#include "graph/float_worker.h"

#include <stdlib.h>

int mnq_float_worker_init(struct mnq_float_worker *w, const struct mnq_graph *g, bool keep_all, struct mnq_err *e)
{
    w->input = calloc(mnq_elements(g->node[0].out), sizeof *w->input);
    if (w->input == NULL) return mnq_fail_nomem(e);
    w->exec = mnq_exec_new(g, keep_all, e);
    return w->exec != NULL ? 0 : -1;
}

void mnq_float_worker_free(struct mnq_float_worker *w)
{
    mnq_exec_free(w->exec);
    free(w->input);
    *w = (struct mnq_float_worker){0};
}

const float *mnq_float_worker_run(struct mnq_float_worker *w, const struct mnq_graph *g, const struct mnq_preprocess *p,
                                  const uint8_t *pixels, mnq_tap *tap, void *ctx)
{
    struct mnq_shape in = g->node[0].out;
    mnq_preprocess_apply(p, pixels, in.h * in.w, w->input);
    return mnq_exec_run(w->exec, w->input, tap, ctx);
}
