/* SPDX-License-Identifier: Apache-2.0
 * Decodes tensor and layer records. */
#include "record.h"

#include "bytes.h"

uint64_t mnq_tensor_bytes(const struct mnq_tensor *t)
{
    return (uint64_t)((uint32_t)t->h * t->w) * ((uint32_t)t->c << (t->dtype == MNQ_S16));
}

void mnq_tensor_read(const struct mnq_model *m, unsigned i, struct mnq_tensor *t)
{
    const uint8_t *p = m->tens + (size_t)i * MNQ_TENSOR_BYTES;

    t->h = mnq_read_u16(p);
    t->w = mnq_read_u16(p + 2);
    t->c = mnq_read_u16(p + 4);
    t->dtype = p[6];
    t->zero_point = mnq_read_i32(p + 8);
    t->offset = mnq_read_u32(p + 12);
    t->scale_mantissa = mnq_read_i32(p + 16);
    t->scale_exponent = mnq_read_i32(p + 20);
    t->scale_index = mnq_read_u32(p + 24);
    t->size = (uint32_t)mnq_tensor_bytes(t);
}

void mnq_record_read(const struct mnq_model *m, unsigned i, struct mnq_record *rec)
{
    const uint8_t *p = m->layr + (size_t)i * MNQ_LAYER_BYTES;

    rec->op = p[0];
    rec->wtype = p[1];
    rec->act = p[2];
    rec->frac = p[3];
    rec->in0 = mnq_read_u16(p + 4);
    rec->in1 = mnq_read_u16(p + 6);
    rec->out = mnq_read_u16(p + 8);
    rec->kh = p[10];
    rec->kw = p[11];
    rec->sh = p[12];
    rec->sw = p[13];
    rec->pt = p[14];
    rec->pl = p[15];
    rec->pb = p[16];
    rec->pr = p[17];
    rec->mult = mnq_read_u16(p + 18);
    rec->lo = mnq_read_i32(p + 20);
    rec->hi = mnq_read_i32(p + 24);
    rec->weights = mnq_read_u32(p + 28);
    rec->weights_size = mnq_read_u32(p + 32);
    rec->bias = mnq_read_u32(p + 36);
    rec->m = mnq_read_u32(p + 40);
    rec->r = mnq_read_u32(p + 44);
    rec->m2 = mnq_read_u32(p + 48);
    rec->r2 = mnq_read_u32(p + 52);
    rec->pad = mnq_read_u32(p + 56);
    rec->table = mnq_read_u32(p + 60);
}

void mnq_links_read(const struct mnq_model *m, unsigned i, struct mnq_links *l)
{
    const uint8_t *p = m->layr + (size_t)i * MNQ_LAYER_BYTES;

    l->in0 = mnq_read_u16(p + 4);
    l->in1 = mnq_read_u16(p + 6);
    l->out = mnq_read_u16(p + 8);
}

/* Validated offsets are multiples of 16 from a 16-byte aligned base, so the typed pointers below are aligned. */
static const void *array_at(const struct mnq_model *m, uint32_t offset)
{
    return offset == MNQ_NO_ARRAY ? NULL : m->data + offset;
}

/* What layer i was packed to (packing.c), or NULL: m->packed is NULL or has nothing for it. */
static const void *packed_layer(const struct mnq_model *m, unsigned i)
{
    const uint32_t *const offset = (const uint32_t *)m->packed;

    return offset == NULL || offset[i] == 0 ? NULL : (const uint8_t *)m->packed + offset[i];
}

/* An input of a layer, as the kernels want it: straight from its record, as this is done for every band. */
static void read_input(const struct mnq_model *m, unsigned i, struct mnq_layer *l, uint32_t *offset)
{
    const uint8_t *p = m->tens + (size_t)i * MNQ_TENSOR_BYTES;
    const unsigned dtype = p[6];

    l->h = mnq_read_u16(p);
    l->w = mnq_read_u16(p + 2);
    l->c = mnq_read_u16(p + 4);
    l->in_flip = dtype == MNQ_U8 ? 0x80 : 0;
    l->in16 = dtype == MNQ_S16;
    l->zp0 = mnq_read_i32(p + 8);
    *offset = mnq_read_u32(p + 12);
}

static void read_second(const struct mnq_model *m, unsigned i, struct mnq_layer *l, uint32_t *offset)
{
    const uint8_t *p = m->tens + (size_t)i * MNQ_TENSOR_BYTES;
    const int pixel = mnq_read_u16(p) == 1 && mnq_read_u16(p + 2) == 1;

    *offset = mnq_read_u32(p + 12);
    l->zp1 = mnq_read_i32(p + 8);
    l->in16b = p[6] == MNQ_S16;
    l->c1 = mnq_read_u16(p + 4);
    l->point1 = (l->op == MNQ_L_ADD || l->op == MNQ_L_MUL) && pixel && (l->h != 1 || l->w != 1);
}

static void read_output(const struct mnq_model *m, unsigned i, struct mnq_layer *l, uint32_t *offset)
{
    const uint8_t *p = m->tens + (size_t)i * MNQ_TENSOR_BYTES;

    l->oh = mnq_read_u16(p);
    l->ow = mnq_read_u16(p + 2);
    l->oc = mnq_read_u16(p + 4);
    l->q.zp = mnq_read_i32(p + 8);
    l->q.out16 = p[6] == MNQ_S16;
    *offset = mnq_read_u32(p + 12);
}

void mnq_layer_read(const struct mnq_model *m, unsigned i, struct mnq_layer *l, uint32_t offset[3])
{
    const uint8_t *p = m->layr + (size_t)i * MNQ_LAYER_BYTES;
    const unsigned in1 = mnq_read_u16(p + 6);

    l->op = p[0];
    l->wtype = p[1];
    l->kh = p[10];
    l->kw = p[11];
    l->sh = p[12];
    l->sw = p[13];
    l->pt = p[14];
    l->pl = p[15];
    l->counted = l->op == MNQ_L_AVGPOOL && (p[14] | p[15] | p[16] | p[17]) != 0;
    l->mult = mnq_read_u16(p + 18);
    l->weights = array_at(m, mnq_read_u32(p + 28));
    l->pad = (const int8_t *)array_at(m, mnq_read_u32(p + 56));
    l->packed = packed_layer(m, i);
    read_input(m, mnq_read_u16(p + 4), l, &offset[1]);
    offset[2] = 0;
    l->zp1 = l->c1 = 0;
    l->in16b = l->point1 = 0;
    if (in1 != MNQ_NO_TENSOR) read_second(m, in1, l, &offset[2]);
    read_output(m, mnq_read_u16(p + 8), l, &offset[0]);

    l->q.bias = (const int32_t *)array_at(m, mnq_read_u32(p + 36));
    l->q.mult = (const int32_t *)array_at(m, mnq_read_u32(p + 40));
    l->q.shift = (const int8_t *)array_at(m, mnq_read_u32(p + 44));
    l->q.mult2 = (const int32_t *)array_at(m, mnq_read_u32(p + 48));
    l->q.shift2 = (const int8_t *)array_at(m, mnq_read_u32(p + 52));
    l->q.lo = mnq_read_i32(p + 20);
    l->q.hi = mnq_read_i32(p + 24);
    l->q.act = p[2];
    l->q.frac = p[3];
    l->q.table = p[2] == MNQ_A_TABLE ? (const int16_t *)array_at(m, mnq_read_u32(p + 60)) : NULL;
}

int mnq_is_output(const struct mnq_model *m, unsigned i)
{
    unsigned k;

    for (k = 0; k < m->n_outs; k++)
        if (mnq_read_u16(m->outs + 2 * k) == i) return 1;
    return i == m->output;
}
