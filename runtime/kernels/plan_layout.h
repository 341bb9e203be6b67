/* SPDX-License-Identifier: Apache-2.0
 * Sizes of a plan of stages, for those who write and read it: FORMAT.md, PLAN and PUSH. */
#ifndef MNQ_PLAN_LAYOUT_H
#define MNQ_PLAN_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

enum {
    MNQ_PLAN_HEADER = 16,
    MNQ_PLACE_BYTES = 16,
    MNQ_STAGE_BYTES = 8,
    MNQ_STEP_BYTES = 2,
    MNQ_STAGE_LAYERS = 88,    /* of one stage, at most */
    MNQ_STAGE_LIVE = 64,      /* tensors that hold memory during one stage, at most */
    MNQ_STAGE_ROWS = 1 << 21, /* rows that the steps of a plan make, at most */
    MNQ_NO_LAYER = 0xffff,
    MNQ_PLACE_SUMS = 1,       /* flag: global pooling, summed up row by row */
    MNQ_STEP_ROWS = 0x80,     /* in a step's count: the rest of it are rows of one layer, 2 or more */
    MNQ_ROWS_ALL = UINT8_MAX, /* in mnq_progress: every row that is left */
    MNQ_PROGRESS_BYTES = 28   /* of mnq_progress without its last member */
};

/** What a layer of the stage at work has made. */
struct mnq_made {
    uint16_t rows, slot; /* so far; where its next row goes */
};

/** The progress of a run, in the arena. */
struct mnq_progress {
    uint32_t step;              /* next */
    uint32_t left;              /* steps of this stage behind it */
    uint16_t stage, first, end; /* layers of the stage */
    uint16_t next;              /* of the step at work: next layer, */
    uint8_t count;              /* layers left, */
    uint8_t rows;               /* rows of the layer at work, left to make in this step; MNQ_ROWS_ALL */
    uint16_t awaits;            /* rows of the picture that the layer at work needs, as far as is known */
    uint16_t in_rows, in_slot;  /* rows of the picture that arrived; where the next one goes */
    uint32_t wanted;            /* bytes of arena, as the run began */
    struct mnq_made made[1];    /* [longest stage] */
};

typedef char mnq_progress_is_as_long_as_that[offsetof(struct mnq_progress, made) == MNQ_PROGRESS_BYTES ? 1 : -1];

/** Bytes of the progress of a plan whose longest stage has n layers. */
static inline uint32_t mnq_progress_bytes(uint32_t n)
{
    return MNQ_PROGRESS_BYTES + n * (uint32_t)sizeof(struct mnq_made);
}

#endif
