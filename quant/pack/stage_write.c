/* SPDX-License-Identifier: Apache-2.0
 * Plans of stages as FORMAT.md's bytes. */
#include "pack/stage_write.h"

#include "plan_layout.h"

#include <string.h>

static void le16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void le32(uint8_t *p, uint32_t v)
{
    le16(p, v & 0xffff);
    le16(p + 2, v >> 16);
}

size_t mnq_stages_size(const struct mnq_stages *p, int n_tensors)
{
    return MNQ_PLAN_HEADER + (size_t)n_tensors * MNQ_PLACE_BYTES + (size_t)p->n_stages * MNQ_STAGE_BYTES +
           (size_t)p->n_steps * MNQ_STEP_BYTES;
}

void mnq_stages_write(const struct mnq_stages *p, int n_tensors, int n_layers, uint8_t *to)
{
    le32(to, p->bytes);
    le32(to + 4, p->state);
    le32(to + 8, (uint32_t)p->n_steps);
    le16(to + 12, (unsigned)p->n_stages);
    le16(to + 14, 0);
    to += MNQ_PLAN_HEADER;
    for (int t = 0; t < n_tensors; t++, to += MNQ_PLACE_BYTES) {
        const struct mnq_stage_place *x = &p->place[t];
        le32(to, x->offset);
        le16(to + 4, (unsigned)x->rows);
        le16(to + 6, x->writer < 0 ? MNQ_NO_LAYER : (unsigned)x->writer);
        le16(to + 8, x->last >= n_layers ? MNQ_NO_LAYER : (unsigned)x->last);
        le16(to + 10, x->sums ? MNQ_PLACE_SUMS : 0);
        le16(to + 12, x->scratch / MNQ_ALIGN);
        le16(to + 14, x->scratch_bytes / MNQ_ALIGN);
    }
    for (int s = 0; s < p->n_stages; s++, to += MNQ_STAGE_BYTES) {
        le16(to, (unsigned)p->stage[s].end);
        le16(to + 2, p->stage[s].dying < 0 ? 0xffff : (unsigned)p->stage[s].dying);
        le32(to + 4, (uint32_t)p->stage[s].steps);
    }
    if (p->n_steps > 0) memcpy(to, p->step, (size_t)p->n_steps * MNQ_STEP_BYTES);
}
