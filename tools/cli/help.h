/* SPDX-License-Identifier: Apache-2.0
 * Help text. */
#ifndef MNQ_HELP_H
#define MNQ_HELP_H

#include "command.h"

/** Help of the whole program and of one command. */
void mnq_help(FILE *f, const struct mnq_program *p);
void mnq_help_command(FILE *f, const struct mnq_command *c);

#endif
