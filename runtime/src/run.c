/* SPDX-License-Identifier: Apache-2.0
 * Runs a loaded model: decodes one layer at a time and calls its kernel. */
#include "record.h"
#include "room.h"
#include "whole.h"

size_t mnq_layer_scratch(const struct mnq_model *m, unsigned i)
{
    struct mnq_layer l;
    uint32_t offset[3];

    if (m->kernels->scratch_bytes == NULL) return 0;
    mnq_layer_read(m, i, &l, offset);
    return m->kernels->scratch_bytes(&l);
}

static void run_layer(const struct mnq_model *m, uint8_t *arena, size_t size, unsigned i)
{
    struct mnq_layer l;
    uint32_t offset[3], at, room;
    uint8_t *scratch = arena + m->arena_size;
    size_t bytes = size - m->arena_size;

    mnq_layer_read(m, i, &l, offset);
    if (l.wtype == MNQ_W_SPARSE || l.wtype == MNQ_W_BINARY) { /* the ones that make use of more */
        mnq_find_room(m, i, &at, &room);
        if (room > bytes) {
            scratch = arena + at;
            bytes = room;
        }
    }
    mnq_run_whole(m->kernels->find(&l), &l, arena, offset, scratch, bytes);
}

static enum mnq_status check_arena(const struct mnq_model *m, const void *arena, size_t size)
{
    if (m == NULL || m->kernels == NULL || arena == NULL || (uintptr_t)arena % MNQ_ALIGN != 0) return MNQ_E_ARG;
    return size < mnq_arena_size(m) ? MNQ_E_ARENA : MNQ_OK;
}

enum mnq_status mnq_run_layer(const struct mnq_model *m, void *arena, size_t arena_size, unsigned i)
{
    enum mnq_status s = check_arena(m, arena, arena_size);

    if (s != MNQ_OK) return s;
    if (i >= m->n_layers) return MNQ_E_ARG;
    run_layer(m, (uint8_t *)arena, arena_size, i);
    return MNQ_OK;
}

enum mnq_status mnq_run(const struct mnq_model *m, void *arena, size_t arena_size)
{
    enum mnq_status s = check_arena(m, arena, arena_size);
    unsigned i;

    if (s != MNQ_OK) return s;
    for (i = 0; i < m->n_layers; i++) run_layer(m, (uint8_t *)arena, arena_size, i);
    return MNQ_OK;
}

static uint32_t offset_of(const struct mnq_model *m, unsigned i)
{
    struct mnq_tensor t;

    mnq_tensor_read(m, i, &t);
    return t.offset;
}

void *mnq_input(const struct mnq_model *m, void *arena)
{
    return (uint8_t *)arena + offset_of(m, m->input);
}

const void *mnq_output(const struct mnq_model *m, const void *arena)
{
    return (const uint8_t *)arena + offset_of(m, m->output);
}
