/* SPDX-License-Identifier: Apache-2.0
 * Changes of the dense network, each judged alone by the noise that arrives at the logits of held-back samples. */
#ifndef MNQ_PRUNE_PROBE_H
#define MNQ_PRUNE_PROBE_H

#include "prune_parts.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One thread's dense network. */
struct mnq_probe_worker {
    struct mnq_graph g; /* nodes of its own: what is changed is put back */
    struct mnq_exec *exec;
    float *input, *room; /* room: logits gathered */
};

struct mnq_probe {
    struct mnq_pruning *p;
    int n;     /* samples probed, mnq_probe_samples() */
    int tried; /* numbers that each sample gives */
    /** Fills noise [tried], zero before; the network has run on the sample, whose dense logits are `dense`. */
    void (*judge)(const struct mnq_probe *pr, struct mnq_probe_worker *w, const float *dense, double *noise);
    void *ctx;
    double *noise, *signal; /* made by mnq_probe_run(): [n][tried], [n] */
};

/** How many of the held-back samples are probed: at most `most`, or all there are if none is held back. */
int mnq_probe_samples(const struct mnq_pruning *p, int most);

/** The noise at the logits once nodes `first` and later have run again. */
double mnq_probe_noise(const struct mnq_probe *pr, struct mnq_probe_worker *w, int first, const float *dense);

/** All samples over p->o->threads; arrays are in the arena. */
int mnq_probe_run(struct mnq_probe *pr, struct mnq_arena *arena, struct mnq_err *e);

/** Noise over signal of number k, all samples together. */
double mnq_probe_cost(const struct mnq_probe *pr, int k);

#ifdef __cplusplus
}
#endif
#endif
