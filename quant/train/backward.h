/* SPDX-License-Identifier: Apache-2.0
 * Backpropagation through a legal float graph, one picture at a time. */
#ifndef MNQ_BACKWARD_H
#define MNQ_BACKWARD_H

#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_fkernels;

/** Gradients of a graph's parameters: sums over pictures. */
struct mnq_gradients {
    float **w, **b; /* [g->n]; NULL where there is nothing to train */
};

/** What runs from which node on, and what is trained: shared by all workspaces of a graph. */
struct mnq_training {
    const struct mnq_graph *g;          /* weights change between pictures, in place */
    int from, last;                     /* nodes from .. last run; last gives the output that is judged */
    bool *trains_w, *trains_b;          /* [g->n] */
    float **transposed;                 /* [g->n] mnq_backward_transpose(); made by mnq_training_settle() */
    const struct mnq_fkernels *kernels; /* the fastest, unless set before the first workspace; all give the same bits */
    struct mnq_arena *arena;
};

/**
 * Prepares the nodes from .. last; nothing before is changed. Everything with weights is trained except where `keep_w`,
 * `keep_b` say so (NULL: nowhere).
 * return  0, or -1 with e: an operator without gradients, by name
 */
int mnq_training_init(struct mnq_training *t, const struct mnq_graph *g, int from, int last, const bool *keep_w,
                      const bool *keep_b, struct mnq_arena *arena, struct mnq_err *e);

/** After weights changed, before the next picture. */
int mnq_training_settle(struct mnq_training *t, int threads, struct mnq_err *e);

/** Gradient sums, zero. */
int mnq_gradients_init(const struct mnq_training *t, struct mnq_gradients *d, struct mnq_arena *arena, struct mnq_err *e);

/** One thread's workspace. Opaque. */
struct mnq_backward;
struct mnq_backward *mnq_backward_new(const struct mnq_training *t, struct mnq_err *e);
void mnq_backward_free(struct mnq_backward *b);

/** The tensor of node i < from that later nodes read: to be filled before mnq_backward_forward(). */
float *mnq_backward_tensor(struct mnq_backward *b, int i);

/** Computes nodes from .. last; returns the output of `last`. Outputs of others: mnq_backward_tensor(). */
const float *mnq_backward_forward(struct mnq_backward *b);

/** The gradient of node i's output, to be added to between forward and run; zero after forward. */
float *mnq_backward_of(struct mnq_backward *b, int i);

/** Adds the gradients of this picture to `sum`. */
void mnq_backward_run(struct mnq_backward *b, struct mnq_gradients *sum);

#ifdef __cplusplus
}
#endif
#endif
