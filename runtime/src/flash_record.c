/* SPDX-License-Identifier: Apache-2.0
 * Tensors, layers and plans out of the tables of flash.h. */
#include "flash.h"
#include "mnq_port.h"
#include "record.h"
#include "stage_plan.h"

static const struct mnq_flash_tensor *tensor_of(const struct mnq_model *m, unsigned i)
{
    return (const struct mnq_flash_tensor *)(const void *)m->tens + i;
}

static const struct mnq_flash_layer *layer_of(const struct mnq_model *m, unsigned i)
{
    return (const struct mnq_flash_layer *)(const void *)m->layr + i;
}

void mnq_tensor_read(const struct mnq_model *m, unsigned i, struct mnq_tensor *t)
{
    const struct mnq_flash_tensor *const p = tensor_of(m, i);

    t->h = p->h;
    t->w = p->w;
    t->c = p->c;
    t->dtype = p->dtype;
    t->zero_point = p->zp;
    t->offset = (uint32_t)p->offset * MNQ_ALIGN;
    t->scale_mantissa = t->scale_exponent = 0; /* the library's header tells them */
    t->scale_index = 0;
    t->size = (uint32_t)p->h * p->w * ((uint32_t)p->c << (p->dtype == MNQ_S16));
}

enum mnq_status mnq_tensor_get(const struct mnq_model *m, unsigned i, struct mnq_tensor *t)
{
    if (m == NULL || t == NULL || i >= m->n_tensors) return MNQ_E_ARG;
    mnq_tensor_read(m, i, t);
    return MNQ_OK;
}

void mnq_links_read(const struct mnq_model *m, unsigned i, struct mnq_links *l)
{
    const struct mnq_flash_layer *const p = layer_of(m, i);

    l->in0 = p->in0;
    l->in1 = p->in1;
    l->out = p->out;
}

/* A layer's arrays as members of struct mnq_layer that follow one another. */
static void read_arrays(const struct mnq_model *m, unsigned first, unsigned bits, struct mnq_layer *l)
{
    const mnq_flash_ref *at = (const mnq_flash_ref *)(const void *)(m->layr + MNQ_FLASH_REFS) + first;
    uint8_t *to = (uint8_t *)l + offsetof(struct mnq_layer, weights);
    unsigned k;

    for (k = 0; k < MNQ_FLASH_ARRAYS; k++, bits >>= 1, to += sizeof(void *)) {
        const uint8_t *array = NULL;
        if (bits & 1u) array = (k == 1 ? (const uint8_t *)m->packed : m->data) + (size_t)*at++ * MNQ_FLASH_WORD;
        memcpy(to, &array, sizeof array);
    }
}

typedef char mnq_layer_begins_with_head[offsetof(struct mnq_layer, h) == MNQ_FLASH_HEAD ? 1 : -1];
typedef char mnq_layer_has_arrays_in_order[offsetof(struct mnq_layer, q.table) - offsetof(struct mnq_layer, weights) ==
                                                   (MNQ_FLASH_ARRAYS - 1) * sizeof(void *)
                                               ? 1
                                               : -1];

void mnq_layer_read(const struct mnq_model *m, unsigned i, struct mnq_layer *l, uint32_t offset[3])
{
    const struct mnq_flash_layer *const p = layer_of(m, i);
    const struct mnq_flash_kind *const k =
        (const struct mnq_flash_kind *)(const void *)(m->layr + MNQ_FLASH_KINDS) + p->kind;
    const struct mnq_flash_tensor *t = tensor_of(m, p->in0);

    memcpy(l, k->head, MNQ_FLASH_HEAD);
    read_arrays(m, p->first, k->arrays, l);
    offset[1] = (uint32_t)t->offset * MNQ_ALIGN;
    l->h = t->h;
    l->w = t->w;
    l->c = t->c;
    l->zp0 = t->zp;
    offset[2] = 0;
    l->zp1 = l->c1 = 0;
    if (MNQ_VARIANTS_SECOND && p->in1 != MNQ_NO_TENSOR) {
        t = tensor_of(m, p->in1);
        offset[2] = (uint32_t)t->offset * MNQ_ALIGN;
        l->zp1 = t->zp;
        l->c1 = t->c;
    }
    t = tensor_of(m, p->out);
    offset[0] = (uint32_t)t->offset * MNQ_ALIGN;
    l->oh = t->h;
    l->ow = t->w;
    l->oc = t->c;
    l->q.zp = t->zp;
    l->q.lo = k->lo;
    l->q.hi = k->hi;
    l->q.act = k->act;
    l->q.frac = k->frac;
    l->q.out16 = t->dtype == MNQ_S16;
}

void mnq_place_read(const struct mnq_plan *p, unsigned tensor, struct mnq_place *place)
{
    const struct mnq_flash_place *const at = (const struct mnq_flash_place *)(const void *)p->places + tensor;

    place->offset = (uint32_t)at->offset * MNQ_ALIGN;
    place->rows = at->rows & (MNQ_FLASH_SUMS - 1u);
    place->writer = at->writer;
    place->last = MNQ_FLASH_LAST;
    place->flags = (uint16_t)(at->rows & MNQ_FLASH_SUMS ? MNQ_PLACE_SUMS : 0);
    place->scratch = (uint32_t)at->scratch * MNQ_ALIGN;
    place->scratch_bytes = (uint32_t)at->scratch_bytes * MNQ_ALIGN;
}

/* Stages and steps are as in a file. */
void mnq_stage_read(const struct mnq_plan *p, unsigned i, struct mnq_stage *stage)
{
    const uint16_t *const at = (const uint16_t *)(const void *)p->stages + 4 * (size_t)i;

    stage->end = at[0];
    stage->dying = at[1];
    stage->steps = at[2] | (uint32_t)at[3] << 16;
}
