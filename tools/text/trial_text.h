/* SPDX-License-Identifier: Apache-2.0
 * Trials of fit and sweep as text. */
#ifndef MNQ_TRIAL_TEXT_H
#define MNQ_TRIAL_TEXT_H

#include "command.h"
#include "trial.h"

/** "96 px, int8, 45 % of MACs cut, tuned, 48 samples" of a recipe, in the arena; own: the model's size. NULL: no memory. */
const char *mnq_trial_label(const struct mnq_recipe *r, int own, struct mnq_arena *arena);

/** One line of mnq_trial_table_print(). */
struct mnq_trial_line {
    const char *label, *mark; /* mark: "chosen", "*", "" */
    const struct mnq_trial_result *result;
};

/** A table on standard output. */
void mnq_trial_table_print(const struct mnq_trial_line *line, int n, bool target, struct mnq_cli *cli);

#endif
