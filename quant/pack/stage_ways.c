/* SPDX-License-Identifier: Apache-2.0
 * The search for stages.
 *
 * cost(h, a, b) are the bytes that a stage of layers a .. b - 1 in bands of height h takes, work(h, a, b) the kernel calls
 * or what a target says. Two passes over where the last stage begins: the least RAM is min over plans of max over stages;
 * with it, or the caller's limit, as a bound, the least work. For a target every stage has a height of its own. Both are
 * exact for these costs; placing can need a little more where tensors do not fit together. */
#include "pack/stage_ways.h"

#include "kernels.h"

#include <stdlib.h>

/* Heights of bands: `rows` of depthwise layers, whose windows cost most to put together, or of all layers. */
static const struct {
    int rows;
    bool all;
} heights[] = {{1, true},  {2, false}, {2, true}, {3, false},  {4, false},  {4, true},
               {6, false}, {8, false}, {8, true}, {12, false}, {16, false}, {16, true}};

enum { HEIGHTS = sizeof heights / sizeof *heights };
static const int tall[] = {8, HEIGHTS - 1};

static int count_heights(const struct mnq_stage_target *t)
{
    return t == NULL ? 1 : t->tall ? (int)(sizeof tall / sizeof *tall) : HEIGHTS;
}

void mnq_stage_set_height(struct mnq_stage_net *n, int a, int b, int height)
{
    if (n->target != NULL && n->target->tall) height = tall[height];
    for (int k = a; k < b; k++)
        n->layer[k].band = heights[height].all || n->layer[k].op == MNQ_L_DWCONV ? heights[height].rows : 1;
}

int mnq_stage_ways_open(struct mnq_stage_net *n, struct mnq_stage_ways *w)
{
    const int layers = n->n_layers;
    *w = (struct mnq_stage_ways){.heights = count_heights(n->target)};
    w->cost = calloc((size_t)layers * (size_t)w->heights, sizeof *w->cost);
    w->way = malloc((size_t)(layers + 1) * sizeof *w->way);
    if (w->cost == NULL || w->way == NULL) return -1;
    for (int h = 0; h < w->heights; h++) {
        mnq_stage_set_height(n, 0, layers, h);
        for (int a = 0; a < layers; a++) {
            struct mnq_stage_sim s;
            int rc = mnq_stage_sim_run(&s, n, a);
            if (rc == 0) rc = mnq_stage_costs(n, &s, &w->cost[(size_t)h * (size_t)layers + (size_t)a]);
            mnq_stage_sim_free(&s);
            if (rc != 0) return -1;
        }
    }
    mnq_stage_ways_among(n, w, 0, w->heights);
    return 0;
}

void mnq_stage_ways_close(struct mnq_stage_ways *w)
{
    free(w->cost);
    free(w->way);
}

static void offer(struct mnq_stage_way *to, const struct mnq_stage_way *x, bool by_work)
{
    bool better = by_work ? x->work < to->work || (x->work == to->work && x->bytes < to->bytes)
                          : x->bytes < to->bytes || (x->bytes == to->bytes && x->work < to->work);
    if (better) *to = *x;
}

/* Ways that go on from layer a by one stage. */
static void go_on(const struct mnq_stage_net *n, const struct mnq_stage_ways *w, uint64_t limit, bool by_work, int a,
                  struct mnq_stage_way *way)
{
    const uint64_t so_far = way[a].bytes, whole = w->cost[a].whole;
    if (whole <= limit)
        offer(&way[a + 1],
              &(struct mnq_stage_way){whole > so_far ? whole : so_far, way[a].work + n->layer[a].at_once, a, 0, true},
              by_work);
    for (int h = w->first; h < w->end; h++) {
        const struct mnq_stage_costs *c = &w->cost[(size_t)h * (size_t)n->n_layers + (size_t)a];
        for (int b = a + 1; b <= n->n_layers && b - a <= MNQ_STAGE_MOST; b++) {
            const uint64_t bytes = c->rows[b - a];
            if (bytes > limit) continue;
            offer(&way[b],
                  &(struct mnq_stage_way){bytes > so_far ? bytes : so_far, way[a].work + c->work[b - a], a, h, false},
                  by_work);
        }
    }
}

bool mnq_stage_find_ways(const struct mnq_stage_net *n, const struct mnq_stage_ways *w, uint64_t limit, bool by_work,
                         struct mnq_stage_way *way)
{
    way[0] = (struct mnq_stage_way){.work = n->pushed && n->target != NULL ? n->target->push : 0};
    for (int b = 1; b <= n->n_layers; b++) way[b] = (struct mnq_stage_way){UINT64_MAX, INT64_MAX, 0, 0, false};
    for (int a = 0; a < n->n_layers; a++)
        if (way[a].work != INT64_MAX) go_on(n, w, limit, by_work, a, way);
    return way[n->n_layers].work != INT64_MAX;
}

void mnq_stage_ways_among(const struct mnq_stage_net *n, struct mnq_stage_ways *w, int first, int end)
{
    w->first = first;
    w->end = end;
    mnq_stage_find_ways(n, w, UINT64_MAX, false, w->way);
    w->least = w->way[n->n_layers].bytes;
}

/* The work of all layers at once and `permille` more. */
static int64_t most_work(const struct mnq_stage_net *n, int permille)
{
    int64_t work = 0;
    for (int k = 0; k < n->n_layers; k++) work += n->layer[k].at_once;
    return work + work * permille / 1000;
}

/* The least limit with at most `work`. */
static uint64_t least_limit(const struct mnq_stage_net *n, const struct mnq_stage_ways *w, int64_t work)
{
    const struct mnq_stage_way *last = &w->way[n->n_layers];
    mnq_stage_find_ways(n, w, UINT64_MAX, true, w->way);
    uint64_t low = w->least, high = last->bytes > w->least ? last->bytes : w->least;
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        mnq_stage_find_ways(n, w, mid, true, w->way);
        if (last->work <= work) high = mid;
        else low = mid + 1;
    }
    return high;
}

uint64_t mnq_stage_limit(const struct mnq_stage_net *n, const struct mnq_stage_ways *w, const struct mnq_stage_options *o)
{
    if (o->ram > 0) return (uint64_t)o->ram > w->least ? (uint64_t)o->ram : w->least;
    if (o->speed) return UINT64_MAX;
    if (o->target == NULL || o->permille == 0) return w->least;
    return least_limit(n, w, most_work(n, o->permille));
}
