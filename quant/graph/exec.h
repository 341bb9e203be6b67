/* SPDX-License-Identifier: Apache-2.0
 * The float executor: the reference that int8 models are measured against.
 *
 * Every output element is summed in one fixed order with separate multiplications and additions (no FMA, vectors
 * run over output channels), so results are the same bits on every host, instruction set and thread count. */
#ifndef MNQ_EXEC_H
#define MNQ_EXEC_H

#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_tap_kind {
    MNQ_TAP_PRE, /* accumulator plus bias, before the activation; only nodes with act != NONE */
    MNQ_TAP_OUT  /* the node's output */
};

/** Called for every node as it is computed. data is NHWC, out.h*out.w*out.c floats, valid during the call. */
typedef void mnq_tap(void *ctx, int node, enum mnq_tap_kind kind, const float *data);

/** One thread's workspace. Opaque; one graph may have many. */
struct mnq_exec;

/**
 * Prepares execution of a raw or legal graph.
 * keep_all   every node keeps its own buffer, so that mnq_exec_rerun() can start anywhere
 * return     NULL with e set (out of memory, operator that cannot run)
 */
struct mnq_exec *mnq_exec_new(const struct mnq_graph *g, bool keep_all, struct mnq_err *e);
void mnq_exec_free(struct mnq_exec *x);

/**
 * Says that weights of the graph will change by other pointers only, never in place: they are then packed once, not at every
 * run, and again where a pointer changed. Results are the same. Where memory is short, or much would be needed, nothing
 * changes.
 */
void mnq_exec_keep_weights(struct mnq_exec *x);

/** Runs the graph on one input (H*W*C floats, preprocessed). Returns the output tensor of g->output, valid until the next
 * run. */
const float *mnq_exec_run(struct mnq_exec *x, const float *input, mnq_tap *tap, void *ctx);

/** Recomputes nodes >= first (weights in the graph may have changed in place); needs keep_all and an earlier mnq_exec_run().
 */
const float *mnq_exec_rerun(struct mnq_exec *x, int first, mnq_tap *tap, void *ctx);

/** The buffer of node i: of an output, or with keep_all of any, which a caller may overwrite before
 * mnq_exec_rerun(x, i + 1, ...). */
float *mnq_exec_tensor(struct mnq_exec *x, int i);

#ifdef __cplusplus
}
#endif
#endif
