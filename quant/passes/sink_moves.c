/* SPDX-License-Identifier: Apache-2.0
 * What only moves values lets activations and affine maps pass, so that these fuse with the layer that made the values:
 *     f(spread(x)) = spread(f(x)),  f(repeat(x)) = repeat(f(x)),  f(max(x)) = max(f(x)) if f never falls. */
#include "passes/pass.h"

#include "graph/activation.h"

static bool is_map(const struct mnq_node *nd)
{
    return nd->op == MNQ_OP_ACT || nd->op == MNQ_OP_BATCHNORM || nd->op == MNQ_OP_AFFINE;
}

static bool passes(const struct mnq_node *move, const struct mnq_node *map)
{
    if (move->op == MNQ_OP_SPREAD) return true;
    if (move->op == MNQ_OP_UPSAMPLE) return !move->bilinear;
    return move->op == MNQ_OP_MAXPOOL && map->op == MNQ_OP_ACT && mnq_act_rises(map);
}

/* The n values at *v as many times one after the other. */
static int again(struct mnq_rw *rw, float **v, size_t n, size_t times, struct mnq_err *e)
{
    if (*v == NULL) return 0;
    float *to = mnq_arena_array(rw->arena, n * times, sizeof *to);
    if (to == NULL) return mnq_fail_nomem(e);
    for (size_t i = 0; i < n * times; i++) to[i] = (*v)[i % n];
    *v = to;
    return 0;
}

/* Every channel of a spread tensor was `times` channels of what it is made of. */
static int widen(struct mnq_rw *rw, int map, size_t times, struct mnq_err *e)
{
    struct mnq_rw_node *n = &rw->node[map];
    struct mnq_node *nd = &n->nd;
    size_t c = (size_t)nd->out.c;
    nd->b_path = NULL; /* one value there for many here */
    nd->b_gain = NULL;
    if (n->scale != NULL) {
        double *scale = mnq_arena_array(rw->arena, c * times, sizeof *scale);
        double *offset = mnq_arena_array(rw->arena, c * times, sizeof *offset);
        if (scale == NULL || offset == NULL) return mnq_fail_nomem(e);
        for (size_t i = 0; i < c * times; i++) {
            scale[i] = n->scale[i % c];
            offset[i] = n->offset[i % c];
        }
        n->scale = scale;
        n->offset = offset;
    }
    float **list[] = {&nd->gamma, &nd->beta, &nd->mean, &nd->var, &nd->slope};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (again(rw, list[i], c, times, e) != 0) return -1;
    return 0;
}

static int step(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    const struct mnq_node *nd = mnq_rw_at(rw, i);
    int r = mnq_rw_only_reader(rw, i), p = mnq_rw_producer(rw, i);
    if (r < 0 || !is_map(mnq_rw_at(rw, r)) || !passes(nd, mnq_rw_at(rw, r))) return 0;
    if (mnq_rw_at(rw, p)->op == MNQ_OP_INPUT) return 0;
    if (nd->op == MNQ_OP_SPREAD && nd->kh * nd->kw > 1 && widen(rw, r, (size_t)(nd->kh * nd->kw), e) != 0) return -1;
    mnq_rw_at(rw, r)->out = mnq_rw_at(rw, p)->out;
    return mnq_rw_sink(rw, i, r, e) != 0 ? -1 : 1;
}

int mnq_sink_moves(struct mnq_rw *rw, struct mnq_err *e)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < rw->n; i++) {
            enum mnq_op op = mnq_rw_at(rw, i)->op;
            if (rw->node[i].dead || (op != MNQ_OP_SPREAD && op != MNQ_OP_UPSAMPLE && op != MNQ_OP_MAXPOOL)) continue;
            int done = step(rw, i, e);
            if (done < 0) return -1;
            changed = changed || done > 0;
        }
    }
    return 0;
}
