/* SPDX-License-Identifier: Apache-2.0
 * A graph under rewriting: nodes in any order, readers known, affine maps in double. */
#ifndef MNQ_REWRITE_H
#define MNQ_REWRITE_H

#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A node whose arrays still belong to the raw graph until a pass replaces them. */
struct mnq_rw_node {
    struct mnq_node nd;     /* in[] indexes the rewriting graph; change it through mnq_rw_read() only */
    double *scale, *offset; /* AFFINE, BATCHNORM: y = scale[c] x + offset[c] */
    int *reader;            /* nodes that read this one, one entry per use */
    int n_readers, cap_readers;
    bool dead;
    bool made; /* not in the raw graph: its name is to be made unique */
};

/** All memory is in `arena` and temporary; mnq_rw_emit() copies what remains. */
struct mnq_rw {
    const struct mnq_graph *raw;
    struct mnq_arena *arena;
    struct mnq_rw_node *node;
    int n, cap, output;
};

/** Copies the nodes that raw's output depends on. */
int mnq_rw_init(struct mnq_rw *rw, const struct mnq_graph *raw, struct mnq_arena *arena, struct mnq_err *e);

/** Writes the live nodes in topological order, with unique names and arrays of its own, and no JOIN. */
int mnq_rw_emit(const struct mnq_rw *rw, struct mnq_graph *g, struct mnq_arena *arena, struct mnq_err *e);

/** The node; pointers are invalid after mnq_rw_make(). */
struct mnq_node *mnq_rw_at(const struct mnq_rw *rw, int i);

/** Producer of node i's first input. */
int mnq_rw_producer(const struct mnq_rw *rw, int i);

/** The only reader of node i, -1 if there are none or several. */
int mnq_rw_only_reader(const struct mnq_rw *rw, int i);

/** Whether node i is an output and nothing else: no layer reads it. */
bool mnq_rw_is_end(const struct mnq_rw *rw, int i);

/** Makes node i read `from` as input k. A producer that loses its last reader dies, and so on upwards. */
int mnq_rw_read(struct mnq_rw *rw, int i, int k, int from, struct mnq_err *e);

/** All readers of `old` (and the output) read `by` instead, except `by` itself. `old` dies if nothing reads it then. */
int mnq_rw_replace(struct mnq_rw *rw, int old, int by, struct mnq_err *e);

/** Takes the one-input node i out: its readers read its producer, which gives the same values. */
int mnq_rw_bypass(struct mnq_rw *rw, int i, struct mnq_err *e);

/** The same where the producer was changed to give what i gave. */
int mnq_rw_merge(struct mnq_rw *rw, int i, struct mnq_err *e);

/** Forgets the range that node i's output had: other values come out of it from now on. */
void mnq_rw_forget(struct mnq_rw *rw, int i);

/** New node "base/suffix" that reads `from`, with its shape. Its index, or -1. */
int mnq_rw_make(struct mnq_rw *rw, enum mnq_op op, const char *base, const char *suffix, int from, struct mnq_err *e);

/** Puts a new node behind i, in front of all of i's readers, that gives what i gave. Its index, or -1. */
int mnq_rw_make_behind(struct mnq_rw *rw, enum mnq_op op, const char *suffix, int i, struct mnq_err *e);

/** Node i, which has one input, reads `from` as its second. */
int mnq_rw_second(struct mnq_rw *rw, int i, int from, struct mnq_err *e);

/** Node i with two equal inputs keeps one. */
void mnq_rw_one_input(struct mnq_rw *rw, int i);

/** Whether the values of node i cannot be negative; activations are nodes of their own. */
bool mnq_rw_nonnegative(const struct mnq_rw *rw, int i);

/** Exchanges the one-input node i with its only reader r: i's producer, r, i, r's readers. Shapes are i's business. */
int mnq_rw_sink(struct mnq_rw *rw, int i, int r, struct mnq_err *e);

/** Turns node i into a depthwise convolution with identity weights on `center` of a kh x kw window, then no window. */
int mnq_rw_identity(struct mnq_rw *rw, int i, int kh, int kw, int center, struct mnq_err *e);

/** Fails with "file: op 'name': ..." in front. */
int mnq_rw_fail(const struct mnq_rw *rw, int i, struct mnq_err *e, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

/** Room for a map of node i, all zero. */
int mnq_rw_alloc_affine(struct mnq_rw *rw, int i, struct mnq_err *e);
/** Gives node i the map y = scale x + offset in every channel. */
int mnq_rw_set_affine(struct mnq_rw *rw, int i, double scale, double offset, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
