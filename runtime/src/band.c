/* SPDX-License-Identifier: Apache-2.0
 * One band of a stage: which rows of which rings a kernel reads and writes. */
#include "mnq_port.h"
#include "reach.h"
#include "record.h"
#include "stages.h"
#include "variants.h"

/* A tensor as a band meets it. */
struct strip {
    uint8_t *base;
    size_t row;         /* bytes */
    int32_t rows;       /* of the ring */
    int32_t made, slot; /* rows that exist; where the next one goes */
    int whole;
};

/* Tensor t, of h rows of `row` bytes. */
static MNQ_APART void find_strip(const struct mnq_work *w, unsigned t, int32_t h, size_t row, struct strip *s)
{
    const struct mnq_progress *const x = w->s;
    struct mnq_place p;

    mnq_place_read(w->p, t, &p);
    s->base = w->arena + p.offset;
    s->row = row;
    s->rows = p.rows;
    s->whole = p.rows == h;
    s->made = h;
    s->slot = 0;
    if (p.writer == MNQ_NO_LAYER) {
        s->made = x->in_rows;
        s->slot = x->in_slot;
    } else if (p.writer >= x->first && p.writer < x->end) {
        s->made = x->made[p.writer - x->first].rows;
        s->slot = x->made[p.writer - x->first].slot;
    }
}

/* Where row r lies in the ring; no division. */
static int32_t slot_of(const struct strip *s, int32_t r)
{
    int32_t slot;

    if (s->whole) return r;
    slot = s->slot - (s->made - r);
    return slot < 0 ? slot + s->rows : slot;
}

static void see(const struct strip *s, int32_t first, struct mnq_view *v)
{
    const int32_t slot = slot_of(s, first);

    v->at = s->base + (size_t)slot * s->row;
    v->again = s->base;
    v->first = first;
    v->wrap = first + s->rows - slot;
    v->row = s->row;
}

/* Rows from r on without a break, at most n. */
static int32_t run_of(const struct strip *s, int32_t r, int32_t n)
{
    const int32_t to_end = s->rows - slot_of(s, r);

    return n < to_end ? n : to_end;
}

/* What a layer's kernel must be given beyond what was planned for it; of an exported library all was. */
static size_t wanted_by(const struct mnq_work *w, const struct mnq_layer *l)
{
#if MNQ_FLASH
    (void)w;
    (void)l;
    return 0;
#else
    return w->size == w->p->bytes ? 0 : mnq_scratch_bytes(w->m->kernels, l);
#endif
}

/* Scratch memory of the layer that writes tensor t: as planned, if that is enough. */
static MNQ_APART void give_scratch(const struct mnq_work *w, const struct mnq_layer *l, unsigned t, struct mnq_band *b)
{
    struct mnq_place p;

    mnq_place_read(w->p, t, &p);
    b->scratch = w->arena + p.scratch;
    b->scratch_bytes = p.scratch_bytes;
    if (p.scratch_bytes >= wanted_by(w, l)) return;
    b->scratch = w->arena + w->p->bytes;
    b->scratch_bytes = w->size - w->p->bytes;
}

static void count(struct mnq_made *made, const struct strip *out, int32_t n, int sums)
{
    made->rows = (uint16_t)(made->rows + n);
    if (sums) return;
    made->slot = (uint16_t)(made->slot + n);
    if (made->slot == out->rows) made->slot = 0;
}

/* Rows up to `end` of the picture are wanted. return 0 */
static int await(const struct mnq_work *w, int32_t end)
{
    w->s->awaits = (uint16_t)end;
    return 0;
}

/* Rows b->y .. y + b->n - 1 and the view of input 0; fewer rows if rings have a break. return 0 if the picture lacks rows */
static MNQ_APART int cut(const struct mnq_work *w, const struct mnq_layer *l, unsigned t, struct mnq_band *b)
{
    const int sums = l->op == MNQ_L_AVGPOOL_SUM;
    struct strip in0;
    int32_t first = b->y, end;

    find_strip(w, t, l->h, (size_t)l->w * (size_t)l->c << l->in16, &in0);
    if (sums || mnq_reach_pointwise(l)) b->n = run_of(&in0, b->y, b->n);
    end = b->y + b->n;
    if (!sums) mnq_reach(l, b->y, b->n, &first, &end);
    if (end > in0.made) return await(w, end);
    see(&in0, first, &b->in0);
    return 1;
}

/* Input 1. return as above */
static MNQ_APART int second(const struct mnq_work *w, const struct mnq_layer *l, unsigned t, struct mnq_band *b)
{
    struct strip in1;
    const int same = mnq_reach_second(l); /* rows as input 0 */

    find_strip(w, t, same ? l->h : 1, (size_t)(same ? l->w : 1) * (size_t)l->c1 << l->in16b, &in1);
    if (same) b->n = run_of(&in1, b->y, b->n);
    if ((same ? b->y + b->n : 1) > in1.made) return await(w, same ? b->y + b->n : 1);
    see(&in1, same ? b->y : 0, &b->in1);
    return 1;
}

int mnq_stage_rows(const struct mnq_work *w, unsigned k, const struct mnq_layer *l, mnq_kernel *run)
{
    struct mnq_progress *const s = w->s;
    struct mnq_made *const made = &s->made[k - s->first];
    const int sums = l->op == MNQ_L_AVGPOOL_SUM;
    const int all = s->rows == MNQ_ROWS_ALL;
    struct mnq_links t;
    struct strip out;
    struct mnq_band b;
    int32_t left = all ? (sums ? l->h : l->oh) - made->rows : s->rows;

    mnq_links_read(w->m, k, &t);
    give_scratch(w, l, t.out, &b);
    find_strip(w, t.out, l->oh, (size_t)l->ow * (size_t)l->oc << l->q.out16, &out);
    for (; left > 0; left -= b.n) {
        b.y = made->rows;
        b.n = sums ? left : run_of(&out, b.y, left);
        if (!cut(w, l, t.in0, &b)) return 0;
        if (MNQ_VARIANTS_SECOND && t.in1 != MNQ_NO_TENSOR && !second(w, l, t.in1, &b)) return 0;
        b.out = out.base + (size_t)(sums ? 0 : slot_of(&out, b.y)) * out.row;
        run(l, &b);
        count(made, &out, b.n, sums);
        out.made = made->rows;
        out.slot = made->slot;
        if (!all) s->rows = (uint8_t)(s->rows - b.n);
    }
    return 1;
}
