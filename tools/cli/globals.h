/* SPDX-License-Identifier: Apache-2.0
 * The options that every command has. */
#ifndef MNQ_GLOBALS_H
#define MNQ_GLOBALS_H

#include "command.h"

extern const struct mnq_option mnq_global_options[];
extern const int mnq_n_global_options;
void mnq_globals_init(struct mnq_globals *g);

/** Threads and kernel table, where no option named them: from the environment, else from the machine. 0, or -1 with e. */
int mnq_globals_settle(struct mnq_globals *g, struct mnq_err *e);

#endif
