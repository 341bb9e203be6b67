/* SPDX-License-Identifier: Apache-2.0
 * Runs a loaded model: decodes one layer at a time and calls its kernel. */
#include "record.h"
#include "room.h"

static mnq_kernel *kernel_of(const struct mnq_kernels *k, const struct mnq_layer *l)
{
    const int wide = l->wtype == MNQ_W_S16;

    switch (l->op) {
    case MNQ_L_CONV:
        return k->conv[wide];
    case MNQ_L_DWCONV:
        return k->dwconv[wide];
    case MNQ_L_PW:
        return k->pw[l->wtype - 1];
    case MNQ_L_AVGPOOL:
        return k->avgpool;
    case MNQ_L_ADD:
        return k->add;
    case MNQ_L_MUL:
        return k->mul;
    case MNQ_L_SOFTMAX:
        return k->softmax;
    default:
        return k->logistic;
    }
}

static void run_layer(const struct mnq_model *m, uint8_t *arena, unsigned i)
{
    struct mnq_layer l;
    uint32_t offset[3];

    mnq_layer_read(m, i, &l, offset);
    if (l.wtype == MNQ_W_SPARSE || l.wtype == MNQ_W_BINARY) { /* the ones that make use of it */
        uint32_t at, size;
        mnq_find_room(m, i, &at, &size);
        l.room = arena + at;
        l.room_bytes = size;
    }
    kernel_of(m->kernels, &l)(&l, arena + offset[0], arena + offset[1], arena + offset[2]);
}

static enum mnq_status check_arena(const struct mnq_model *m, const void *arena, size_t size)
{
    if (m == NULL || m->kernels == NULL || arena == NULL || (uintptr_t)arena % MNQ_ALIGN != 0) return MNQ_E_ARG;
    return size < m->arena_size ? MNQ_E_ARENA : MNQ_OK;
}

enum mnq_status mnq_run_layer(const struct mnq_model *m, void *arena, size_t arena_size, unsigned i)
{
    enum mnq_status s = check_arena(m, arena, arena_size);

    if (s != MNQ_OK) return s;
    if (i >= m->n_layers) return MNQ_E_ARG;
    run_layer(m, (uint8_t *)arena, i);
    return MNQ_OK;
}

enum mnq_status mnq_run(const struct mnq_model *m, void *arena, size_t arena_size)
{
    enum mnq_status s = check_arena(m, arena, arena_size);
    unsigned i;

    if (s != MNQ_OK) return s;
    for (i = 0; i < m->n_layers; i++) run_layer(m, (uint8_t *)arena, i);
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
