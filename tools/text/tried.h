/* SPDX-License-Identifier: Apache-2.0
 * What was tried and what it gained, for calibrate and prune. */
#ifndef MNQ_PASSES_PRINT_H
#define MNQ_PASSES_PRINT_H

#include "command.h"

struct mnq_json;

/** A table on standard output behind an empty line; nothing if n is 0. */
void mnq_passes_print(const struct mnq_calib_pass *pass, int n, struct mnq_cli *cli);

/** The array "passes". */
void mnq_passes_json(struct mnq_json *w, const struct mnq_calib_pass *pass, int n);

#endif
