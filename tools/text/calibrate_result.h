/* SPDX-License-Identifier: Apache-2.0
 * What `mnquant calibrate` made, and printing it. */
#ifndef MNQ_CALIBRATE_RESULT_H
#define MNQ_CALIBRATE_RESULT_H

#include "command.h"

#include "calibrate.h"
#include "tune_formats.h"

/** One run of the command. */
struct mnq_calibrate_result {
    struct mnq_subject subject;
    struct mnq_qmodel q;
    struct mnq_calib_report report;
    struct mnq_package package; /* what was written, read back */
    uint8_t *bytes;
    size_t n;
    const char *recipe;
    double time_limit; /* of tuning, seconds; 0: none */
    bool tunes;
    struct mnq_tune_formats tuned; /* if it tunes */
    struct mnq_xbudget budget;
    struct mnq_xbill bill;           /* with a core: what an export takes there */
    const char *against;             /* the float model whose answers the expected drop counts from */
    bool validated;                  /* pictures of --val judge */
    struct mnq_layer_choice *choice; /* of each node of the legal graph */
};

/** Tables on standard output. */
void mnq_calibrate_print(const struct mnq_calibrate_result *x, const char *output, struct mnq_cli *cli);

/** The JSON document mnquant.calibrate/1 on standard output. */
int mnq_calibrate_json(const struct mnq_calibrate_result *x, const char *output, struct mnq_err *e);

#endif
