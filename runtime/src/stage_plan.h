/* SPDX-License-Identifier: Apache-2.0
 * A plan of stages, as FORMAT.md's sections PLAN and PUSH hold it: where tensors lie, and in which order rows are made. */
#ifndef MNQ_PLAN_H
#define MNQ_PLAN_H

#include "kernels.h"
#include "mnq/mnq.h"
#include "plan_layout.h"

/** Where a tensor lies, and the scratch memory of the layer that writes it. */
struct mnq_place {
    uint32_t offset;
    uint16_t rows;   /* of the ring; all rows: whole */
    uint16_t writer; /* layer, MNQ_NO_LAYER: the input */
    uint16_t last;   /* the last layer that reads it; MNQ_NO_LAYER: kept to the end */
    uint16_t flags;
    uint32_t scratch, scratch_bytes; /* 0 bytes: none planned */
};

/** Layers before `end` that no earlier stage has. */
struct mnq_stage {
    uint16_t end;
    uint16_t dying; /* whole tensor that may be overwritten as the stage uses it up, or MNQ_NO_TENSOR */
    uint32_t steps; /* of this stage; 0: every layer at once, in turn */
};

/** One row of each of the layers first .. first + count - 1 of the stage, or `rows` rows of one layer. */
struct mnq_step {
    uint8_t first, count, rows;
};

/** Reads a section of n bytes of a model whose header was read. return 0, or -1 if its size is wrong. */
int mnq_plan_open(const struct mnq_model *m, const uint8_t *at, uint32_t n, struct mnq_plan *p);

void mnq_place_read(const struct mnq_plan *p, unsigned tensor, struct mnq_place *place);
void mnq_stage_read(const struct mnq_plan *p, unsigned i, struct mnq_stage *stage);

static inline struct mnq_step mnq_step_read(const struct mnq_plan *p, uint32_t i)
{
    const uint8_t *const at = p->steps + (size_t)i * MNQ_STEP_BYTES;
    struct mnq_step s;

    s.first = at[0];
    s.count = at[1];
    s.rows = 1;
    if (s.count > MNQ_STEP_ROWS + 1) {
        s.rows = (uint8_t)(s.count - MNQ_STEP_ROWS);
        s.count = 1;
    }
    return s;
}

/** Whether layer k, which writes tensor `out`, is summed up row by row. */
static inline int mnq_place_sums(const struct mnq_place *out)
{
    return (out->flags & MNQ_PLACE_SUMS) != 0;
}

#endif
