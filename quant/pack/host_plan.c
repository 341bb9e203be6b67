/* SPDX-License-Identifier: Apache-2.0
 * Plans of stages for this machine: memory is cheap but caches are small, and a call of a kernel costs more than a row.
 *
 * The fastest plan whose memory stays in the second-level cache, in bands of 8 and 16 rows, by a rough model: a call costs
 * as much as CALL steps of 16 multiplications, and a depthwise layer converts the rows of its windows again for every band.
 */
#include "kernels.h"
#include "pack/qlayer.h"
#include "pack/qmodel.h"
#include "pack/stage.h"
#include "pack/stage_write.h"
#include "plan_layout.h"

enum { CALL = 2500, STEP = 16, CONVERTED = 8, CACHE = 384 << 10, MOST_EFFORT = 2 << 20 };

static int64_t work(const void *context, int k, int calls, int rows)
{
    const struct mnq_qmodel *q = context;
    const struct mnq_qlayer *l = &q->layer[k];
    const struct mnq_shape in = q->tensor[l->in0].shape, out = q->tensor[l->out].shape;
    const int64_t taken = l->op == MNQ_L_DWCONV ? (int64_t)(rows * l->sh + l->kh - l->sh) * in.w * in.c / CONVERTED : 0;

    return calls * (l->macs / out.h * rows / STEP + taken + CALL);
}

/* A plan as the runtime reads it. */
static int open_plan(const struct mnq_qmodel *q, const struct mnq_stages *p, struct mnq_plan *to, struct mnq_arena *arena)
{
    uint8_t *bytes = mnq_arena_alloc(arena, mnq_stages_size(p, q->n_tensors));
    if (bytes == NULL) return -1;
    mnq_stages_write(p, q->n_tensors, q->n_layers, bytes);
    *to = (struct mnq_plan){.bytes = p->bytes,
                            .state = p->state,
                            .n_steps = (uint32_t)p->n_steps,
                            .n_stages = (uint16_t)p->n_stages,
                            .places = bytes + MNQ_PLAN_HEADER};
    to->stages = to->places + (size_t)q->n_tensors * MNQ_PLACE_BYTES;
    to->steps = to->stages + (size_t)p->n_stages * MNQ_STAGE_BYTES;
    return 0;
}

/* Whether the search ends soon: rows of all layers, for each stage's first. */
static bool small(const struct mnq_qmodel *q)
{
    int64_t rows = 0;
    for (int k = 0; k < q->n_layers; k++) rows += q->tensor[q->layer[k].out].shape.h;
    return rows * q->n_layers <= MOST_EFFORT;
}

int mnq_package_widen(struct mnq_package *p, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_qmodel q = p->q;
    struct mnq_err none = {0};
    struct mnq_plan plan, push;
    uint32_t *scratch = mnq_arena_array(arena, (size_t)q.n_layers, sizeof *scratch);
    if (scratch == NULL) return mnq_fail_nomem(e);
    if (p->model.plan.places == NULL || p->model.push.places == NULL || !small(&q)) return 0;
    for (int k = 0; k < q.n_layers; k++) {
        struct mnq_layer l = mnq_qlayer_decode(&q, &q.layer[k]);
        if (mnq_packed_bytes(p->model.kernels, &l) > 0) l.packed = p->model.packed;
        scratch[k] = (uint32_t)mnq_scratch_bytes(p->model.kernels, &l); /* what is missing lies behind the plan */
    }
    const struct mnq_stage_target target = {.scratch = scratch, .work = work, .context = &q, .tall = true};
    const struct mnq_stage_options options = {.speed = true, .ram = CACHE, .target = &target};
    q.arena = arena;
    q.arena_bytes = UINT32_MAX / 2;
    if (mnq_qmodel_stages(&q, &options, &none) != 0 || q.plan == NULL || q.push == NULL)
        return 0; /* that of the file will do */
    if (open_plan(&q, q.plan, &plan, arena) != 0 || open_plan(&q, q.push, &push, arena) != 0) return mnq_fail_nomem(e);
    p->model.plan = plan;
    p->model.push = push;
    return 0;
}
