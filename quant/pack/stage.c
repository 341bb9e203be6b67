/* SPDX-License-Identifier: Apache-2.0
 * Plans of stages: the network as the search sees it, and the way that it finds made into places and steps. */
#include "pack/stage.h"

#include "kernels.h"
#include "pack/qlayer.h"
#include "pack/stage_cost.h"
#include "pack/stage_place.h"
#include "pack/stage_ways.h"
#include "plan_layout.h"

#include <stdlib.h>
#include <string.h>

enum { TRIES = 8 }; /* plans that are placed, until one is hardly larger than its sums */

/* ---- the network ---- */

/* Whether input 1 has a row for every row of input 0, not one pixel for all. */
static bool reads_rows(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    if (l->in1 < 0) return false;
    struct mnq_shape a = q->tensor[l->in0].shape, b = q->tensor[l->in1].shape;
    return l->op == MNQ_L_SELECT || b.h != 1 || b.w != 1 || (a.h == 1 && a.w == 1);
}

static int build_net(const struct mnq_qmodel *q, bool pushed, const struct mnq_stage_target *target, struct mnq_stage_net *n,
                     struct mnq_err *e)
{
    struct mnq_stage_layer *layer = mnq_arena_array(q->arena, (size_t)q->n_layers, sizeof *layer);
    struct mnq_stage_tensor *tensor = mnq_arena_array(q->arena, (size_t)q->n_tensors, sizeof *tensor);
    if (layer == NULL || tensor == NULL) return mnq_fail_nomem(e);
    for (int t = 0; t < q->n_tensors; t++) {
        const struct mnq_qtensor *x = &q->tensor[t];
        size_t row = (size_t)x->shape.w * (size_t)x->shape.c * (x->dtype == MNQ_S16 ? 2 : 1);
        tensor[t] = (struct mnq_stage_tensor){x->shape.h, -1, -1, row};
    }
    for (int k = 0; k < q->n_layers; k++) {
        const struct mnq_qlayer *l = &q->layer[k];
        struct mnq_shape in = q->tensor[l->in0].shape, out = q->tensor[l->out].shape;
        layer[k] = (struct mnq_stage_layer){.op = l->op,
                                            .in0 = l->in0,
                                            .in1 = l->in1,
                                            .out = l->out,
                                            .h = in.h,
                                            .oh = out.h,
                                            .kh = l->kh,
                                            .sh = l->sh,
                                            .pt = l->pt,
                                            .margin = l->op == MNQ_L_UPSAMPLE && l->mult != 0,
                                            .rows1 = reads_rows(q, l),
                                            .global = l->op == MNQ_L_AVGPOOL && l->kh == in.h && l->kw == in.w &&
                                                      l->pt + l->pl + l->pb + l->pr == 0,
                                            .c = in.c,
                                            .band = 1,
                                            .at_once = 1};
        if (target != NULL) {
            layer[k].at_once = target->work(target->context, k, 1, out.h);
            layer[k].scratch = mnq_stage_round(target->scratch[k]);
        }
        tensor[l->out].writer = tensor[l->out].last = k;
        tensor[l->in0].last = k;
        if (l->in1 >= 0) tensor[l->in1].last = k;
    }
    for (int k = 0; k < mnq_qmodel_outputs(q); k++) tensor[mnq_qmodel_output(q, k)].last = q->n_layers;
    *n = (struct mnq_stage_net){layer, tensor, q->n_layers, q->n_tensors, q->input, pushed, target};
    return 0;
}

/* ---- the plan ---- */

/* Steps of layers below b: runs of consecutive layers, a row each, or rows of one layer. */
static int put_steps(struct mnq_stages *p, const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int b,
                     struct mnq_stage_run *stage, struct mnq_arena *arena)
{
    uint8_t(*step)[2] = mnq_arena_alloc(arena, (s->n_events + (size_t)p->n_steps) * sizeof *step);
    int *made = calloc((size_t)(s->end - s->a), sizeof *made), count = p->n_steps, last = -2;
    if (step == NULL || made == NULL) {
        free(made);
        return -1;
    }
    if (count > 0) memcpy(step, p->step, (size_t)count * sizeof *step);
    for (size_t i = 0; i < s->n_events; i++) {
        int k = s->event[i];
        if (k >= b) continue;
        int rows = mnq_stage_band(n, s->a, k, made[k - s->a]);
        made[k - s->a] += rows;
        if (rows == 1 && k == last + 1) {
            step[count - 1][1]++; /* at most MNQ_STAGE_MOST layers */
        } else {
            step[count][0] = (uint8_t)(k - s->a);
            step[count++][1] = (uint8_t)(rows == 1 ? 1 : MNQ_STEP_ROWS + rows);
        }
        last = rows == 1 ? k : -2;
    }
    free(made);
    stage->steps = count - p->n_steps;
    p->step = step;
    p->n_steps = count;
    return 0;
}

/* Fills stage i, layers a .. b - 1, and the rings of its tensors. */
static int put_stage(struct mnq_stages *p, const struct mnq_stage_net *n, int i, int a, int b, bool whole,
                     struct mnq_stage_pair *pair, struct mnq_arena *arena)
{
    struct mnq_stage_run *stage = &p->stage[i];
    struct mnq_stage_sim s;
    int rc = 0;
    *stage = (struct mnq_stage_run){b, -1, 0};
    *pair = (struct mnq_stage_pair){-1, -1, 0, 0};
    if (whole) return 0;
    rc = mnq_stage_sim_run(&s, n, a);
    if (rc == 0) rc = mnq_stage_best_pair(n, &s, b, pair);
    if (rc == 0) {
        stage->dying = pair->dying;
        for (int k = a; k < b; k++) {
            struct mnq_stage_place *out = &p->place[n->layer[k].out];
            out->rows = mnq_stage_ring(n, &s, b, n->layer[k].out);
            out->sums = mnq_stage_sums(n, a, k);
        }
        if (a == 0) p->place[n->input].rows = mnq_stage_ring(n, &s, b, n->input);
        rc = put_steps(p, n, &s, b, stage, arena);
    }
    mnq_stage_sim_free(&s);
    return rc;
}

static int stage_of(const struct mnq_stages *p, int layer)
{
    int s = 0;
    while (s < p->n_stages - 1 && p->stage[s].end <= layer) s++;
    return s;
}

/* Items are tensors, then, below 0, sums of layers, then what the layers of a stage share as scratch. */
static int sums_item(int layer)
{
    return -1 - layer;
}

static int scratch_item(const struct mnq_stage_net *n, int stage)
{
    return -1 - n->n_layers - stage;
}

/* Lists what wants a place. return how many */
static int list_items(const struct mnq_stages *p, const struct mnq_stage_net *n, struct mnq_stage_item *item)
{
    int count = 0;
    for (int t = 0; t < n->n_tensors; t++) {
        const struct mnq_stage_tensor *x = &n->tensor[t];
        int last = x->last >= n->n_layers ? p->n_stages - 1 : stage_of(p, x->last);
        item[count++] = (struct mnq_stage_item){t, x->writer < 0 ? 0 : stage_of(p, x->writer), last,
                                                mnq_stage_round((uint64_t)p->place[t].rows * x->row), 0};
        if (!p->place[t].sums) continue;
        int s = stage_of(p, x->writer);
        item[count++] =
            (struct mnq_stage_item){sums_item(x->writer), s, s, mnq_stage_round((uint64_t)n->layer[x->writer].c * 4), 0};
    }
    for (int s = 0, a = 0; s < p->n_stages; a = p->stage[s++].end) {
        uint64_t bytes = mnq_stage_scratch(n, a, p->stage[s].end);
        if (bytes > 0) item[count++] = (struct mnq_stage_item){scratch_item(n, s), s, s, bytes, 0};
    }
    return count;
}

/* Notes where an item lies. return whether the format can say so */
static bool note_item(struct mnq_stages *p, const struct mnq_stage_net *n, const struct mnq_stage_item *item)
{
    if (item->tensor >= 0) {
        p->place[item->tensor].offset = (uint32_t)item->offset;
        return true;
    }
    int first = -1 - item->tensor, end = first + 1;
    bool shared = first >= n->n_layers;
    if (shared) {
        int s = first - n->n_layers;
        first = s > 0 ? p->stage[s - 1].end : 0;
        end = p->stage[s].end;
    }
    for (int k = first; k < end; k++) {
        struct mnq_stage_place *to = &p->place[n->layer[k].out];
        if (shared && (n->layer[k].scratch == 0 || to->sums)) continue;
        to->scratch = (uint32_t)item->offset;
        to->scratch_bytes = (uint32_t)item->size;
    }
    return item->offset + item->size <= (uint64_t)UINT16_MAX * MNQ_ALIGN;
}

/* Gives every ring, tensor, sum and scratch its place. */
static int put_places(struct mnq_stages *p, const struct mnq_stage_net *n, const struct mnq_stage_pair *pair, uint64_t bound)
{
    struct mnq_stage_item *item = calloc((size_t)(n->n_tensors + n->n_layers + p->n_stages), sizeof *item);
    if (item == NULL) return -1;
    int count = list_items(p, n, item);
    uint64_t top = mnq_stage_place_items(item, count, pair, bound);
    if (top == UINT64_MAX) {
        free(item);
        return -1;
    }
    for (int i = 0; i < count; i++)
        if (!note_item(p, n, &item[i])) top = UINT64_MAX / 2;
    free(item);
    int longest = 0;
    for (int s = 0, a = 0; s < p->n_stages; a = p->stage[s++].end)
        if (p->stage[s].end - a > longest) longest = p->stage[s].end - a;
    uint64_t bytes = top + mnq_stage_round(mnq_progress_bytes((uint32_t)longest));
    if (bytes > UINT32_MAX / 2) return 1;
    p->state = (uint32_t)top;
    p->bytes = (uint32_t)bytes;
    return 0;
}

/* The plan of a way. return 0, 1 if the format cannot hold it, -1 without memory */
static int make_plan(const struct mnq_qmodel *q, struct mnq_stage_net *n, const struct mnq_stage_way *way,
                     struct mnq_stages **plan)
{
    int stages = 0, rc = 0;
    for (int b = n->n_layers; b > 0; b = way[b].from) stages++;
    struct mnq_stages *p = mnq_arena_alloc(q->arena, sizeof *p);
    struct mnq_stage_pair *pair = calloc((size_t)stages, sizeof *pair);
    if (p == NULL || pair == NULL) goto fail;
    *p = (struct mnq_stages){.n_stages = stages, .work = way[n->n_layers].work};
    p->place = mnq_arena_array(q->arena, (size_t)n->n_tensors, sizeof *p->place);
    p->stage = mnq_arena_array(q->arena, (size_t)stages, sizeof *p->stage);
    if (p->place == NULL || p->stage == NULL) goto fail;
    for (int t = 0; t < n->n_tensors; t++)
        p->place[t] =
            (struct mnq_stage_place){.rows = n->tensor[t].h, .writer = n->tensor[t].writer, .last = n->tensor[t].last};
    for (int b = n->n_layers, s = stages - 1; b > 0; b = way[b].from, s--) p->stage[s].end = b;
    for (int s = 0, a = 0; s < stages; a = p->stage[s++].end) {
        const struct mnq_stage_way *last = &way[p->stage[s].end];
        mnq_stage_set_height(n, a, p->stage[s].end, last->height);
        if (put_stage(p, n, s, a, p->stage[s].end, last->whole, &pair[s], q->arena) != 0) goto fail;
    }
    rc = put_places(p, n, pair, way[n->n_layers].bytes);
    int64_t rows = 0;
    for (int i = 0; i < p->n_steps; i++) rows += p->step[i][1];
    if (rc == 0 && rows > MNQ_STAGE_ROWS) rc = 1;
    free(pair);
    *plan = p;
    return rc;
fail:
    free(pair);
    return -1;
}

/* The plan of least work within `limit` bytes. Tensors may not fit together as well as the sums say: then other limits are
 * tried, below it until the budget is met, else above it for a plan that is placed better. */
static int place_best(const struct mnq_qmodel *q, struct mnq_stage_net *n, const struct mnq_stage_ways *w,
                      const struct mnq_stage_options *options, uint64_t limit, struct mnq_stages **plan)
{
    const bool budget = options->ram > 0, work = options->target != NULL && !budget && !options->speed;
    uint64_t step = limit / 32 + MNQ_ALIGN;
    int rc = 0;
    *plan = NULL;
    for (int i = 0; i < (budget || work ? TRIES : 1); i++) {
        struct mnq_stages *p = NULL;
        if (!mnq_stage_find_ways(n, w, limit, true, w->way)) break;
        const uint64_t bytes = w->way[n->n_layers].bytes;
        rc = make_plan(q, n, w->way, &p);
        if (rc != 0) break;
        if (*plan == NULL || p->bytes < (*plan)->bytes) *plan = p;
        if (p->bytes <= (budget ? (uint64_t)options->ram : bytes + bytes / 32)) break;
        if (budget && bytes <= w->least) break;
        if (budget) limit = bytes - w->least > step ? bytes - step : w->least;
        else limit = (bytes > limit ? bytes : limit) + step;
    }
    return *plan != NULL && rc > 0 ? 0 : rc;
}

static bool better(const struct mnq_stage_options *o, const struct mnq_stages *a, const struct mnq_stages *b)
{
    const uint64_t ram = (uint64_t)o->ram;
    const bool fits = o->ram > 0 && a->bytes <= ram;
    if (o->ram > 0 && fits != (b->bytes <= ram)) return fits;
    if (fits || o->speed) return a->work != b->work ? a->work < b->work : a->bytes < b->bytes;
    return a->bytes != b->bytes ? a->bytes < b->bytes : a->work < b->work;
}

/* Whether stages of one height alone may be better than what was found: where that did not fit together. */
static bool hopeful(const struct mnq_stage_options *o, const struct mnq_stages *found, uint64_t limit)
{
    if (o->ram > 0) return found->bytes > (uint64_t)o->ram;
    return !o->speed && limit < found->bytes;
}

/* Plans for one way of input. For a target every stage has its own height of bands, and then, where tensors do not fit
 * together, all the same. */
static int plan_one(const struct mnq_qmodel *q, bool pushed, const struct mnq_stage_options *options,
                    struct mnq_stages **plan, struct mnq_err *e)
{
    struct mnq_stage_net n;
    struct mnq_stage_ways w;
    *plan = NULL;
    if (build_net(q, pushed, options->target, &n, e) != 0) return -1;
    int rc = mnq_stage_ways_open(&n, &w), found = 1;
    for (int h = -1; rc == 0 && h < (w.heights > 1 ? w.heights : 0); h++) {
        struct mnq_stages *p = NULL;
        if (h >= 0) mnq_stage_ways_among(&n, &w, h, h + 1);
        const uint64_t limit = mnq_stage_limit(&n, &w, options);
        if (h >= 0 && *plan != NULL && !hopeful(options, *plan, limit)) continue;
        rc = place_best(q, &n, &w, options, limit, &p);
        if (rc > 0) rc = 0;
        else if (rc == 0) found = 0;
        if (p != NULL && (*plan == NULL || better(options, p, *plan))) *plan = p;
    }
    if (rc == 0) rc = found;
    mnq_stage_ways_close(&w);
    if (rc < 0) return mnq_fail_nomem(e);
    if (rc > 0) *plan = NULL;
    return 0;
}

int mnq_qmodel_stages(struct mnq_qmodel *q, const struct mnq_stage_options *options, struct mnq_err *e)
{
    if (plan_one(q, false, options, &q->plan, e) != 0 || plan_one(q, true, options, &q->push, e) != 0) return -1;
    if (q->push != NULL && options->ram > 0 && q->push->bytes > (uint64_t)options->ram)
        return mnq_fail_unfit(e, MNQ_UNFIT_BUDGET, MNQ_EXIT_FAILED,
                              "no plan takes %lld bytes of RAM: the least is %u with the picture pushed by rows",
                              (long long)options->ram, (unsigned)q->push->bytes);
    if (q->push == NULL || (q->plan != NULL && q->plan->bytes < q->push->bytes))
        q->push = q->plan; /* rows go to the picture */
    if (q->plan != NULL && q->plan->bytes >= q->arena_bytes) q->plan = NULL;
    if (q->push != NULL && q->push->bytes >= q->arena_bytes + MNQ_ALIGN) q->push = NULL;
    return 0;
}

/* Adds a plan that takes less than the last point. */
static void add_point(const struct mnq_stages *p, struct mnq_stage_point *point, int *n)
{
    if (p != NULL && (*n == 0 || p->bytes < point[*n - 1].bytes))
        point[(*n)++] = (struct mnq_stage_point){p->bytes, p->work};
}

int mnq_qmodel_curve(const struct mnq_qmodel *q, const struct mnq_stage_target *target, bool pushed,
                     struct mnq_stage_point *point, int most, int *n, struct mnq_err *e)
{
    const struct mnq_stage_options options = {.target = target};
    struct mnq_stage_net net;
    struct mnq_stage_ways w;
    struct mnq_stages *p = NULL;
    uint64_t limit = UINT64_MAX;
    *n = 0;
    if (build_net(q, pushed, target, &net, e) != 0) return -1;
    int rc = mnq_stage_ways_open(&net, &w);
    while (rc >= 0 && *n < most - 1 && limit >= w.least && mnq_stage_find_ways(&net, &w, limit, true, w.way)) {
        const uint64_t bytes = w.way[net.n_layers].bytes;
        p = NULL;
        rc = make_plan(q, &net, w.way, &p);
        if (rc == 0) add_point(p, point, n);
        if (bytes <= w.least) break;
        limit = bytes - bytes / 8 > w.least ? bytes - bytes / 8 : w.least;
    }
    mnq_stage_ways_close(&w);
    if (rc < 0) return mnq_fail_nomem(e);
    if (plan_one(q, pushed, &options, &p, e) != 0) return -1; /* the least, placed with more care */
    add_point(p, point, n);
    return 0;
}
