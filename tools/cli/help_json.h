/* SPDX-License-Identifier: Apache-2.0
 * Help as a JSON document, for scripts that look at the options. */
#ifndef MNQ_HELP_JSON_H
#define MNQ_HELP_JSON_H

#include "command.h"

#include "util/json.h"

/** mnquant.help/1: the commands with their options (c NULL), or those of one. To be printed and freed by the caller. */
void mnq_help_json(struct mnq_json *w, const struct mnq_program *p, const struct mnq_command *c);

#endif
