/* SPDX-License-Identifier: Apache-2.0
 * Proves a plan of stages: its places, and that no two tensors that are needed at one time share memory.
 *
 * One pass over the layers with a list of the tensors that hold memory. A tensor's place names its last reader, so that none
 * has to be looked for: a reader behind it is refused. */
#include "check.h"
#include "check_steps.h"
#include "mnq_port.h"
#include "stage_plan.h"

/* What is proved stage by stage. */
struct sweep {
    const struct mnq_model *m;
    const struct mnq_plan *p;
    int pushed;
    unsigned first, end, dying; /* of the stage */
    unsigned n_live;
    uint16_t *live; /* [MNQ_STAGE_LIVE] */
};

/* [a, a + n) and [b, b + k) have no byte in common. */
static int apart(uint32_t a, uint64_t n, uint32_t b, uint64_t k)
{
    return a + n <= b || b + k <= a;
}

static uint64_t place_bytes(const struct mnq_tensor *t, const struct mnq_place *p)
{
    return (uint64_t)((uint32_t)t->w * p->rows) * ((uint32_t)t->c << (t->dtype == MNQ_S16));
}

/* Tensor i against the place `at` of n bytes. */
static MNQ_APART int clear_of(const struct sweep *s, unsigned i, uint32_t at, uint64_t n)
{
    struct mnq_tensor t;
    struct mnq_place p;

    mnq_tensor_read(s->m, i, &t);
    mnq_place_read(s->p, i, &p);
    return apart(p.offset, place_bytes(&t, &p), at, n);
}

/* n bytes at `at` against everything that is live, but for tensor `but`. */
static int free_place(const struct sweep *s, uint32_t at, uint64_t n, unsigned but)
{
    unsigned i;

    for (i = 0; i < s->n_live; i++)
        if (s->live[i] != but && !clear_of(s, s->live[i], at, n)) return 0;
    return 1;
}

/* Tensor i begins to hold memory. */
static MNQ_APART int enter(struct sweep *s, unsigned i, unsigned writer)
{
    const uint32_t state = s->p->state, state_bytes = s->p->bytes - state;
    struct mnq_tensor t;
    struct mnq_place p;
    uint64_t n;

    mnq_tensor_read(s->m, i, &t);
    mnq_place_read(s->p, i, &p);
    n = place_bytes(&t, &p);
    if (p.writer != writer || p.offset % MNQ_ALIGN != 0 || p.rows < 1 || p.rows > t.h || p.offset + n > s->p->bytes)
        return 0;
    if (p.flags > (writer != MNQ_NO_LAYER) || (p.last != MNQ_NO_LAYER && mnq_is_output(s->m, i))) return 0;
    if (!apart(p.offset, n, state, state_bytes) || !free_place(s, p.offset, n, s->dying)) return 0;
    if (s->n_live == MNQ_STAGE_LIVE) return 0;
    s->live[s->n_live++] = (uint16_t)i;
    return 1;
}

/* Scratch memory of layer k: clear of all tensors of the stage, and of sums. */
static MNQ_APART int scratch_valid(const struct sweep *s, unsigned k)
{
    struct mnq_links l;
    struct mnq_place p, other;
    unsigned i;

    mnq_links_read(s->m, k, &l);
    mnq_place_read(s->p, l.out, &p);
    if (p.scratch_bytes == 0) return !mnq_place_sums(&p);
    if ((uint64_t)p.scratch + p.scratch_bytes > s->p->bytes) return 0;
    if (!apart(p.scratch, p.scratch_bytes, s->p->state, s->p->bytes - s->p->state)) return 0;
    if (!free_place(s, p.scratch, p.scratch_bytes, MNQ_NO_TENSOR)) return 0;
    for (i = 0; i < s->n_live; i++) {
        mnq_place_read(s->p, s->live[i], &other);
        if (s->live[i] == l.out || !mnq_place_sums(&other) || other.writer < s->first) continue;
        if (!apart(p.scratch, p.scratch_bytes, other.scratch, other.scratch_bytes)) return 0;
    }
    return 1;
}

/* What layer k reads is not given up before. */
static int readable(const struct sweep *s, unsigned k, unsigned t)
{
    struct mnq_place p;

    if (t == MNQ_NO_TENSOR) return 1;
    mnq_place_read(s->p, t, &p);
    return k <= p.last;
}

/* A tensor that the stage uses up: whole, from before the stage, its last reader in the stage. */
static MNQ_APART int dying_valid(const struct sweep *s)
{
    struct mnq_place p;
    struct mnq_tensor t;
    unsigned i;

    if (s->dying == MNQ_NO_TENSOR) return 1;
    for (i = 0; i < s->n_live && s->live[i] != s->dying; i++) {}
    if (i == s->n_live) return 0;
    mnq_place_read(s->p, s->dying, &p);
    mnq_tensor_read(s->m, s->dying, &t);
    return p.rows == t.h && p.last >= s->first && p.last < s->end;
}

/* After the stage: what is still needed is whole. */
static MNQ_APART int leave(struct sweep *s)
{
    unsigned i, n = 0;

    for (i = 0; i < s->n_live; i++) {
        struct mnq_place p;
        struct mnq_tensor t;
        mnq_place_read(s->p, s->live[i], &p);
        if (p.last < s->end) continue;
        mnq_tensor_read(s->m, s->live[i], &t);
        if (p.rows != t.h) return 0;
        s->live[n++] = s->live[i];
    }
    s->n_live = n;
    return 1;
}

static MNQ_APART int stage_valid(struct sweep *s, const struct mnq_stage *stage, uint32_t step)
{
    unsigned k;

    if (stage->end <= s->first || stage->end > s->m->n_layers || stage->end - s->first > MNQ_STAGE_LAYERS) return 0;
    s->end = stage->end;
    s->dying = stage->dying;
    if (!dying_valid(s)) return 0;
    for (k = s->first; k < s->end; k++) {
        struct mnq_links l;
        mnq_links_read(s->m, k, &l);
        if (!readable(s, k, l.in0) || !readable(s, k, l.in1) || !enter(s, l.out, k)) return 0;
    }
    for (k = s->first; k < s->end; k++)
        if (!scratch_valid(s, k)) return 0;
    if (!mnq_steps_valid(s->m, s->p, s->pushed, s->first, stage, step) || !leave(s)) return 0;
    s->first = s->end;
    return 1;
}

/* Rows that all steps make are few enough: a step is two bytes, and makes a row of up to 88 layers. */
static int rows_few(const struct mnq_plan *p)
{
    uint32_t i, rows = 0;

    for (i = 0; i < p->n_steps && rows <= MNQ_STAGE_ROWS; i++) rows += mnq_step_read(p, i).count;
    return rows <= MNQ_STAGE_ROWS;
}

static MNQ_APART enum mnq_status check(const struct mnq_model *m, const struct mnq_plan *p, int pushed, uint16_t *live)
{
    struct sweep s;
    uint32_t step = 0;
    unsigned i, most = 0, end = 0;

    if (p->bytes % MNQ_ALIGN != 0 || p->state % MNQ_ALIGN != 0 || p->state > p->bytes) return MNQ_E_FORMAT;
    if (!rows_few(p)) return MNQ_E_FORMAT;
    s.m = m;
    s.p = p;
    s.pushed = pushed;
    s.first = 0;
    s.dying = MNQ_NO_TENSOR;
    s.n_live = 0;
    s.live = live;
    if (!enter(&s, m->input, MNQ_NO_LAYER)) return MNQ_E_FORMAT;
    for (i = 0; i < p->n_stages; i++) {
        struct mnq_stage stage;
        mnq_stage_read(p, i, &stage);
        if (stage.steps > p->n_steps - step || !stage_valid(&s, &stage, step)) return MNQ_E_FORMAT;
        step += stage.steps;
        if (stage.end - end > most) most = stage.end - end;
        end = stage.end;
    }
    if (end != m->n_layers || step != p->n_steps) return MNQ_E_FORMAT;
    return p->bytes - p->state < mnq_progress_bytes(most) ? MNQ_E_FORMAT : MNQ_OK;
}

enum mnq_status mnq_check_stages(const struct mnq_model *m, const struct mnq_plan *p, int pushed)
{
    uint16_t live[MNQ_STAGE_LIVE];

    return check(m, p, pushed, live);
}
