/* SPDX-License-Identifier: Apache-2.0
 * One stage of a plan, run without data: rows are counted, and what each row reads and overwrites is looked at. */
#include "check_steps.h"

#include "mnq_port.h"
#include "reach.h"
#include "record.h"

/* The stage at work. */
struct rehearsal {
    const struct mnq_model *m;
    const struct mnq_plan *p;
    unsigned first, end, dying;
    int pushed, all;
    int32_t *arrived; /* rows of the picture: pushed when they are wanted, no earlier */
    uint16_t *made;   /* rows of each layer of the stage; of the input for sums */
};

/* Rows that tensor t has, of h; `wanted` of them are asked for. */
static int32_t rows_of(const struct rehearsal *r, const struct mnq_place *p, int32_t h, int32_t wanted)
{
    if (p->writer == MNQ_NO_LAYER) {
        if (!r->pushed) return h;
        if (wanted > *r->arrived) *r->arrived = wanted;
        return *r->arrived;
    }
    return p->writer < r->first ? h : r->made[p->writer - r->first];
}

/* Whether rows f .. e - 1 of tensor t, of h, are there; a sum is there when all of its input went in. */
static MNQ_APART int rows_there(const struct rehearsal *r, unsigned t, int32_t h, int32_t f, int32_t e)
{
    struct mnq_place p;
    int32_t rows;

    mnq_place_read(r->p, t, &p);
    if (p.writer != MNQ_NO_LAYER && p.writer >= r->first && mnq_place_sums(&p)) {
        struct mnq_links l;
        struct mnq_tensor in;
        mnq_links_read(r->m, p.writer, &l);
        mnq_tensor_read(r->m, l.in0, &in);
        return p.writer < r->end && r->made[p.writer - r->first] == in.h;
    }
    if (p.writer != MNQ_NO_LAYER && p.writer >= r->end) return 0;
    rows = rows_of(r, &p, h, e);
    return e <= rows && (p.rows == h || rows - f <= p.rows);
}

/* Whether tensor t is summed up row by row. */
static MNQ_APART int is_sum(const struct rehearsal *r, unsigned t)
{
    struct mnq_place p;

    mnq_place_read(r->p, t, &p);
    return mnq_place_sums(&p);
}

/* The first byte of the dying tensor that is still needed; that of layer k, row y, if it reads the tensor itself. */
static MNQ_APART uint64_t needed_from(const struct rehearsal *r, const struct mnq_place *d)
{
    struct mnq_layer l;
    uint32_t offset[3];
    struct mnq_links t;
    const int32_t y = r->made[d->last - r->first];
    int32_t f = y, e;
    size_t row;

    mnq_layer_read(r->m, d->last, &l, offset);
    mnq_links_read(r->m, d->last, &t);
    row = (size_t)l.w * (size_t)l.c << l.in16;
    if (t.in0 == r->dying) {
        const int arrives = r->pushed && r->dying == r->m->input && *r->arrived < l.h; /* rows that nobody reads, too */
        if (!is_sum(r, t.out)) {
            if (y >= l.oh && !arrives) return UINT64_MAX;
            if (y < l.oh) mnq_reach(&l, y, 1, &f, &e);
            if (arrives && (f > *r->arrived || y >= l.oh)) f = *r->arrived;
        }
        return d->offset + (uint64_t)f * row;
    }
    if (!mnq_reach_second(&l)) return d->offset; /* needed to the last row */
    return d->offset + ((uint64_t)y * (size_t)l.w * (size_t)l.c1 << l.in16b);
}

/* Whether writing rows y .. y + n - 1 of layer k's output leaves what is needed of the dying tensor. */
static MNQ_APART int dying_spared(const struct rehearsal *r, const struct mnq_links *t, int32_t y, int32_t n, size_t row,
                                  int32_t oh)
{
    struct mnq_place d, out;
    struct mnq_tensor dt;
    uint64_t at, from;
    uint32_t slot = (uint32_t)y;

    mnq_place_read(r->p, r->dying, &d);
    mnq_place_read(r->p, t->out, &out);
    mnq_tensor_read(r->m, r->dying, &dt);
    from = needed_from(r, &d);
    if (out.rows != oh) { /* anywhere in the ring */
        slot = 0;
        n = out.rows;
    }
    at = out.offset + (uint64_t)slot * row;
    return at + (uint64_t)n * row <= from || at >= (uint64_t)d.offset + dt.size;
}

/* Only its last reader reads the dying tensor in this stage. */
static MNQ_APART int reads_dying(const struct rehearsal *r, const struct mnq_links *t, unsigned k)
{
    struct mnq_place d;

    if (r->dying == MNQ_NO_TENSOR || (t->in0 != r->dying && t->in1 != r->dying)) return 0;
    mnq_place_read(r->p, r->dying, &d);
    return d.last != k || t->in0 == t->in1;
}

/* Whether the layer that writes tensor t is summed up; -1 if it cannot be. */
static MNQ_APART int layer_sums(const struct rehearsal *r, const struct mnq_layer *l, unsigned t)
{
    struct mnq_place out;

    mnq_place_read(r->p, t, &out);
    if (!mnq_place_sums(&out)) return 0;
    if (l->op != MNQ_L_AVGPOOL || l->counted || l->kh != l->h || l->kw != l->w || out.scratch_bytes < (uint32_t)l->c * 4)
        return -1;
    return 1;
}

/* Rows of layer k in one band, or all of them. */
static MNQ_APART int layer_valid(const struct rehearsal *r, unsigned k, int32_t rows)
{
    struct mnq_layer l;
    struct mnq_links t;
    uint32_t offset[3];
    int32_t y = r->made[k - r->first], n, f, e, total;
    int sums;

    mnq_layer_read(r->m, k, &l, offset);
    mnq_links_read(r->m, k, &t);
    sums = layer_sums(r, &l, t.out);
    if (sums < 0) return 0;
    total = sums ? l.h : l.oh;
    n = r->all ? total - y : rows;
    if (n < 1 || y + n > total || reads_dying(r, &t, k)) return 0;
    f = y;
    e = y + n;
    if (!sums) mnq_reach(&l, y, n, &f, &e);
    if (!rows_there(r, t.in0, l.h, f, e)) return 0;
    if (mnq_reach_second(&l) && !rows_there(r, t.in1, l.h, y, y + n)) return 0;
    if (l.point1 && !rows_there(r, t.in1, 1, 0, 1)) return 0;
    if (r->dying != MNQ_NO_TENSOR &&
        !dying_spared(r, &t, sums ? 0 : y, sums ? 1 : n, (size_t)l.ow * (size_t)l.oc << l.q.out16, l.oh))
        return 0;
    r->made[k - r->first] = (uint16_t)(y + n);
    return 1;
}

/* Whether layer k has made all of its rows. */
static MNQ_APART int finished(const struct rehearsal *r, unsigned k)
{
    struct mnq_links t;
    struct mnq_tensor in, o;
    struct mnq_place out;

    mnq_links_read(r->m, k, &t);
    mnq_tensor_read(r->m, t.in0, &in);
    mnq_tensor_read(r->m, t.out, &o);
    mnq_place_read(r->p, t.out, &out);
    return r->made[k - r->first] == (mnq_place_sums(&out) ? in.h : o.h);
}

/* All steps of the stage. */
static MNQ_APART int steps_valid(const struct rehearsal *r, uint32_t n, uint32_t step)
{
    const unsigned layers = r->end - r->first;
    uint32_t i;
    unsigned k;

    for (k = 0; k < layers; k++) r->made[k] = 0;
    for (k = r->first; r->all && k < r->end; k++)
        if (!layer_valid(r, k, 0)) return 0;
    for (i = 0; i < n; i++) {
        const struct mnq_step s = mnq_step_read(r->p, step + i);
        if (s.count < 1 || (unsigned)s.first + s.count > layers) return 0;
        for (k = r->first + s.first; k < r->first + s.first + s.count; k++)
            if (!layer_valid(r, k, s.rows)) return 0;
    }
    for (k = r->first; k < r->end; k++)
        if (!finished(r, k)) return 0;
    return 1;
}

static MNQ_APART int stage_valid(struct rehearsal *r, const struct mnq_stage *stage, unsigned first, uint32_t step)
{
    int32_t arrived = 0;

    r->first = first;
    r->end = stage->end;
    r->dying = stage->dying;
    r->all = stage->steps == 0;
    r->arrived = &arrived;
    return steps_valid(r, stage->steps, step);
}

int mnq_steps_valid(const struct mnq_model *m, const struct mnq_plan *p, int pushed, unsigned first,
                    const struct mnq_stage *stage, uint32_t step)
{
    uint16_t made[MNQ_STAGE_LAYERS];
    struct rehearsal r;

    r.m = m;
    r.p = p;
    r.pushed = pushed;
    r.made = made;
    return stage_valid(&r, stage, first, step);
}
