/* SPDX-License-Identifier: Apache-2.0
 * From arguments to a command and from its result to an exit code. */
#ifndef MNQ_CLI_H
#define MNQ_CLI_H

#include "command.h"

/** Parses and runs argv[1..]; the exit code of the program. */
int mnq_cli_main(const struct mnq_program *p, int argc, char **argv);

#endif
