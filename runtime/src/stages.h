/* SPDX-License-Identifier: Apache-2.0
 * Runs a plan of stages, as far as the picture's rows have arrived. */
#ifndef MNQ_STAGES_H
#define MNQ_STAGES_H

#include "stage_plan.h"

/** A plan at work: nothing but pointers, the progress itself lies in the arena. */
struct mnq_work {
    const struct mnq_model *m;
    const struct mnq_plan *p;
    uint8_t *arena;
    size_t size; /* of the arena */
    struct mnq_progress *s;
};

/** The plan p of m in an arena that has its bytes and what the kernels want. */
struct mnq_work mnq_work_of(const struct mnq_model *m, const struct mnq_plan *p, void *arena, size_t size);

/** Starts from the first stage; `rows` rows of the picture are there. */
void mnq_stages_begin(const struct mnq_work *w, uint16_t rows);

/** Runs until the next row of the picture is missing, or to the end. return whether the end was reached. */
int mnq_stages_go(const struct mnq_work *w);

/** Whether the end was reached. */
int mnq_stages_ended(const struct mnq_work *w);

/**
 * Makes rows of layer k: as many as the step says, or all of them.
 * l       the layer, op MNQ_L_AVGPOOL_SUM if it is summed up
 * return  0 if a row of the picture that is not there yet is needed
 */
int mnq_stage_rows(const struct mnq_work *w, unsigned k, const struct mnq_layer *l, mnq_kernel *run);

#endif
