/* SPDX-License-Identifier: Apache-2.0
 * The commands of the program. */
#ifndef MNQ_COMMANDS_H
#define MNQ_COMMANDS_H

#include "command.h"

extern const struct mnq_command mnq_cmd_import, mnq_cmd_inspect, mnq_cmd_calibrate, mnq_cmd_run, mnq_cmd_eval,
    mnq_cmd_compare, mnq_cmd_prune, mnq_cmd_tune, mnq_cmd_bench, mnq_cmd_export, mnq_cmd_fit, mnq_cmd_sweep;

/** All of them, in the order of help. */
extern const struct mnq_program mnq_program;

#endif
