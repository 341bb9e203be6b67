/* SPDX-License-Identifier: Apache-2.0
 * One stage of a plan, run without data. */
#ifndef MNQ_CHECK_STEPS_H
#define MNQ_CHECK_STEPS_H

#include "stage_plan.h"

/**
 * Whether the steps of a stage from number `step` on make every row of every layer once, in order, of rows that exist and
 * are not overwritten, and write over the dying tensor only where it was used up.
 * first   the stage's first layer
 * pushed  the picture's rows arrive when they are needed; else it is there
 */
int mnq_steps_valid(const struct mnq_model *m, const struct mnq_plan *p, int pushed, unsigned first,
                    const struct mnq_stage *stage, uint32_t step);

#endif
