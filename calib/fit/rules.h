/* SPDX-License-Identifier: Apache-2.0
 * Per-layer rules: what a recipe's `layers:` list decides for single layers. */
#ifndef MNQ_RULES_H
#define MNQ_RULES_H

#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Weight formats a user can ask for; AUTO leaves the choice to measurement. The first five are those of a whole model. */
enum mnq_weights {
    MNQ_WEIGHTS_INT8,
    MNQ_WEIGHTS_INT4,
    MNQ_WEIGHTS_TERNARY,
    MNQ_WEIGHTS_BINARY,
    MNQ_WEIGHTS_AUTO,
    MNQ_WEIGHTS_INT16
};

/** Zeros in groups: UNSTRUCTURED; N_M: at least m - n of every m consecutive inputs are zero; BLOCK: `m` inputs at a time.
 */
enum mnq_pattern_kind { MNQ_PATTERN_NONE, MNQ_PATTERN_N_M, MNQ_PATTERN_BLOCK };
struct mnq_pattern {
    enum mnq_pattern_kind kind;
    int n, m;
};
#define MNQ_PATTERN_MAX 64 /* of m */

/** Kinds of layers, as rules name them. POINTWISE: 1x1 with stride 1; CONV: any other window. */
enum mnq_kind {
    MNQ_KIND_CONV,
    MNQ_KIND_DEPTHWISE,
    MNQ_KIND_POINTWISE,
    MNQ_KIND_DENSE,
    MNQ_KIND_ADD,
    MNQ_KIND_MUL,
    MNQ_KIND_POOL,
    MNQ_KIND_SOFTMAX,
    MNQ_KIND_INPUT,
    MNQ_KIND_ACT,
    MNQ_KIND_AFFINE,
    MNQ_KIND_PAD,
    MNQ_KIND_COUNT
};

/** What the rules settled for one node; fields that no rule sets hold "unset". */
struct mnq_layer_choice {
    int weights;                /* enum mnq_weights but AUTO, -1 unset */
    int bases;                  /* of binary weights, 1..4, 0 unset */
    int inputs;                 /* bits of the activations that binary weights meet: 8, or 1 (XNOR); 0 unset */
    double ratio;               /* pruning ratio, 0 to below 1, < 0 unset */
    struct mnq_pattern pattern; /* m = -1 unset */
    int observer;               /* enum mnq_observer of its output, -1 unset */
};

/** One entry of `layers:`. A layer is meant if its name matches and its kind is listed. */
struct mnq_rule {
    const char *const
        *match;     /* names or globs (* ? [..]), any one suffices; a text that is a layer's name means that layer */
    int n_match;    /* 0: every name */
    unsigned kinds; /* bit 1 << enum mnq_kind; 0: every kind */
    struct mnq_layer_choice set;
    const struct mnq_ynode *from; /* where it was read, for messages; NULL for rules made in memory */
};

/** Words of rules, NULL-terminated. */
extern const char *const mnq_kind_words[];          /* in the order of enum mnq_kind */
extern const char *const mnq_layer_weights_words[]; /* in the order of enum mnq_weights, AUTO among them */

/** Everything unset. */
void mnq_layer_choice_init(struct mnq_layer_choice *c);

/** No name, every kind, nothing set. */
void mnq_rule_init(struct mnq_rule *r);

/** Kind of a node of a legal graph. */
enum mnq_kind mnq_node_kind(const struct mnq_graph *legal, int node);

/** Whether weights of this kind can be int4, binary or pruned: POINTWISE and DENSE. */
bool mnq_kind_compresses(enum mnq_kind k);

/** "none", "N:M" (1 <= N < M <= 64) or "blockN" (2..64). Returns 0, or -1 if the text is none of them. */
int mnq_pattern_parse(const char *text, struct mnq_pattern *p);

/** The text that mnq_pattern_parse() reads back; n >= 12 suffices. */
void mnq_pattern_text(const struct mnq_pattern *p, char *text, size_t n);

/**
 * Applies n rules in their order, later ones win field by field.
 * Layers without weights that a glob or kind happens to cover keep weights, bases, inputs, ratio and pattern unset.
 * choice  [legal->n], written whole; inputs = 1 without bases gets bases = 1
 * return  0, or -1 (MNQ_EXIT_USAGE, "FILE:LINE:COL: layers.KEY: ..."): a name that matches no layer (the nearest are named),
 *         a format that the layer cannot have
 */
int mnq_rules_resolve(const struct mnq_rule *rule, int n, const struct mnq_graph *legal, struct mnq_layer_choice *choice,
                      struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
