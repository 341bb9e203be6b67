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

void mnq_layer_read(const struct mnq_model *m, unsigned i, struct mnq_layer *l, uint32_t offset[3])
{
    struct mnq_record rec;
    struct mnq_tensor t;

    mnq_record_read(m, i, &rec);
    l->op = rec.op;
    l->wtype = rec.wtype;
    l->kh = rec.kh;
    l->kw = rec.kw;
    l->sh = rec.sh;
    l->sw = rec.sw;
    l->pt = rec.pt;
    l->pl = rec.pl;
    l->mult = rec.mult;
    l->weights = array_at(m, rec.weights);
    l->pad = (const int8_t *)array_at(m, rec.pad);
    l->packed = packed_layer(m, i);

    mnq_tensor_read(m, rec.in0, &t);
    offset[1] = t.offset;
    l->h = t.h;
    l->w = t.w;
    l->c = t.c;
    l->in_flip = t.dtype == MNQ_U8 ? 0x80 : 0;
    l->in16 = t.dtype == MNQ_S16;
    l->zp0 = t.zero_point;
    offset[2] = 0;
    l->zp1 = 0;
    l->in16b = l->point1 = 0;
    l->c1 = 0;
    l->counted = rec.op == MNQ_L_AVGPOOL && (rec.pt | rec.pl | rec.pb | rec.pr) != 0;
    if (rec.in1 != MNQ_NO_TENSOR) {
        mnq_tensor_read(m, rec.in1, &t);
        offset[2] = t.offset;
        l->zp1 = t.zero_point;
        l->in16b = t.dtype == MNQ_S16;
        l->c1 = t.c;
        l->point1 = (rec.op == MNQ_L_ADD || rec.op == MNQ_L_MUL) && t.h == 1 && t.w == 1 && (l->h != 1 || l->w != 1);
    }
    mnq_tensor_read(m, rec.out, &t);
    offset[0] = t.offset;
    l->oh = t.h;
    l->ow = t.w;
    l->oc = t.c;

    l->q.bias = (const int32_t *)array_at(m, rec.bias);
    l->q.mult = (const int32_t *)array_at(m, rec.m);
    l->q.shift = (const int8_t *)array_at(m, rec.r);
    l->q.mult2 = (const int32_t *)array_at(m, rec.m2);
    l->q.shift2 = (const int8_t *)array_at(m, rec.r2);
    l->q.zp = t.zero_point;
    l->q.lo = rec.lo;
    l->q.hi = rec.hi;
    l->q.act = rec.act;
    l->q.frac = rec.frac;
    l->q.out16 = t.dtype == MNQ_S16;
    l->q.table = rec.act == MNQ_A_TABLE ? (const int16_t *)array_at(m, rec.table) : NULL;
}

int mnq_is_output(const struct mnq_model *m, unsigned i)
{
    unsigned k;

    for (k = 0; k < m->n_outs; k++)
        if (mnq_read_u16(m->outs + 2 * k) == i) return 1;
    return i == m->output;
}
