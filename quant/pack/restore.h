/* SPDX-License-Identifier: Apache-2.0
 * From changed weights of a legal graph back to the values a Keras file stores. */
#ifndef MNQ_RESTORE_H
#define MNQ_RESTORE_H

#include "graph/graph.h"
#include "pack/h5patch.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What has to be written. Arrays are in the arena given to mnq_restore(). */
struct mnq_restored {
    struct mnq_h5_patch *patch;
    int n_patches;
    struct mnq_graph raw; /* the raw graph with those values */
};

/** Whether a change of node i's bias can be stored: the layer has a bias, or a BatchNormalization behind it has a beta. */
bool mnq_restore_has_bias(const struct mnq_graph *legal, int i);

/**
 * Undoes the folding for every weighted node that differs from what the file held.
 * raw     as imported
 * legal   from mnq_graph_legalize(raw)
 * wanted  a copy of legal in which w and b of some nodes with w_path differ
 * Stored weights are w / gain; zeros of a changed node are stored as zeros, also where the gain is 0 (a channel that a
 * BatchNormalization silences) and other changes are lost. Then the biases: what the new weights do to them by themselves
 * (an offset in front of the layer) is taken into account. A changed bias that cannot be stored is dropped.
 * return  0, or -1 with e (out of memory, a value that is not finite)
 */
int mnq_restore(const struct mnq_graph *raw, const struct mnq_graph *legal, const struct mnq_graph *wanted,
                struct mnq_restored *out, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
