/* SPDX-License-Identifier: Apache-2.0
 * What a stage costs: the bytes of every tensor that is needed during it, whole or in a ring, and of sums.
 *
 * A whole tensor that a stage uses up row by row makes room for one that it writes: as long as each written row ends where
 * rows are no longer needed, the two may overlap. */
#include "pack/stage_cost.h"

#include "kernels.h"

#include <stdlib.h>
#include <string.h>

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

/* Bytes of tensor d that layer k, its reader, with `made` rows has used up. */
static int64_t used_up(const struct mnq_stage_net *n, int a, int k, int d, int made)
{
    const struct mnq_stage_layer *l = &n->layer[k];
    int f = made, e;
    if (l->in0 == d) {
        if (made >= mnq_stage_total(n, a, k)) return INT64_MAX;
        mnq_stage_reach(n, a, k, made, &f, &e);
    } else if (l->op != MNQ_L_ADD) {
        return 0;
    }
    return (int64_t)f * (int64_t)n->tensor[d].row;
}

/* How far behind tensor d tensor x may begin when layer k of the stage uses d up. */
static int64_t shift_of(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int d, int x, int *made)
{
    int k = n->tensor[d].last, w = n->tensor[x].writer, last = k > w ? k : w;
    int64_t shift = (int64_t)mnq_stage_whole(n, d);
    bool sums = mnq_stage_sums(n, s->a, w);
    memset(made, 0, (size_t)(s->end - s->a) * sizeof *made);
    for (size_t i = 0; i < s->n_events; i++) {
        int e = s->event[i];
        if (e > last) continue;
        if (e == w) {
            int64_t used = used_up(n, s->a, k, d, made[k - s->a]);
            int64_t written = (int64_t)(sums ? 1 : made[w - s->a] + 1) * (int64_t)n->tensor[x].row;
            if (used != INT64_MAX && used - written < shift) shift = used - written;
        }
        made[e - s->a]++;
    }
    return shift >= 0 ? shift / MNQ_ALIGN * MNQ_ALIGN : -(-shift + MNQ_ALIGN - 1) / MNQ_ALIGN * MNQ_ALIGN;
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
    int cap = 0, *made = malloc((size_t)(s->end - s->a) * sizeof *made);
    *pair = NULL;
    *count = 0;
    if (made == NULL) return -1;
    for (int t = 0; t < n->n_tensors; t++) {
        if (!can_die(n, s, s->end, t)) continue;
        for (int k = s->a; k < s->end; k++) {
            int x = n->layer[k].out;
            if (n->tensor[x].last < n->tensor[t].last) continue; /* never whole in a stage in which the other dies */
            struct mnq_stage_pair p = {t, x, shift_of(n, s, t, x, made), 0};
            p.saved = saved_by(mnq_stage_whole(n, t), mnq_stage_whole(n, x), p.shift);
            if (p.saved == 0) continue;
            if (*count == cap) {
                struct mnq_stage_pair *more = realloc(*pair, (size_t)(cap = cap * 2 + 16) * sizeof *more);
                if (more == NULL) {
                    free(made);
                    return -1;
                }
                *pair = more;
            }
            (*pair)[(*count)++] = p;
        }
    }
    free(made);
    return 0;
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

struct mnq_stage_pair mnq_stage_best_pair(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int b)
{
    struct mnq_stage_pair *pair, best = {-1, -1, 0, 0};
    int count;
    if (all_pairs(n, s, &pair, &count) == 0) best = best_of(n, s, b, pair, count);
    free(pair);
    return best;
}

/* Bytes of all that is needed during stage a .. b - 1, without what pairs save. */
static uint64_t bytes_of(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, int b)
{
    uint64_t sum = 0;
    for (int t = 0; t < n->n_tensors; t++) {
        const struct mnq_stage_tensor *x = &n->tensor[t];
        if (x->writer >= b || x->last < s->a) continue;
        sum += mnq_stage_round((uint64_t)mnq_stage_ring(n, s, b, t) * x->row);
    }
    for (int k = s->a; k < b; k++)
        if (mnq_stage_sums(n, s->a, k)) sum += mnq_stage_round((uint64_t)n->layer[k].c * 4);
    return sum;
}

/* The first layer alone. */
static uint64_t bytes_alone(const struct mnq_stage_net *n, int a)
{
    uint64_t sum = 0;
    for (int t = 0; t < n->n_tensors; t++)
        if (n->tensor[t].writer <= a && n->tensor[t].last >= a) sum += mnq_stage_whole(n, t);
    return sum;
}

int mnq_stage_costs(const struct mnq_stage_net *n, const struct mnq_stage_sim *s, struct mnq_stage_costs *c)
{
    struct mnq_stage_pair *pair;
    int count;
    int64_t calls = 0;
    if (all_pairs(n, s, &pair, &count) != 0) {
        free(pair);
        return -1;
    }
    c->whole = bytes_alone(n, s->a);
    for (int b = s->a + 1; b <= s->end; b++) {
        calls += mnq_stage_total(n, s->a, b - 1);
        c->calls[b - s->a] = calls;
        c->rows[b - s->a] = bytes_of(n, s, b) - best_of(n, s, b, pair, count).saved;
    }
    free(pair);
    return 0;
}
