/* SPDX-License-Identifier: Apache-2.0
 * The page of fit and sweep: what was tried, and what can be had for how much. */
#ifndef MNQ_FRONT_PAGE_H
#define MNQ_FRONT_PAGE_H

#include "trial.h"

/** One recipe that was tried. */
struct mnq_front_row {
    const char *label;  /* "96 px, int8, 45 % of MACs cut" */
    const char *recipe; /* its text */
    const struct mnq_trial_result *result;
    bool front, chosen;
};

struct mnq_front {
    const char *title, *said; /* said: the first sentence */
    const char *command;      /* "fit", "sweep" */
    const char *target;       /* NULL: none */
    const struct mnq_front_row *row;
    int n;
};

/** Makes the page in the arena: one file, no scripts, the same bytes for the same result. 0, or -1 with e (out of memory).
 */
int mnq_front_page_make(const struct mnq_front *f, const char **text, size_t *n, struct mnq_arena *arena, struct mnq_err *e);

#endif
