/* SPDX-License-Identifier: Apache-2.0
 * Completions for shells, made from the option tables. */
#ifndef MNQ_COMPLETION_H
#define MNQ_COMPLETION_H

#include "command.h"

/** Prints the completion script for bash, zsh or fish; -1 if the shell is none of these. */
int mnq_completion(FILE *f, const struct mnq_program *p, const char *shell);

#endif
