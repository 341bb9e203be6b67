/* SPDX-License-Identifier: Apache-2.0
 * A trial: one model made by one recipe, and what came of it. What a search is made of: trials need nothing of each other,
 * so any engine may run them in any order, on any machine. */
#ifndef MNQ_TRIAL_H
#define MNQ_TRIAL_H

#include "bound.h"
#include "util/arena.h"
#include "util/err.h"
#include "util/json.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_trial_kind {
    MNQ_TRIAL_COST,  /* what it would take on the core at least: no sample decides anything, nothing is judged */
    MNQ_TRIAL_JUDGED /* made as the recipe says and judged */
};

struct mnq_trial {
    enum mnq_trial_kind kind;
    const char *model;  /* path */
    const char *recipe; /* its text, recipe_text.c */
};

enum mnq_trial_state {
    MNQ_TRIAL_OPEN, /* not run */
    MNQ_TRIAL_MADE,
    MNQ_TRIAL_UNFIT, /* its recipe is to blame that there is no model: `fault` and `why` say it */
};

/** Figures of what was made; NaN or -1 where there is none. The same for any engine and any number of threads. */
struct mnq_trial_result {
    enum mnq_trial_state state;
    int64_t file, flash, ram, ram_rows, cycles; /* bytes; of the core, if the recipe has one */
    int64_t macs, params;                       /* of the float network */
    int pictures, labelled;                     /* that judged, -1: none did */
    double drop, low, high, upper;              /* expected loss against the float model, points (bound.h) */
    double agreement, accuracy;                 /* of whole pictures, percent; accuracy of the labelled */
    enum mnq_unfit fault;
    char why[400];
};

/** A trial of which nothing is known: MNQ_TRIAL_OPEN, no figures. */
struct mnq_trial_result mnq_trial_nothing(void);

/** One line of a journal, without its end, in w (zeroed, indent 0): the trial and its result. */
void mnq_trial_json(struct mnq_json *w, const struct mnq_trial *t, const struct mnq_trial_result *r);

/** The members of a result, in an object that is open; figures that there are not are null. */
void mnq_trial_figures(struct mnq_json *w, const struct mnq_trial_result *r);

/** Reads a line back; strings in arena. 0, or -1: it is no such line. */
int mnq_trial_read(const char *line, size_t n, struct mnq_trial *t, struct mnq_trial_result *r, struct mnq_arena *arena,
                   struct mnq_err *e);

bool mnq_trial_same(const struct mnq_trial *a, const struct mnq_trial *b);

#ifdef __cplusplus
}
#endif
#endif
