/* SPDX-License-Identifier: Apache-2.0
 * Weights in the order that a kernel table likes: a table of offsets, one a layer (0: not packed), then what the table's
 * packing made, each part at a multiple of MNQ_PACK_ALIGN. It holds no address: an exporter may write it to flash. */
#include "record.h"

#include "mnq_port.h"

static size_t aligned(size_t n)
{
    return (n + MNQ_PACK_ALIGN - 1) / MNQ_PACK_ALIGN * MNQ_PACK_ALIGN;
}

static size_t layer_bytes(const struct mnq_model *m, unsigned i, struct mnq_layer *l)
{
    uint32_t offset[3];

    mnq_layer_read(m, i, l, offset);
    return mnq_packed_bytes(m->kernels, l);
}

size_t mnq_pack_bytes(const struct mnq_model *m)
{
    size_t n = aligned((size_t)m->n_layers * sizeof(uint32_t)), all = n;
    unsigned i;

    if (m->kernels->packing == NULL) return 0;
    for (i = 0; i < m->n_layers; i++) {
        struct mnq_layer l;
        all += aligned(layer_bytes(m, i, &l));
    }
    return all == n ? 0 : all;
}

enum mnq_status mnq_pack(struct mnq_model *m, void *mem, size_t size)
{
    const size_t all = mnq_pack_bytes(m);
    uint32_t *const offset = (uint32_t *)mem;
    uint32_t at = (uint32_t)aligned((size_t)m->n_layers * sizeof(uint32_t));
    unsigned i;

    m->packed = NULL;
    if (all == 0) return MNQ_OK;
    if (mem == NULL || (uintptr_t)mem % MNQ_ALIGN != 0 || size < all || all > UINT32_MAX) return MNQ_E_ARG;
    memset(mem, 0, all);
    for (i = 0; i < m->n_layers; i++) {
        struct mnq_layer l;
        const size_t n = layer_bytes(m, i, &l);
        if (n == 0) continue;
        m->kernels->packing->pack(&l, (uint8_t *)mem + at);
        offset[i] = at;
        at += (uint32_t)aligned(n);
    }
    m->packed = mem;
    return MNQ_OK;
}
