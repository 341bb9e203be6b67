/* SPDX-License-Identifier: Apache-2.0
 * Plans of stages for the core that a model is exported for. */
#include "export/xplan.h"

#include "generic/pixels.h"
#include "pack/qrun.h"
#include "pack/stage.h"
#include "pack/stage_write.h"
#include "packed.h"

enum {
    MORE_WORK = 26, /* per mille, of a balanced plan: 3 % with what the cost model misses */
    PUSH_ROW = 180  /* instructions around a row that is pushed; its bytes take half of one each */
};

const char *const mnq_xplan_words[] = {"balanced", "ram", "speed", NULL};
const char *const mnq_xinput_words[] = {"both", "picture", "rows", NULL};

/* Work of a layer in bands. Rows that a pool sums up are rows of its input. */
static int64_t work(const void *context, int k, int calls, int rows)
{
    const struct mnq_export *x = context;
    const struct mnq_layer *l = &x->image.layer[k].l;
    if (l->op == MNQ_L_AVGPOOL && (int64_t)calls * rows > l->oh)
        return mnq_xcost_layer(x, k, 1, l->oh) + mnq_xcost_calls(calls);
    return mnq_xcost_layer(x, k, calls, rows) + mnq_xcost_calls(calls);
}

/* A section's bytes of a plan. */
static int write_plan(const struct mnq_qmodel *q, const struct mnq_stages *p, struct mnq_xsection *to,
                      struct mnq_arena *arena, struct mnq_err *e)
{
    *to = (struct mnq_xsection){NULL, 0};
    if (p == NULL) return 0;
    to->n = mnq_stages_size(p, q->n_tensors);
    to->bytes = mnq_arena_alloc(arena, to->n);
    if (to->bytes == NULL) return mnq_fail_nomem(e);
    mnq_stages_write(p, q->n_tensors, q->n_layers, to->bytes);
    return 0;
}

/* Bytes that a layer's kernel must have, or is faster with: a row's pixels transposed, for weights that are decoded once for
 * a block of them (generic/pixels.h). */
static uint32_t scratch_of(enum mnq_xset set, const struct mnq_layer *l)
{
    const size_t must = mnq_xset_scratch(set, l);
    const bool bits = mnq_is_sparse(l) || l->wtype == MNQ_W_BINARY;
    const bool blocks = l->op == MNQ_L_PW && l->packed == NULL && bits && l->w >= MNQ_LANES;
    const int32_t pixels = l->w < MNQ_PIXELS ? l->w / MNQ_LANES * MNQ_LANES : MNQ_PIXELS;
    const size_t wish = blocks ? (size_t)pixels * (size_t)l->c << l->in16 : 0;
    return (uint32_t)(must > wish ? must : wish);
}

/* The core as the search sees it. */
static int describe(const struct mnq_export *x, struct mnq_stage_target *t, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_qmodel *q = &x->p->q;
    const struct mnq_qtensor *in = &q->tensor[q->input];
    uint32_t *scratch = mnq_arena_array(arena, (size_t)q->n_layers, sizeof *scratch);
    if (scratch == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < q->n_layers; k++) scratch[k] = scratch_of(x->o->target->set, &x->image.layer[k].l);
    const int64_t push = in->shape.h * (PUSH_ROW + (int64_t)mnq_qtensor_bytes(in) / in->shape.h / 2);
    *t = (struct mnq_stage_target){.scratch = scratch, .work = work, .context = x, .push = push};
    return 0;
}

int mnq_xplan_curve(const struct mnq_package *p, const struct mnq_xtarget *core, struct mnq_xcurve *c,
                    struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_xopts o = {.target = core};
    struct mnq_export x = {.p = p, .o = &o};
    struct mnq_qmodel q = p->q;
    struct mnq_stage_target target;

    *c = (struct mnq_xcurve){.target = core};
    q.arena = arena;
    if (mnq_ximage_make(p, core->set, NULL, &x.image, arena, e) != 0 || describe(&x, &target, arena, e) != 0) return -1;
    for (int k = 0; k < 2; k++)
        if (mnq_qmodel_curve(&q, &target, k == 1, c->point[k], MNQ_XCURVE_MOST, &c->n[k], e) != 0) return -1;
    return 0;
}

int mnq_xplan_make(struct mnq_export *x, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_qmodel q = x->p->q;
    struct mnq_stage_target target;
    if (describe(x, &target, arena, e) != 0) return -1;
    const struct mnq_stage_options options = {.speed = x->o->plan == MNQ_XPLAN_SPEED,
                                              .ram = x->o->ram,
                                              .target = &target,
                                              .permille = x->o->plan == MNQ_XPLAN_BALANCED ? MORE_WORK : 0};
    q.arena = arena;
    if (mnq_qmodel_stages(&q, &options, e) != 0) return -1;
    if (x->o->input != MNQ_XINPUT_ROWS && write_plan(&q, q.plan, &x->image.plan, arena, e) != 0) return -1;
    return x->o->input != MNQ_XINPUT_PICTURE ? write_plan(&q, q.push, &x->image.push, arena, e) : 0;
}
