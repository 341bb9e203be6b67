/* SPDX-License-Identifier: Apache-2.0
 * What tuning came to, for tune and prune. */
#ifndef MNQ_TUNE_PRINT_H
#define MNQ_TUNE_PRINT_H

#include "tune.h"
#include "util/json.h"

/** Lines on standard output: divergence, agreement, what was kept. */
void mnq_tune_print(const struct mnq_tune_report *r);

/** The members "views" .. "seconds" of the object that is open. */
void mnq_tune_json(struct mnq_json *w, const struct mnq_tune_report *r);

#endif
