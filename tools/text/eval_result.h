/* SPDX-License-Identifier: Apache-2.0
 * What `mnquant eval` measured: one struct that text, JSON and the HTML page print from. */
#ifndef MNQ_EVAL_RESULT_H
#define MNQ_EVAL_RESULT_H

#include "compare.h"
#include "evaluate.h"
#include "export/xbudget.h"
#include "paired.h"
#include "stored.h"

/** Layers of one integer model against a float one. */
struct mnq_eval_layers {
    int against;                          /* index of the float model, -1: none of the list fits */
    int samples;                          /* compared */
    const struct mnq_compare_layer **row; /* [stored.n], NULL for a layer that has no float counterpart; NULL without any */
};

struct mnq_eval_result {
    struct mnq_evaluation ev;
    const struct mnq_subject *subject; /* [ev.n_models] */
    struct mnq_stored *stored;         /* [ev.n_models] */
    struct mnq_eval_layers *layers;    /* [ev.n_models]; NULL: not asked for */
    struct mnq_data data;
    const struct mnq_xtarget *target; /* a core, or NULL; then */
    struct mnq_xbill *bill;           /* [ev.n_models] what integer models take there */
};

/** Name of a class: the dataset's, else one that a model carries, else its number (written to `number`). */
const char *mnq_eval_class(const struct mnq_eval_result *r, int c, char number[16]);

/** Whether a model's output values are probabilities: it ends with softmax or a sigmoid. */
bool mnq_eval_probabilities(const struct mnq_subject *s);

/**
 * Compares every integer model of the list layer by layer with the float model it was made from or, if that is not in the
 * list, with the first one whose layers have the same names and shapes. Fills r->layers.
 */
int mnq_eval_compare(struct mnq_eval_result *r, int threads, struct mnq_arena *arena, mnq_progress *progress,
                     void *progress_ctx, struct mnq_err *e);

struct mnq_cli;

/** Prints the tables on standard output; layers: also one for every integer model (r->layers is there). */
void mnq_eval_print(const struct mnq_eval_result *r, bool layers, struct mnq_cli *cli);

/** Prints the JSON document; samples: with every sample. */
int mnq_eval_json(const struct mnq_eval_result *r, bool samples, struct mnq_cli *cli);

#endif
