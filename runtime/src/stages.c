/* SPDX-License-Identifier: Apache-2.0
 * Runs a plan of stages, as far as the picture's rows have arrived.
 *
 * The order of rows is the plan's; all that happens here is counting, and handing rows to kernels. */
#include "stages.h"

#include "bytes.h"
#include "record.h"

struct mnq_work mnq_work_of(const struct mnq_model *m, const struct mnq_plan *p, void *arena, size_t size)
{
    struct mnq_work w;

    w.m = m;
    w.p = p;
    w.arena = (uint8_t *)arena;
    w.size = size;
    w.s = (struct mnq_progress *)(void *)(w.arena + p->state);
    return w;
}

/* Layers of stage s->stage, none of whose rows is made. */
static void enter(const struct mnq_work *w)
{
    struct mnq_progress *const s = w->s;
    struct mnq_stage stage;
    unsigned i;

    mnq_stage_read(w->p, s->stage, &stage);
    s->first = s->end;
    s->end = stage.end;
    s->left = stage.steps;
    s->rows = stage.steps == 0 ? MNQ_ROWS_ALL : 1;
    s->next = s->first;
    s->count = stage.steps == 0 ? (uint8_t)(s->end - s->first) : 0;
    for (i = 0; i < (unsigned)(s->end - s->first); i++) s->made[i].rows = s->made[i].slot = 0;
}

void mnq_stages_begin(const struct mnq_work *w, uint16_t rows)
{
    w->s->wanted = (uint32_t)w->size;
    w->s->step = 0;
    w->s->stage = 0;
    w->s->end = 0;
    w->s->awaits = 0;
    w->s->in_rows = rows;
    w->s->in_slot = 0;
    enter(w);
}

static int sums(const struct mnq_work *w, unsigned k)
{
    struct mnq_links t;
    struct mnq_place out;

    mnq_links_read(w->m, k, &t);
    mnq_place_read(w->p, t.out, &out);
    return mnq_place_sums(&out);
}

static int layer_row(const struct mnq_work *w, unsigned k)
{
    struct mnq_layer l;
    uint32_t offset[3];

    mnq_layer_read(w->m, k, &l, offset);
    if (l.op == MNQ_L_AVGPOOL && sums(w, k)) l.op = MNQ_L_AVGPOOL_SUM;
    return mnq_stage_rows(w, k, &l, mnq_kernel_of(w->m, &l));
}

int mnq_stages_ended(const struct mnq_work *w)
{
    return w->s->stage == w->p->n_stages;
}

int mnq_stages_go(const struct mnq_work *w)
{
    struct mnq_progress *const s = w->s;

    while (!mnq_stages_ended(w)) {
        if (s->in_rows < s->awaits) return 0;
        for (; s->count > 0; s->next++, s->count--) {
            if (!layer_row(w, s->next)) return 0;
            if (s->rows == 0) s->rows = 1;
        }
        if (s->left > 0) {
            const struct mnq_step step = mnq_step_read(w->p, s->step++);
            s->left--;
            s->next = (uint16_t)(s->first + step.first);
            s->count = step.count;
            s->rows = step.rows;
        } else if (++s->stage < w->p->n_stages) {
            enter(w);
        }
    }
    return 1;
}
