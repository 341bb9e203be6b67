/* SPDX-License-Identifier: Apache-2.0
 * What a calibration may spend on the core that its model is for. */
#ifndef MNQ_AFFORD_H
#define MNQ_AFFORD_H

#include "calib_run.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The bill of the run's scales and formats on its core: weights rounded to the nearest, no sample is run.
 * return  0, or -1 with e
 */
int mnq_calib_bill(struct mnq_calib_run *c, struct mnq_xbill *bill, struct mnq_err *e);

/**
 * Chooses 16-bit activations for the core: by falling sensitivity what the budgets allow; where there is none, no more RAM
 * and 3 % more instructions than with 8 bits. Sets c->wide; scales are the caller's.
 */
int mnq_calib_afford_tensors(struct mnq_calib_run *c, struct mnq_err *e);

/** Takes the 16 bits from activations that got them by themselves; *any: there were some, and all scales are chosen anew. */
int mnq_calib_narrow_tensors(struct mnq_calib_run *c, bool *any, struct mnq_err *e);

/**
 * Gives up what was not asked for until the budgets are met: 16-bit weights, sparse layers that are slower, 16-bit
 * activations.
 * changed  whether anything was given up: scales and formats are others then
 * return   0, or -1: the message tells by how much the budgets are exceeded
 */
int mnq_calib_afford(struct mnq_calib_run *c, bool *changed, struct mnq_err *e);

/** mnq_choose_storage(); SPEED means the core's speed where there is one. */
int mnq_calib_storage(struct mnq_qmodel *q, enum mnq_storage_mode mode, const struct mnq_xtarget *target,
                      struct mnq_storage_report *report, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
