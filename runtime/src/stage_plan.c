/* SPDX-License-Identifier: Apache-2.0
 * Decodes plans of stages. */
#include "stage_plan.h"

#include "bytes.h"

int mnq_plan_open(const struct mnq_model *m, const uint8_t *at, uint32_t n, struct mnq_plan *p)
{
    uint64_t size = MNQ_PLAN_HEADER + (uint64_t)m->n_tensors * MNQ_PLACE_BYTES;

    if (n < MNQ_PLAN_HEADER || mnq_read_u16(at + 14) != 0) return -1;
    p->bytes = mnq_read_u32(at);
    p->state = mnq_read_u32(at + 4);
    p->n_steps = mnq_read_u32(at + 8);
    p->n_stages = mnq_read_u16(at + 12);
    size += (uint64_t)p->n_stages * MNQ_STAGE_BYTES + (uint64_t)p->n_steps * MNQ_STEP_BYTES;
    if (size != n) return -1;
    p->places = at + MNQ_PLAN_HEADER;
    p->stages = p->places + (size_t)m->n_tensors * MNQ_PLACE_BYTES;
    p->steps = p->stages + (size_t)p->n_stages * MNQ_STAGE_BYTES;
    return 0;
}

void mnq_place_read(const struct mnq_plan *p, unsigned tensor, struct mnq_place *place)
{
    const uint8_t *at = p->places + (size_t)tensor * MNQ_PLACE_BYTES;

    place->offset = mnq_read_u32(at);
    place->rows = mnq_read_u16(at + 4);
    place->writer = mnq_read_u16(at + 6);
    place->last = mnq_read_u16(at + 8);
    place->flags = mnq_read_u16(at + 10);
    place->scratch = (uint32_t)mnq_read_u16(at + 12) * MNQ_ALIGN;
    place->scratch_bytes = (uint32_t)mnq_read_u16(at + 14) * MNQ_ALIGN;
}

void mnq_stage_read(const struct mnq_plan *p, unsigned i, struct mnq_stage *stage)
{
    const uint8_t *at = p->stages + (size_t)i * MNQ_STAGE_BYTES;

    stage->end = mnq_read_u16(at);
    stage->dying = mnq_read_u16(at + 2);
    stage->steps = mnq_read_u32(at + 4);
}
