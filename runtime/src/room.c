/* SPDX-License-Identifier: Apache-2.0
 * Memory of the arena that is free for a while. */
#include "room.h"

#include "check.h"

/* Whether tensor i has a value that layer k reads, or a later one, or is where layer k writes. */
static int needed(const struct mnq_model *m, unsigned k, unsigned i)
{
    struct mnq_record rec;
    unsigned first, last;

    mnq_record_read(m, k, &rec);
    return rec.out == i || (mnq_tensor_life(m, i, &first, &last) && first <= k && k < last);
}

void mnq_find_room(const struct mnq_model *m, unsigned k, uint32_t *offset, uint32_t *size)
{
    uint32_t low = m->arena_size, high = 0;
    unsigned i;

    for (i = 0; i < m->n_tensors; i++) {
        struct mnq_tensor t;
        mnq_tensor_read(m, i, &t);
        if ((t.offset >= low && t.offset + t.size <= high) || !needed(m, k, i)) continue;
        if (t.offset < low) low = t.offset;
        if (t.offset + t.size > high) high = t.offset + t.size;
    }
    high = (high + MNQ_ALIGN - 1) / MNQ_ALIGN * MNQ_ALIGN;
    *offset = m->arena_size - high > low ? high : 0;
    *size = m->arena_size - high > low ? m->arena_size - high : low;
}
