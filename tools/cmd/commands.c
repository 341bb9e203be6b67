/* SPDX-License-Identifier: Apache-2.0
 * The commands of the program. */
#include "commands.h"

static const struct mnq_command *const commands[] = {&mnq_cmd_import,    &mnq_cmd_inspect, &mnq_cmd_prune, &mnq_cmd_tune,
                                                     &mnq_cmd_calibrate, &mnq_cmd_run,     &mnq_cmd_eval,  &mnq_cmd_compare,
                                                     &mnq_cmd_bench,     &mnq_cmd_export,  &mnq_cmd_fit,   &mnq_cmd_sweep};

const struct mnq_program mnq_program = {commands, sizeof commands / sizeof *commands};
