/* SPDX-License-Identifier: Apache-2.0
 * What may be pruned, what was asked for, what was done. */
#ifndef MNQ_PRUNE_LAYER_H
#define MNQ_PRUNE_LAYER_H

#include "calib_opts.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_prune_scope {
    MNQ_PRUNE_LAYER, /* every layer the same ratio */
    MNQ_PRUNE_GLOBAL /* the ratio holds for all layers together */
};
enum mnq_prune_method {
    MNQ_PRUNE_MAGNITUDE, /* smallest folded weights, relative to their layer's rms; no data needed */
    MNQ_PRUNE_OBS,       /* optimal brain surgeon on the samples, layer after layer */
    MNQ_PRUNE_AUTO       /* OBS where there are samples; not for mnq_prune() */
};

struct mnq_prune_opts {
    double ratio; /* share of all prunable weights that become zero, in (0, 1); NaN: what the pattern implies */
    enum mnq_prune_scope scope;
    enum mnq_prune_method method;
    struct mnq_pattern pattern;
    const struct mnq_layer_choice *choice; /* [legal->n] rules for single layers, or NULL: ratio 0 spares a layer */
    int samples;                           /* use at most this many, evenly spaced; 0 = MNQ_PRUNE_SAMPLES */
    int threads;
    const struct mnq_task *task; /* what the outputs mean, [mnq_graph_outputs()]; NULL: mnq_task_infer() */
};

struct mnq_prune_layer {
    const char *name;
    int node; /* of the legal graph */
    int inputs, outputs;
    struct mnq_pattern pattern;
    int64_t weights, zeros;
    /* Noise over signal power: with data, of the layer's output before its activation, on samples that no weight was fitted
     * to, errors of earlier layers included; without data, of the weights. */
    double error;
};

struct mnq_prune_report {
    struct mnq_prune_layer *layer; /* prunable ones, in order */
    int n_layers;
    int samples;                 /* 0 without data */
    struct mnq_calib_pass *pass; /* what was tried, judged by the noise at the logits of held-back samples */
    int n_passes;
    double error; /* noise over signal power at the logits, on held-back samples; NaN without data */
    /* Expected loss, told by parts of the held-back samples, to which nothing was fitted; drop.pictures 0: there are none.
     */
    struct mnq_bound drop;
    const char *no_estimate; /* why those samples cannot tell it, or NULL */
};

/** Samples are kept in memory: never more than so many, evenly spaced. */
enum { MNQ_PRUNE_SAMPLES = 512 };

/** Whether node i may be pruned: a 1x1 convolution or dense layer that has its own weights and is not the first layer. */
bool mnq_prune_can(const struct mnq_graph *legal, int i);

/** Reads a pattern that pruning can make: its blocks have 2, 4, 8 or 16 weights. where: in front of the message. 0, or -1
 * with e (MNQ_EXIT_USAGE). */
int mnq_prune_pattern(const char *text, const char *where, struct mnq_pattern *p, struct mnq_err *e);

/** Refuses such patterns of rules, which mnq_rules_resolve() has settled. */
int mnq_prune_rules(const struct mnq_graph *legal, const struct mnq_layer_choice *choice, struct mnq_err *e);

/** Whether zeros of a layer fit a pattern; w is [inputs][outputs]. */
bool mnq_pattern_holds(struct mnq_pattern p, const float *w, int inputs, int outputs);

/** Bytes of a layer's weights in 8 bits: dense, and as a bitmap (one bit per weight, or per block) with the non-zeros. */
int64_t mnq_prune_bytes_dense(const struct mnq_prune_layer *l);
int64_t mnq_prune_bytes_sparse(const struct mnq_prune_layer *l);

/** Counts zeros of the layers in the report's list anew, in a graph with the same nodes. */
void mnq_prune_count(const struct mnq_graph *g, struct mnq_prune_report *r);

/** Never more of a layer than this: a layer without weights would cut the network in two. */
#define MNQ_PRUNE_MOST 0.98

/** Zeros that a pattern forces on a layer in which it holds everywhere. */
int64_t mnq_prune_implied(const struct mnq_prune_layer *l);

/** Most zeros that a layer may get. */
int64_t mnq_prune_limit(const struct mnq_prune_layer *l);

/** Whether the surgeon's traces of all layers take more than 1e11 multiplications: fewer things are tried then. */
bool mnq_prune_large(const struct mnq_prune_report *r);

#ifdef __cplusplus
}
#endif
#endif
