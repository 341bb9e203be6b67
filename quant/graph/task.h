/* SPDX-License-Identifier: Apache-2.0
 * What a network's output means: classes, a decision, labels, numbers or features, once or in every cell of a map. */
#ifndef MNQ_TASK_H
#define MNQ_TASK_H

#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What one cell of the output says; a vector is one cell. */
enum mnq_task_kind {
    MNQ_TASK_AUTO,       /* not a kind: what the network tells */
    MNQ_TASK_CLASSES,    /* the channels are exclusive classes */
    MNQ_TASK_BINARY,     /* one channel: yes above the threshold */
    MNQ_TASK_MULTILABEL, /* every channel is a decision of its own */
    MNQ_TASK_REGRESSION, /* the channels are numbers */
    MNQ_TASK_FEATURES,   /* the channels are a direction: no top */
    MNQ_TASK_KINDS
};

/** What the network itself made of its logits. */
enum mnq_task_link { MNQ_LINK_NONE, MNQ_LINK_SIGMOID, MNQ_LINK_SOFTMAX };

/** How it is known. */
enum mnq_task_from {
    MNQ_TASK_FROM_GRAPH,   /* the last layers tell */
    MNQ_TASK_FROM_ASSUMED, /* they leave a choice: the usual one */
    MNQ_TASK_FROM_LOSS,    /* what the file says it was trained for */
    MNQ_TASK_FROM_FILE,    /* stored in the .mnq */
    MNQ_TASK_FROM_OPTION,
    MNQ_TASK_FROM_MADE /* of a float file: its .mnq was calibrated for this */
};

struct mnq_task {
    enum mnq_task_kind kind;
    enum mnq_task_link link;
    enum mnq_task_from from;
    double threshold; /* of BINARY and MULTILABEL: probability above which the answer is yes, 0 .. 1 exclusive */
    struct mnq_shape out;
};

/** Words of enum mnq_task_kind, NULL-terminated. */
extern const char *const mnq_task_words[];

/** Default threshold of decisions. */
#define MNQ_TASK_THRESHOLD 0.5

/**
 * The task that a legal graph's last layers tell of an output. Softmax: classes. Sigmoid: binary with one channel, else
 * labels, or classes if a categorical loss says so. Behind an activation or a pool: features. A linear map: numbers. A linear vector: classes, or with one channel a
 * decision (ASSUMED). output  its node loss    of its training, in lower case without underscores ("binarycrossentropy"):
 * decides what is left open, and that an output which is no softmax holds numbers; NULL = unknown
 */
struct mnq_task mnq_task_infer(const struct mnq_graph *legal, int output, const char *loss);

/**
 * Overrides the kind (MNQ_TASK_AUTO keeps it) and the threshold (0 keeps it).
 * return  0, or -1 with e: a kind that so many channels or such an activation cannot have
 */
int mnq_task_set(struct mnq_task *t, int kind, double threshold, const char *file, struct mnq_err *e);

/**
 * Reads "regression", "auto,regression" (the outputs in their order) or "box=regression,shape=classes" (by their names).
 * text    NULL: nothing is said
 * name    of n outputs; one alone needs none
 * kind    [n] enum mnq_task_kind, MNQ_TASK_AUTO where nothing is said
 * return  0, or -1 with e: no such kind or output
 */
int mnq_task_choose(const char *text, const char *const *name, int n, int *kind, const char *file, struct mnq_err *e);

/** Whether the output has more than one cell. */
bool mnq_task_is_map(const struct mnq_task *t);

/** "classes", "map of 12x12 decisions", ... */
void mnq_task_text(const struct mnq_task *t, char *text, size_t n);

/** How it is known, as a clause: "by its last layer". */
const char *mnq_task_from_text(enum mnq_task_from from);

/** Values that labels of one sample need: of a map of classes one a cell, of a vector of classes or one decision 0 (a class
 *  number does) and of features too, else one for each output. */
size_t mnq_task_label_values(const struct mnq_task *t);

/** Whether the task decides something: all but numbers and features. */
bool mnq_task_decides(const struct mnq_task *t);

/** Decisions of one output: its cells, times its channels if each of them decides; 0 for numbers and features. */
size_t mnq_task_decisions(const struct mnq_task *t);

/** Value of the output, as it stands, above which a decision of BINARY or MULTILABEL is yes. */
float mnq_task_cut(const struct mnq_task *t);

#ifdef __cplusplus
}
#endif
#endif
