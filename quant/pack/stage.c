/* SPDX-License-Identifier: Apache-2.0
 * The search for stages.
 *
 * cost(a, b) are the bytes that a stage of layers a .. b - 1 takes, work(a, b) the kernel calls or what a target says. Two
 * passes over where the last stage begins: the least RAM is min over plans of max over stages; with it, or the caller's
 * limit, as a bound, the least work. For a target, both for bands of several heights. Both are exact for these costs;
 * placing can need a little more where tensors do not fit together. */
#include "pack/stage.h"

#include "kernels.h"
#include "pack/qlayer.h"
#include "pack/stage_cost.h"
#include "pack/stage_place.h"
#include "plan_layout.h"

#include <stdlib.h>
#include <string.h>

/* ---- the network ---- */

/* Whether input 1 has a row for every row of input 0, not one pixel for all. */
static bool reads_rows(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    if (l->in1 < 0) return false;
    struct mnq_shape a = q->tensor[l->in0].shape, b = q->tensor[l->in1].shape;
    return l->op == MNQ_L_SELECT || b.h != 1 || b.w != 1 || (a.h == 1 && a.w == 1);
}

static int build_net(const struct mnq_qmodel *q, bool pushed, const struct mnq_stage_target *target,
                     struct mnq_stage_layer **layers, struct mnq_stage_net *n, struct mnq_err *e)
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
    *layers = layer;
    *n = (struct mnq_stage_net){layer, tensor, q->n_layers, q->n_tensors, q->input, pushed, target};
    return 0;
}

/* ---- search ---- */

/* The way to the layers before b. */
struct way {
    uint64_t bytes; /* of its largest stage */
    int64_t work;
    int from;   /* first layer of its last stage */
    bool whole; /* which is one layer, at once */
};

static void offer(struct way *to, uint64_t bytes, int64_t work, int from, bool whole, bool by_work)
{
    bool better = by_work ? work < to->work || (work == to->work && bytes < to->bytes)
                          : bytes < to->bytes || (bytes == to->bytes && work < to->work);
    if (better) *to = (struct way){bytes, work, from, whole};
}

/* Ways to every b through stages of at most `limit` bytes: with the least RAM, or by_work. */
static void find_ways(const struct mnq_stage_net *n, const struct mnq_stage_costs *cost, uint64_t limit, bool by_work,
                      struct way *way)
{
    for (int b = 0; b <= n->n_layers; b++) way[b] = (struct way){b > 0 ? UINT64_MAX : 0, b > 0 ? INT64_MAX : 0, 0, false};
    for (int a = 0; a < n->n_layers; a++) {
        const struct mnq_stage_costs *c = &cost[a];
        if (way[a].work == INT64_MAX) continue;
        if (c->whole <= limit)
            offer(&way[a + 1], c->whole > way[a].bytes ? c->whole : way[a].bytes, way[a].work + n->layer[a].at_once, a, true,
                  by_work);
        for (int b = a + 1; b <= n->n_layers && b - a <= MNQ_STAGE_MOST; b++) {
            uint64_t bytes = c->rows[b - a];
            if (bytes > limit) continue;
            offer(&way[b], bytes > way[a].bytes ? bytes : way[a].bytes, way[a].work + c->work[b - a], a, false, by_work);
        }
    }
}

static struct mnq_stage_costs *find_costs(const struct mnq_stage_net *n)
{
    struct mnq_stage_costs *c = calloc((size_t)n->n_layers, sizeof *c);
    for (int a = 0; c != NULL && a < n->n_layers; a++) {
        struct mnq_stage_sim s;
        int rc = mnq_stage_sim_run(&s, n, a);
        if (rc == 0) rc = mnq_stage_costs(n, &s, &c[a]);
        mnq_stage_sim_free(&s);
        if (rc != 0) {
            free(c);
            return NULL;
        }
    }
    return c;
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
static int make_plan(const struct mnq_qmodel *q, const struct mnq_stage_net *n, const struct way *way,
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
    for (int s = 0, a = 0; s < stages; a = p->stage[s++].end)
        if (put_stage(p, n, s, a, p->stage[s].end, way[p->stage[s].end].whole, &pair[s], q->arena) != 0) goto fail;
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

/* ---- bands ---- */

/* Heights of bands that are tried: `rows` of depthwise layers, whose windows cost most to put together, or of all layers. */
static const struct height {
    int rows;
    bool all;
} heights[] = {{1, true},  {2, false}, {2, true}, {3, false},  {4, false},  {4, true},
               {6, false}, {8, false}, {8, true}, {12, false}, {16, false}, {16, true}};

static void set_height(const struct mnq_stage_net *n, struct mnq_stage_layer *layer, const struct height *h)
{
    for (int k = 0; k < n->n_layers; k++) layer[k].band = h->all || layer[k].op == MNQ_L_DWCONV ? h->rows : 1;
}

/* What comes of one height. */
struct outcome {
    const struct height *height;
    uint64_t limit, least, bytes;
    int64_t work;
};

/* The least limit with at most `work`. */
static uint64_t least_limit(const struct mnq_stage_net *n, const struct mnq_stage_costs *cost, uint64_t least, int64_t work,
                            struct way *way)
{
    find_ways(n, cost, UINT64_MAX, true, way);
    uint64_t low = least, high = way[n->n_layers].bytes > least ? way[n->n_layers].bytes : least;
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        find_ways(n, cost, mid, true, way);
        if (way[n->n_layers].work <= work) high = mid;
        else low = mid + 1;
    }
    return high;
}

static void find_outcome(const struct mnq_stage_net *n, const struct mnq_stage_costs *cost,
                         const struct mnq_stage_options *options, struct way *way, struct outcome *o)
{
    find_ways(n, cost, UINT64_MAX, false, way);
    o->least = o->limit = way[n->n_layers].bytes;
    if (options->ram > 0) {
        if ((uint64_t)options->ram > o->least) o->limit = (uint64_t)options->ram;
    } else if (options->speed) {
        o->limit = UINT64_MAX;
    } else if (options->target != NULL && options->percent > 0) {
        int64_t work = 0;
        for (int k = 0; k < n->n_layers; k++) work += n->layer[k].at_once;
        o->limit = least_limit(n, cost, o->least, work + work * options->percent / 100, way);
    }
    find_ways(n, cost, o->limit, true, way);
    o->bytes = way[n->n_layers].bytes;
    o->work = way[n->n_layers].work;
}

static bool better(const struct mnq_stage_options *options, const struct outcome *a, const struct outcome *b)
{
    const uint64_t ram = (uint64_t)options->ram;
    bool fits = options->ram > 0 && a->least <= ram;
    if (options->ram > 0 && fits != (b->least <= ram)) return fits;
    if (fits || options->speed) return a->work != b->work ? a->work < b->work : a->bytes < b->bytes;
    return a->bytes != b->bytes ? a->bytes < b->bytes : a->work < b->work;
}

/* The best height of bands. return 0, or -1 without memory */
static int choose_height(const struct mnq_stage_net *n, struct mnq_stage_layer *layer,
                         const struct mnq_stage_options *options, struct way *way, struct outcome *best)
{
    const size_t count = options->target == NULL ? 1 : sizeof heights / sizeof *heights;
    for (size_t i = 0; i < count; i++) {
        struct outcome o = {.height = &heights[i]};
        set_height(n, layer, o.height);
        struct mnq_stage_costs *cost = find_costs(n);
        if (cost == NULL) return -1;
        find_outcome(n, cost, options, way, &o);
        free(cost);
        if (i == 0 || better(options, &o, best)) *best = o;
    }
    set_height(n, layer, best->height);
    return 0;
}

/* Plans for one way of input. */
static int plan_one(const struct mnq_qmodel *q, bool pushed, const struct mnq_stage_options *options,
                    struct mnq_stages **plan, struct mnq_err *e)
{
    struct mnq_stage_net n;
    struct mnq_stage_layer *layer = NULL;
    struct outcome best = {0};
    *plan = NULL;
    if (build_net(q, pushed, options->target, &layer, &n, e) != 0) return -1;
    struct way *way = malloc((size_t)(n.n_layers + 1) * sizeof *way);
    struct mnq_stage_costs *cost = NULL;
    int rc = way == NULL ? -1 : choose_height(&n, layer, options, way, &best);
    if (rc == 0) cost = find_costs(&n);
    if (rc == 0 && cost == NULL) rc = -1;
    for (bool again = rc == 0; again && rc == 0;) {
        find_ways(&n, cost, best.limit, true, way);
        rc = make_plan(q, &n, way, plan);
        again = rc == 0 && options->ram > 0 && (*plan)->bytes > (uint64_t)options->ram && best.limit > best.least;
        if (again) /* placing took more */
            best.limit = best.limit - best.least > best.least / 16 ? best.limit - best.least / 16 : best.least;
    }
    free(way);
    free(cost);
    if (rc < 0) return mnq_fail_nomem(e);
    if (rc > 0) *plan = NULL;
    return 0;
}

int mnq_qmodel_stages(struct mnq_qmodel *q, const struct mnq_stage_options *options, struct mnq_err *e)
{
    if (plan_one(q, false, options, &q->plan, e) != 0 || plan_one(q, true, options, &q->push, e) != 0) return -1;
    if (q->push != NULL && options->ram > 0 && q->push->bytes > (uint64_t)options->ram)
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "no plan takes %lld bytes of RAM: the least is %u with the picture pushed by rows",
                        (long long)options->ram, (unsigned)q->push->bytes);
    if (q->push == NULL || (q->plan != NULL && q->plan->bytes < q->push->bytes))
        q->push = q->plan; /* rows go to the picture */
    if (q->plan != NULL && q->plan->bytes >= q->arena_bytes) q->plan = NULL;
    if (q->push != NULL && q->push->bytes >= q->arena_bytes + MNQ_ALIGN) q->push = NULL;
    return 0;
}
