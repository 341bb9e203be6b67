/* SPDX-License-Identifier: Apache-2.0
 * What structured pruning came to, as text and as JSON. */
#ifndef MNQ_CHANNELS_PRINT_H
#define MNQ_CHANNELS_PRINT_H

#include "channels.h"
#include "command.h"
#include "tune.h"

/** One `prune --channels`. */
struct mnq_channels_result {
    const struct mnq_subject *subject;
    const struct mnq_channel_report *report;
    const struct mnq_tune_report *tuned; /* NULL: not asked for */
    const char *output;
    double ratio;                        /* asked for */
    int64_t params_before, params_after; /* as Keras counts them */
};

void mnq_channels_print(const struct mnq_channels_result *x, struct mnq_cli *cli);
int mnq_channels_json(const struct mnq_channels_result *x, struct mnq_cli *cli);

#endif
