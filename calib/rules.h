/* SPDX-License-Identifier: Apache-2.0
 * Per-layer rules: what a recipe's `layers:` list decides for single layers. */
#ifndef MNQ_RULES_H
#define MNQ_RULES_H

#include "graph/graph.h"

/** Weight formats a user can ask for; AUTO leaves the choice to measurement. */
enum mnq_weights { MNQ_WEIGHTS_INT8, MNQ_WEIGHTS_INT4, MNQ_WEIGHTS_BINARY, MNQ_WEIGHTS_INT16, MNQ_WEIGHTS_AUTO };

/** Zeros in groups: UNSTRUCTURED; N_M: at least m - n of every m consecutive inputs are zero; BLOCK: `m` inputs at a time. */
enum mnq_pattern_kind { MNQ_PATTERN_NONE, MNQ_PATTERN_N_M, MNQ_PATTERN_BLOCK };
struct mnq_pattern {
    enum mnq_pattern_kind kind;
    int n, m;
};

/** What the rules settled for one node; fields that no rule sets hold "unset". */
struct mnq_layer_choice {
    int weights;                /* enum mnq_weights, -1 unset */
    int bases;                  /* of binary weights, 1..4, 0 unset */
    int inputs;                 /* bits of the activations that binary weights meet: 8, or 1 (XNOR); 0 unset */
    double ratio;               /* pruning ratio, < 0 unset */
    struct mnq_pattern pattern; /* m = -1 unset */
    int observer;               /* enum mnq_observer of its output, -1 unset */
};

#endif
