/* SPDX-License-Identifier: Apache-2.0
 * The options that every command has. */
#ifndef MNQ_GLOBALS_H
#define MNQ_GLOBALS_H

#include "command.h"

extern const struct mnq_option mnq_global_options[];
extern const int mnq_n_global_options;
void mnq_globals_init(struct mnq_globals *g);

/**
 * Threads and kernel table, where no option named them: from the environment, else from the machine.
 * kernel_list  --kernels may name several tables: they are checked, and left to the command
 * return       0, or -1 with e
 */
int mnq_globals_settle(struct mnq_globals *g, bool kernel_list, struct mnq_err *e);

#endif
