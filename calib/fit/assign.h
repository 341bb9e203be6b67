/* SPDX-License-Identifier: Apache-2.0
 * Mixed precision: which layer gives up bits next, by noise against bytes. */
#ifndef MNQ_ASSIGN_H
#define MNQ_ASSIGN_H

#include "quantize/lower.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_FORMATS_MAX = 8 };

/** One format that a layer could have. */
struct mnq_candidate {
    struct mnq_wformat format;
    double bytes; /* of the weights as stored */
    double noise; /* at the logits, relative to the signal, if this layer alone had it */
};

/** A layer's choice. */
struct mnq_choices {
    int node, n;
    struct mnq_candidate candidate[MNQ_FORMATS_MAX]; /* any order in; by falling bytes, on the lower convex hull, out */
};

/** One step down: layer `choices` takes its candidate `to`. */
struct mnq_step_down {
    int choices, to;
    double bytes, noise; /* saved, added */
    double slope;        /* noise per byte */
};

/**
 * The path of least noise from every layer's first candidate to its smallest: steps by rising noise per byte. Candidates
 * off a layer's lower convex hull are dropped, so the steps of one layer are in order, and every prefix of the path is the
 * Lagrangian optimum for its size (Shoham and Gersho 1988, bit allocation).
 * step    room for n * MNQ_FORMATS_MAX
 * return  number of steps
 */
int mnq_assign_path(struct mnq_choices *choices, int n, struct mnq_step_down *step);

/** Bytes of `weights` weights in `outputs` rows in a format. */
double mnq_wformat_bytes(const struct mnq_wformat *f, size_t weights, int outputs);

#ifdef __cplusplus
}
#endif
#endif
