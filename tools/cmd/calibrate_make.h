/* SPDX-License-Identifier: Apache-2.0
 * From a float model and sample data to an integer model in memory: `calibrate` writes it, `export` goes on with it. */
#ifndef MNQ_CALIBRATE_MAKE_H
#define MNQ_CALIBRATE_MAKE_H

#include "calibrate_result.h"
#include "data.h"

/** Whether options of a recipe belong together. 0, or -1 with *e. */
int mnq_calibrate_check(const struct mnq_recipe *r, struct mnq_err *e);

/** Opens the command's first input, if there is one, and fills in the recipe's text; data: the samples, of which a model
 * takes its size that leaves it open. 0, or -1 with cli->err. */
int mnq_calibrate_open(struct mnq_cli *cli, struct mnq_recipe *r, const struct mnq_data *data,
                       struct mnq_calibrate_result *x);

/**
 * Calibrates what mnq_calibrate_open() opened: x->bytes, x->package.
 * val      pictures that judge, or NULL
 * against  the float model that the expected drop counts from, or NULL: the one that was opened
 * return   0, or -1 with cli->err
 */
int mnq_calibrate_make(struct mnq_cli *cli, struct mnq_recipe *r, const struct mnq_data *data, const struct mnq_data *val,
                       const char *against, struct mnq_calibrate_result *x);

#endif
