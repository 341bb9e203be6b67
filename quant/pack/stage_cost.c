/* SPDX-License-Identifier: Apache-2.0
 * What a stage costs: the bytes of every tensor that is needed during it, whole or in a ring, and of sums.
 *
 * A whole tensor that a stage uses up row by row makes room for one that it writes: as long as each written row ends where
 * rows are no longer needed, the two may overlap. */
#include "pack/stage_cost.h"

#include "kernels.h"

#include <stdlib.h>

uint64_t mnq_stage_whole(const struct mnq_stage_net *n, int t)
{
    return mnq_stage_round((uint64_t)n->tensor[t].h * n->tensor[t].row);
}

int mnq_stage_ring(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int b, int t)
{
    const struct mnq_stage_tensor *x = &n->tensor[t];
    bool inside = x->writer >= s->a || (x->writer < 0 && n->pushed && s->a == 0);
    int rows = 1;
    if (!inside || x->last >= b) return x->h;
    for (int k = s->a; k < b; k++)
        for (int i = 0; i < 2; i++)
            if ((i == 0 ? n->layer[k].in0 : n->layer[k].in1) == t && s->need[k - s->a][i] > rows)
                rows = s->need[k - s->a][i];
    return rows;
}

/* Readers of tensor t in a .. b - 1. */
static int readers(const struct mnq_stage_net *n, int a, int b, int t)
{
    int c = 0;
    for (int k = a; k < b; k++) c += n->layer[k].in0 == t || n->layer[k].in1 == t;
    return c;
}

/* Bytes of tensor d that layer k, its reader, with `made` rows has used up; at_work: rows that it makes now. Rows of the
 * picture that nobody reads may arrive later all the same: no more of it is free than what was reached. */
static int64_t used_up(const struct mnq_stage_net *n, int a, int k, int d, int made, int at_work)
{
    const struct mnq_stage_layer *l = &n->layer[k];
    int f = made, e, total = mnq_stage_total(n, a, k), reached = 0;
    if (l->in0 == d) {
        if (made + at_work > 0) mnq_stage_reach(n, a, k, made + at_work - 1, 1, &f, &reached);
        bool more = d == n->input && reached < n->tensor[d].h;
        if (made >= total && !more) return INT64_MAX;
        f = reached;
        if (made < total) mnq_stage_reach(n, a, k, made, 1, &f, &e);
        if (more && f > reached) f = reached;
    } else if (!l->rows1) {
        return 0;
    }
    return (int64_t)f * (int64_t)n->tensor[d].row;
}

/* shift[layer - a]: how far behind tensor d the output of that layer may begin, when d is used up row by row. */
static void find_shifts(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int d, int *made, int64_t *shift)
{
    int k = n->tensor[d].last;
    for (int i = 0; i < s->end - s->a; i++) {
        made[i] = 0;
        shift[i] = (int64_t)mnq_stage_whole(n, d);
    }
    for (size_t i = 0; i < s->n_events; i++) {
        int w = s->event[i], rows = mnq_stage_band(n, s->a, w, made[w - s->a]);
        int64_t used = used_up(n, s->a, k, d, made[k - s->a], w == k ? rows : 0);
        made[w - s->a] += rows;
        int64_t written =
            (int64_t)(mnq_stage_sums(n, s->a, w) ? 1 : made[w - s->a]) * (int64_t)n->tensor[n->layer[w].out].row;
        if (used != INT64_MAX && used - written < shift[w - s->a]) shift[w - s->a] = used - written;
    }
    for (int i = 0; i < s->end - s->a; i++) {
        int64_t x = shift[i];
        shift[i] = x >= 0 ? x / MNQ_ALIGN * MNQ_ALIGN : -(-x + MNQ_ALIGN - 1) / MNQ_ALIGN * MNQ_ALIGN;
    }
}

/* What lies over one another saves. */
static uint64_t saved_by(uint64_t d, uint64_t x, int64_t shift)
{
    uint64_t both = d > x ? d : x;
    if (shift < 0 && d + (uint64_t)-shift > x) both = d + (uint64_t)-shift;
    return both < d + x ? d + x - both : 0;
}

static bool can_die(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int b, int t)
{
    const struct mnq_stage_tensor *x = &n->tensor[t];
    bool outside = x->writer < s->a && !(x->writer < 0 && n->pushed && s->a == 0);
    return outside && x->last >= s->a && x->last < b && readers(n, s->a, b, t) == 1;
}

/* Pairs that do not depend on where the stage ends: shift of every tensor that may die and every one that is made. */
static int all_pairs(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, struct mnq_stage_pair **pair, int *count)
{
    int layers = s->end - s->a, cap = 0, rc = -1;
    int *made = malloc((size_t)layers * sizeof *made);
    int64_t *shift = malloc((size_t)layers * sizeof *shift);
    *pair = NULL;
    *count = 0;
    if (made == NULL || shift == NULL) goto done;
    for (int t = 0; t < n->n_tensors; t++) {
        if (!can_die(n, s, s->end, t)) continue;
        find_shifts(n, s, t, made, shift);
        for (int k = s->a; k < s->end; k++) {
            int x = n->layer[k].out;
            if (n->tensor[x].last < n->tensor[t].last) continue; /* never whole in a stage in which the other dies */
            struct mnq_stage_pair p = {t, x, shift[k - s->a], 0};
            p.saved = saved_by(mnq_stage_whole(n, t), mnq_stage_whole(n, x), p.shift);
            if (p.saved == 0) continue;
            if (*count == cap) {
                struct mnq_stage_pair *more = realloc(*pair, (size_t)(cap = cap * 2 + 16) * sizeof *more);
                if (more == NULL) goto done;
                *pair = more;
            }
            (*pair)[(*count)++] = p;
        }
    }
    rc = 0;
done:
    free(made);
    free(shift);
    return rc;
}

static struct mnq_stage_pair best_of(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int b,
                                     const struct mnq_stage_pair *pair, int count)
{
    struct mnq_stage_pair best = {-1, -1, 0, 0};
    for (int i = 0; i < count; i++) {
        const struct mnq_stage_tensor *x = &n->tensor[pair[i].made];
        if (pair[i].saved > best.saved && x->writer < b && x->last >= b && can_die(n, s, b, pair[i].dying)) best = pair[i];
    }
    return best;
}

int mnq_stage_best_pair(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int b, struct mnq_stage_pair *best)
{
    struct mnq_stage_pair *pair;
    int count, rc = all_pairs(n, s, &pair, &count);
    if (rc == 0) *best = best_of(n, s, b, pair, count);
    free(pair);
    return rc;
}

uint64_t mnq_stage_scratch(const struct mnq_stage_net *n, int a, int b)
{
    uint64_t most = 0;
    for (int k = a; k < b; k++)
        if (n->layer[k].scratch > most) most = n->layer[k].scratch;
    return most;
}

/* Bytes of all that is needed during stage a .. b - 1, without what pairs save; ring: rows, [tensor]. */
static uint64_t bytes_of(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int b, const int *ring)
{
    uint64_t sum = 0;
    for (int t = 0; t < n->n_tensors; t++) {
        const struct mnq_stage_tensor *x = &n->tensor[t];
        if (x->writer >= b || x->last < s->a) continue;
        bool inside = (x->writer >= s->a || (x->writer < 0 && n->pushed && s->a == 0)) && x->last < b;
        sum += mnq_stage_round((uint64_t)(inside ? ring[t] : x->h) * x->row);
    }
    for (int k = s->a; k < b; k++)
        if (mnq_stage_sums(n, s->a, k)) sum += mnq_stage_round((uint64_t)n->layer[k].c * 4);
    return sum + mnq_stage_scratch(n, s->a, b);
}

/* What layer k reads takes longer rings. */
static void lengthen(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int k, int *ring)
{
    for (int i = 0; i < 2; i++) {
        int t = i == 0 ? n->layer[k].in0 : n->layer[k].in1, need = s->need[k - s->a][i];
        if (t >= 0 && need > ring[t]) ring[t] = need;
    }
}

/* The first layer alone. */
static uint64_t bytes_alone(const struct mnq_stage_net *n, int a)
{
    uint64_t sum = 0;
    for (int t = 0; t < n->n_tensors; t++)
        if (n->tensor[t].writer <= a && n->tensor[t].last >= a) sum += mnq_stage_whole(n, t);
    return sum + n->layer[a].scratch;
}

int mnq_stage_costs(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, struct mnq_stage_costs *c)
{
    struct mnq_stage_pair *pair = NULL;
    int *ring = malloc((size_t)n->n_tensors * sizeof *ring), count, rc = -1;
    int64_t work = 0;
    if (ring == NULL || all_pairs(n, s, &pair, &count) != 0) goto done;
    for (int t = 0; t < n->n_tensors; t++) ring[t] = 1;
    c->whole = bytes_alone(n, s->a);
    for (int b = s->a + 1; b <= s->end; b++) {
        work += mnq_stage_work(n, s->a, b - 1);
        lengthen(n, s, b - 1, ring);
        c->work[b - s->a] = work;
        c->rows[b - s->a] = bytes_of(n, s, b, ring) - best_of(n, s, b, pair, count).saved;
    }
    rc = 0;
done:
    free(ring);
    free(pair);
    return rc;
}
